"""Turning settings into the values that the LAMMPS templates print: every conversion and limit is computed here."""

from __future__ import annotations

import re
from dataclasses import dataclass

from sselmp import __version__, cells, settings, units
from sselmp.errors import SettingsError
from sselmp.manifest import Identity
from sselmp.structures.crystal import Crystal

GUARD_EVERY = 10  # steps; an explosion takes tens of steps, and a look costs microseconds
LARGEST_VOLUME_STEP = 0.02  # relative, per iteration of a relaxation: as-read cells may be a tenth off
EVALUATIONS_PER_ITERATION = 10  # of a line search, at most
LEAST_DISK_MB = 20  # a few frames and restarts of thousands of atoms; LAMMPS does not see that a dump was cut
LARGEST_SEED = 900_000_000  # LAMMPS's Marsaglia generator takes no larger one


@dataclass(frozen=True)
class RelaxationValues:
    """Of the minimisation: what is relaxed, the largest force left [eV/Å], limits of iterations and evaluations."""

    what: str
    force_tolerance: str
    steps: int
    evaluations: int
    largest_volume_step: str
    pressure_bar: str


@dataclass(frozen=True)
class DynamicsValues:
    """Of the integration; times in ps, pressures in bar, lengths in steps."""

    ensemble: str
    timestep_ps: str
    thermostat: str
    thermostat_time_ps: str
    thermostat_seed: int
    velocity_seed: int
    velocity_temperature_K: str  # of new velocities, or that the velocities of the run before are scaled to
    barostat: str
    barostat_time_ps: str
    pressure_bar: str
    bulk_modulus_bar: str
    coupling: str  # of the cell's lengths and angles to an MTK barostat
    equilibration_steps: int
    total_steps: int


@dataclass(frozen=True)
class GuardValues:
    """Of the guards: how often they look [steps], and their limits."""

    every: int
    hottest_K: str
    smallest_A3: str
    largest_A3: str
    least_disk_MB: int


@dataclass(frozen=True)
class OutputValues:
    """Of what is written: intervals in steps."""

    thermo_every: int
    trajectory_every: int
    restart_every: int


@dataclass(frozen=True)
class ScriptValues:
    """What ``in.lammps.j2`` prints; numbers are text in LAMMPS's metal units, ready to be read."""

    version: str
    system: str
    potential: str
    seed: int
    temperature_K: str
    triclinic: bool
    relaxation: RelaxationValues
    dynamics: DynamicsValues
    guard: GuardValues
    output: OutputValues
    elements: tuple[str, ...]


@dataclass(frozen=True)
class PotentialValues:
    """What ``potential-ROUTE.lmp.j2`` prints.

    Attributes:
        title: The card's.
        card: Its name or path, for ``pair_style sselmp``.
        elements: Chemical symbol of each LAMMPS type, in order.
        environment: Name of the potential's environment.
        messages: Number of message-passing layers.
        model: The exported model relative to the run folder, for the routes that read one.
    """

    title: str
    card: str
    elements: tuple[str, ...]
    environment: str
    messages: int
    model: str


@dataclass(frozen=True)
class Length:
    """Length of a run in time steps, equilibration and all; both are multiples of the trajectory's interval."""

    equilibration: int
    total: int


def run_length(dynamics: settings.Dynamics, output: settings.Output) -> Length:
    """Turn durations into time steps.

    Raises:
        SettingsError: The production is shorter than one interval of the trajectory.
    """
    every = output.trajectory_every
    equilibration = settings.steps(dynamics.equilibration_ps, timestep_fs=dynamics.timestep_fs, multiple_of=every)
    production = settings.steps(dynamics.production_ps, timestep_fs=dynamics.timestep_fs, multiple_of=every)
    if production < every:
        raise SettingsError(
            "dynamics.production_ps is shorter than one interval of the trajectory",
            got=f"{dynamics.production_ps:g} ps, with a frame every {every} steps of {dynamics.timestep_fs:g} fs",
            allowed=f"at least {every * dynamics.timestep_fs / units.FS_PER_PS:g} ps",
            repair="lengthen the production or lower output.trajectory_every",
        )
    return Length(equilibration=equilibration, total=equilibration + production)


