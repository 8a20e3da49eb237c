"""Trajectory files of simulations that sselmp did not run to the same tables and figures; parses and fits nothing."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import reduce
from itertools import permutations
from math import gcd
from pathlib import Path
from types import MappingProxyType

from sselmp.errors import SettingsError, TrajectoryError, nearest
from sselmp.report.analyze import write
from sselmp.report.question import HOTTEST_K, OnStage, Question, shares
from sselmp.report.transport_report import RunReport, TransportReport
from sselmp.trajectory.frames import Reading
from sselmp.trajectory.reading import read_files, read_species
from sselmp.trajectory.record import Trajectory, continues
from sselmp.trajectory.run_folder import RunFacts
from sselmp.transport.analysis import TransportResult, analyse_transport
from sselmp.transport.study import Sample

# Ions that move in solid electrolytes, with their charge [e]; the first group is looked for where none is named.
USUAL_MOBILE = ("Li", "Na", "K", "Ag", "Mg")
CHARGES = MappingProxyType(
    {"Li": 1.0, "Na": 1.0, "K": 1.0, "Rb": 1.0, "Cs": 1.0, "Ag": 1.0, "Cu": 1.0, "H": 1.0, "Mg": 2.0, "Ca": 2.0}
    | {"Zn": 2.0, "Al": 3.0, "F": -1.0, "Cl": -1.0, "Br": -1.0, "I": -1.0, "O": -2.0, "S": -2.0}
)


@dataclass(frozen=True)
class Simulation:
    """One simulation that somebody ran.

    Attributes:
        paths: Its trajectory file, or its files where it was restarted.
        temperature_K: Its temperature [K].

    Raises:
        SettingsError: The temperature is not positive.
    """

    paths: tuple[Path, ...]
    temperature_K: float

    def __post_init__(self) -> None:
        if not 0 < self.temperature_K < HOTTEST_K:
            raise SettingsError(
                f"the temperature of {self.paths[0].name} must be positive",
                got=f"{self.temperature_K:g} K",
                allowed=f"more than 0 K, less than {HOTTEST_K:g} K",
            )


@dataclass(frozen=True)
class Material:
    """What files do not say about the material.

    Attributes:
        charge: Charge of the mobile species [e]; None: the usual one.
        system: How results name the material; None: its formula.
        potential: How results name the potential.

    Raises:
        SettingsError: The charge is zero, or no number.
    """

    charge: float | None = None
    system: str | None = None
    potential: str = "an unnamed potential"

    def __post_init__(self) -> None:
        if self.charge is not None and not (self.charge and math.isfinite(self.charge)):
            raise SettingsError(
                "an ion without a charge carries no current",
                got=f"a charge of {self.charge:g}" if self.charge else "a charge of zero",
                allowed="such as 1, 2 or -1",
            )


def analyze_files(
    simulations: Sequence[Simulation],
    question: Question,
    *,
    material: Material,
    reading: Reading,
    out: Path,
    on_stage: OnStage | None = None,
) -> TransportReport:
    """Read simulations of one material, analyse them together and write ``transport.json`` and the rest into ``out``.

    Args:
        simulations: At one or several temperatures; those at the same one are independent of each other.
        question: What is wanted.
        material: What the files do not say about it.
        reading: What the files do not say about themselves; its memory is shared by all simulations.
        out: Folder for the results.
        on_stage: Gives what is told how far the reading and the analysing are.

    Raises:
        SettingsError: A file is given twice, or the mobile species or its charge cannot be guessed.
        TrajectoryError: A file cannot be used, or the species is absent.
        RunError: A result cannot be written.
    """
    _check_distinct(simulations)
    share = replace(reading, memory_MB=reading.memory_MB / len(simulations))
    mobile = mobile_of([read_species(one.paths[0], reading) for one in simulations], question.mobile_species)
    charge = material.charge or _usual_charge(mobile)
    sizes = [sum(path.stat().st_size for path in one.paths if path.is_file()) for one in simulations]
    told = shares(sizes, on_stage and on_stage("reading"))
    read = [
        read_files(one.paths, share, on_progress=on_progress)
        for one, on_progress in zip(simulations, told, strict=True)
    ]
    _check_independent(simulations, read)
    samples = [
        Sample(name=str(one.paths[0]), temperature_K=one.temperature_K, trajectory=trajectory)
        for one, trajectory in zip(simulations, read, strict=True)
    ]
    result = analyse_transport(
        samples,
        mobile_species=mobile,
        charges={mobile: charge},
        extrapolate_to_K=question.extrapolate_to_K,
        method=question.method,
        on_work=on_stage and on_stage("analysing"),
    )
    system = material.system or _formula(read[0].species)
    seeds = Counter[float]()
    runs = []
    for one, trajectory in sorted(zip(simulations, read, strict=True), key=lambda pair: pair[0].temperature_K):
        seeds[one.temperature_K] += 1
        facts = facts_of_files(one, trajectory, material=material, mobile=mobile, seed=seeds[one.temperature_K])
        runs.append(_run(facts, trajectory, result=result))
    report = TransportReport(material.potential, system, notice=None, runs=tuple(runs), result=result)
    write(report, out)
    return report


def _check_distinct(simulations: Sequence[Simulation]) -> None:
    paths = [path.resolve() for one in simulations for path in one.paths]
    twice = [path.name for path, count in Counter(paths).items() if count > 1]
    if twice:
        raise SettingsError("a trajectory file is given twice", got=", ".join(twice), repair="name each file once")
    if not paths:
        raise SettingsError("there is no trajectory file to analyse", repair="name one")


def _check_independent(simulations: Sequence[Simulation], read: Sequence[Trajectory]) -> None:
    """Refuse a restart that was given apart from what it continues: the frames that both hold would count twice."""
    for (one, earlier), (other, later) in permutations(zip(simulations, read, strict=True), 2):
        if one.temperature_K == other.temperature_K and continues(later, earlier):
            raise SettingsError(
                f"{other.paths[0].name} is a restart from within {one.paths[0].name}, not another run",
                got=f"the same positions at step {later.steps[0]}",
                repair=f"join the files of one simulation by commas: {one.paths[0].name},{other.paths[0].name}",
            )


def mobile_of(species: Sequence[tuple[str, ...]], wanted: str | None) -> str:
    """The species that diffuses, which every simulation must hold.

    Args:
        species: Those of the atoms of each simulation.
        wanted: The species that was named, if any.

    Raises:
        SettingsError: It is not named and cannot be guessed.
        TrajectoryError: A simulation holds none of it.
    """
    usual = [symbol for symbol in USUAL_MOBILE if symbol in species[0]]
    chosen = wanted or (usual[0] if len(usual) == 1 else None)
    if chosen is None:
        raise SettingsError(
            "which species diffuses cannot be guessed",
            got=", ".join(dict.fromkeys(species[0])),
            allowed="one of these",
            repair="name it: --mobile SYMBOL; if these are not the elements, name LAMMPS's types: --species Li,P,S,Cl",
        )
    for held in species:
        if chosen not in held:
            raise TrajectoryError(
                f"the trajectory has no atom of the species '{chosen}'",
                allowed=nearest(chosen, set(held)),
                repair="name the species that diffuses: --mobile SYMBOL",
            )
    return chosen


def _usual_charge(mobile: str) -> float:
    if mobile not in CHARGES:
        raise SettingsError(f"the charge of {mobile} is not known", repair="state it in units of e: --charge 2")
    return CHARGES[mobile]


def _formula(species: tuple[str, ...]) -> str:
    counts = Counter(species)
    unit = reduce(gcd, counts.values())
    return "".join(f"{symbol}{number // unit if number > unit else ''}" for symbol, number in counts.items())


def facts_of_files(
    simulation: Simulation, trajectory: Trajectory, *, material: Material, mobile: str, seed: int = 1
) -> RunFacts:
    """What a run folder would say of a simulation; its id is empty and its state finished."""
    charge = material.charge or CHARGES.get(mobile)
    return RunFacts(
        folder=simulation.paths[0],
        run_id="",
        potential=material.potential,
        system=material.system or _formula(trajectory.species),
        temperature_K=simulation.temperature_K,
        seed=seed,
        state="finished",
        timestep_ps=trajectory.duration_ps / int(trajectory.steps[-1] - trajectory.steps[0]),
        equilibration_steps=int(trajectory.steps[0]),
        total_steps=int(trajectory.steps[-1]),
        mobile_species=mobile,
        charges=MappingProxyType({} if charge is None else {mobile: charge}),
    )


def _run(facts: RunFacts, trajectory: Trajectory, *, result: TransportResult) -> RunReport:
    """A simulation as the tables show runs."""
    return RunReport(
        facts=facts,
        transport=next(found for found in result.samples if found.name == str(facts.folder)),
        note="",
        measured_temperature_K=None,
        frames=trajectory.frames,
        spacing_ps=trajectory.spacing_ps,
    )
