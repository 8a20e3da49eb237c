"""The same potential in real LAMMPS through the bridge, in this process: one configuration, then a few steps of it."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sselmp import cells, files, units
from sselmp.bridge.session import Session, opened
from sselmp.errors import PotentialError
from sselmp.inputs import datafile, script
from sselmp.potentials.cards import Card
from sselmp.potentials.predictions import Prediction
from sselmp.preflight import specimen
from sselmp.preflight.checks import Check, Limits, differences, judged
from sselmp.preflight.dynamics import Flight
from sselmp.structures.crystal import Crystal

TEMPERATURE_K = 600.0
LONGEST_STEP_FS = 1.0
STEP_PER_ROOT_MASS = 0.4  # fs; hydrogen moves in steps of 0.4 fs


@dataclass(frozen=True)
class Pair:
    """How LAMMPS is told of a potential: its card's name or path, and the element of each type."""

    card: str
    elements: tuple[str, ...]


@dataclass(frozen=True)
class Flown:
    """What LAMMPS gave: the first configuration's evaluation in the crystal's order, and the run from it.

    Attributes:
        first: Energy, forces, stress and energies of the atoms where the card gives them.
        flight: A run at constant energy from there.
        seconds_per_step: Wall time [s].
    """

    first: Prediction
    flight: Flight
    seconds_per_step: float


def fly(card: Card, crystal: Crystal, *, pair: Pair, steps: int, on_step: Callable[[], None]) -> Flown:
    """Evaluate a crystal in LAMMPS and run some steps at constant energy.

    Atoms get other ids than their order in the crystal, and types run from the last element to the first, so that a
    mix-up of ids, types or elements shows.

    Args:
        card: The potential.
        crystal: In LAMMPS's frame.
        pair: How LAMMPS is told of the potential.
        steps: At least 3.
        on_step: Called after each evaluation.

    Raises:
        PotentialError: LAMMPS or the potential in it fails.
        EnvironmentFaultError: LAMMPS is not in this environment.
    """
    order = np.random.default_rng(specimen.SEED + 2).permutation(len(crystal))
    shuffled = specimen.reordered(crystal, order)
    with tempfile.TemporaryDirectory(prefix="sselmp-preflight-") as folder, opened() as session:
        path = Path(folder) / "specimen.data"
        files.write_text(path, datafile.data_text(shuffled, type_order=types_of(crystal), triclinic=True))
        try:
            _set_up(session, card, data=path, pair=pair, timestep=timestep_fs(crystal))
            session.command("run 0 post no")
            on_step()
            first = _evaluation(session, card, back=np.argsort(order))
            flight, seconds = _flight(session, shuffled, steps=steps, on_step=on_step)
        except Exception as error:  # LAMMPS raises bare Exception
            what = f"LAMMPS with the potential '{card.name}' failed"
            raise PotentialError(what, got=" ".join(str(error).split())) from error
    return Flown(first=first, flight=flight, seconds_per_step=seconds)


def types_of(crystal: Crystal) -> tuple[str, ...]:
    """Elements of LAMMPS's types 1, 2, ...: those of the crystal from the last to the first."""
    return tuple(reversed(crystal.elements))


def parity(found: Prediction, *, base: Prediction, limits: Limits) -> Check:
    """Hold LAMMPS's energy, forces, stress and energies of atoms against those of the ASE calculator."""
    words = "LAMMPS through the bridge against the ASE calculator"
    return judged("parity", differences(found, base, limits=limits), words=words)


def timestep_fs(crystal: Crystal) -> float:
    """A time step that resolves the vibrations of the lightest element [fs]."""
    from ase.data import atomic_masses, atomic_numbers

    lightest = min(float(atomic_masses[atomic_numbers[e]]) for e in crystal.elements)
    return min(LONGEST_STEP_FS, STEP_PER_ROOT_MASS * float(np.sqrt(lightest)))


def _set_up(session: Session, card: Card, *, data: Path, pair: Pair, timestep: float) -> None:
    commands = [
        "units metal",
        "atom_style atomic",
        "atom_modify map array sort 0 0",
        "box tilt large",
        f"read_data {script.word(str(data))}",
        f"pair_style sselmp {script.word(pair.card)}",
        f"pair_coeff * * {' '.join(pair.elements)}",
        f"timestep {script.number(timestep / units.FS_PER_PS)}",
        f"velocity all create {TEMPERATURE_K:g} {specimen.SEED} mom yes rot no dist gaussian",
        "fix integrate all nve",
        "compute virial all pressure NULL virial",
    ]
    columns = "step pe" + (" c_virial[1]" if card.stress else "")  # what thermo prints is computed at each step
    if card.per_atom_energy:
        commands += ["compute each all pe/atom", "compute sum all reduce sum c_each"]
        columns += " c_sum"
    for command in (*commands, f"thermo_style custom {columns}"):
        session.command(command)


def _flight(session: Session, crystal: Crystal, *, steps: int, on_step: Callable[[], None]) -> tuple[Flight, float]:
    """Run steps one by one, keeping energy, velocities and forces of each; seconds a step beside them."""
    from ase.data import atomic_masses, atomic_numbers

    energies, velocities, forces = [session.thermo("pe")], [_vectors(session, "v")], [_vectors(session, "f")]
    start = time.perf_counter()
    for _ in range(steps):
        session.command("run 1 pre no post no")
        energies.append(session.thermo("pe"))
        velocities.append(_vectors(session, "v"))
        forces.append(_vectors(session, "f"))
        on_step()
    flight = Flight(
        timestep=timestep_fs(crystal) / units.FS_PER_PS,
        masses=cells.readonly([atomic_masses[atomic_numbers[symbol]] for symbol in crystal.species]),
        potential=np.array(energies),
        velocities=np.array(velocities),
        forces=np.array(forces),
    )
    return flight, (time.perf_counter() - start) / steps


def _evaluation(session: Session, card: Card, *, back: specimen.Order) -> Prediction:
    """What LAMMPS holds now, in the crystal's order of atoms."""
    stress = None
    if card.stress:
        stress = -session.global_vector("virial")[list(cells.ASE_TO_LAMMPS_VOIGT)] / units.EV_PER_A3_IN_BAR
    energies = session.per_atom("c_each", width=1)[back, 0] if card.per_atom_energy else None
    return Prediction(
        energy=session.thermo("pe"), forces=_vectors(session, "f")[back], stress=stress, energies=energies
    )


def _vectors(session: Session, name: str) -> cells.Array:
    return session.per_atom(name, width=3)