def script_values(identity: Identity, crystal: Crystal, *, elements: tuple[str, ...]) -> ScriptValues:
    """Compute everything that ``in.lammps`` says.

    Args:
        identity: The run's settings.
        crystal: The cell that is simulated.
        elements: Chemical symbol of each LAMMPS type, in order.

    Raises:
        SettingsError: LAMMPS cannot do what is asked with this cell, or the production is too short.
    """
    triclinic = needs_tilts(crystal, identity.relaxation)
    _check_barostat(identity.dynamics, triclinic=triclinic, system=identity.system)
    output = identity.output
    return ScriptValues(
        version=__version__,
        system=identity.system,
        potential=identity.potential,
        seed=identity.seed,
        temperature_K=number(identity.temperature_K),
        triclinic=triclinic,
        relaxation=_relaxation(identity),
        dynamics=_dynamics(identity, triclinic=triclinic),
        guard=_guard(identity, cell_volume=cells.volume(crystal.cell)),
        output=OutputValues(output.thermo_every, output.trajectory_every, output.restart_every),
        elements=elements,
    )


def _relaxation(identity: Identity) -> RelaxationValues:
    relaxation = identity.relaxation
    return RelaxationValues(
        what=relaxation.what,
        force_tolerance=number(relaxation.force_tolerance_eV_per_A),
        steps=relaxation.maximum_steps,
        evaluations=relaxation.maximum_steps * EVALUATIONS_PER_ITERATION,
        largest_volume_step=number(LARGEST_VOLUME_STEP),
        pressure_bar=number(identity.dynamics.pressure_bar),
    )


def _dynamics(identity: Identity, *, triclinic: bool) -> DynamicsValues:
    dynamics = identity.dynamics
    length = run_length(dynamics, identity.output)
    return DynamicsValues(
        ensemble=dynamics.ensemble,
        timestep_ps=number(dynamics.timestep_fs / units.FS_PER_PS),
        thermostat=dynamics.thermostat,
        thermostat_time_ps=number(dynamics.thermostat_time_fs / units.FS_PER_PS),
        thermostat_seed=thermostat_seed(identity.seed),
        velocity_seed=identity.seed,
        velocity_temperature_K=number(_velocity_temperature(identity)),
        barostat=dynamics.barostat,
        barostat_time_ps=number(dynamics.barostat_time_fs / units.FS_PER_PS),
        pressure_bar=number(dynamics.pressure_bar),
        bulk_modulus_bar=number(dynamics.bulk_modulus_GPa * units.EV_PER_A3_IN_BAR / units.EV_PER_A3_IN_GPA),
        coupling="tri" if triclinic else "aniso",
        equilibration_steps=length.equilibration,
        total_steps=length.total,
    )


def _velocity_temperature(identity: Identity) -> float:
    """Temperature of the first velocities [K]: twice the run's from a minimum, where half of it goes into positions."""
    if identity.start is not None:
        return identity.start.temperature_K
    relaxed = identity.relaxation.what != "none"
    return 2.0 * identity.temperature_K if relaxed else identity.temperature_K


def _guard(identity: Identity, *, cell_volume: float) -> GuardValues:
    guard = identity.guard
    return GuardValues(
        every=GUARD_EVERY,
        hottest_K=number(guard.temperature_factor * identity.temperature_K),
        smallest_A3=number(cell_volume / guard.volume_factor),
        largest_A3=number(cell_volume * guard.volume_factor),
        least_disk_MB=LEAST_DISK_MB,
    )


def needs_tilts(crystal: Crystal, relaxation: settings.Relaxation) -> bool:
    """Whether LAMMPS must hold the cell as triclinic: it is, or the relaxation may make it so."""
    return relaxation.what == "triclinic" or not cells.is_orthogonal(cells.lammps_frame(crystal.cell).cell)


def number(value: float) -> str:
    """Print a number so that LAMMPS reads it back to 12 digits, without the tail of a binary fraction."""
    return f"{value:.12g}"


def word(text: str) -> str:
    """Text as one word of a LAMMPS command: in quotes where a space or a special character could mislead it."""
    return text if re.fullmatch(r"[\w./+-]+", text) else f'"{text}"'


def thermostat_seed(seed: int) -> int:
    """Seed of a stochastic thermostat, half the generator's range away from the velocities' own."""
    return (seed + LARGEST_SEED // 2 - 1) % LARGEST_SEED + 1


def _check_barostat(dynamics: settings.Dynamics, *, triclinic: bool, system: str) -> None:
    if dynamics.ensemble == "npt" and dynamics.barostat == "berendsen" and triclinic:
        raise SettingsError(
            f"LAMMPS has no Berendsen barostat for a triclinic cell, and that of {system} is triclinic",
            got='dynamics.barostat = "berendsen", with a triclinic structure or relaxation.what = "triclinic"',
            allowed='"mtk" (Martyna-Tobias-Klein, cell lengths and angles free)',
            repair='set barostat = "mtk" under [dynamics], or use ensemble = "nvt"',
        )
