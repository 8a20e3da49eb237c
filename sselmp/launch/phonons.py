"""Phonons of relaxed structures: displaced supercells here, their forces in the potential's environment, the rest here.

What a potential's environment lacks is phonopy, and what this Python lacks is the potential: the forces between them
are files, which are kept and serve again with another mesh or other temperatures.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from sselmp.errors import RunError, SselmpError
from sselmp.launch.followed import Seen, card_argument
from sselmp.launch.statics_program import Running, carried_out
from sselmp.statics import configurations, record
from sselmp.statics.lattice_dynamics import LatticeDynamics
from sselmp.statics.phonons import PARTS, OnPart, displaced_supercells, phonons
from sselmp.statics.relaxation import Relaxation, StoredCrystal
from sselmp.statics.settings import StaticsSettings
from sselmp.structures.crystal import Crystal


@dataclass(frozen=True)
class _Study:
    """A structure whose ions are at rest and whose phonons are not there yet."""

    crystal: Crystal
    folder: Path
    at_rest: record.Record
    dynamics: LatticeDynamics
    potential_sha256: str

    def forces(self) -> tuple[configurations.Forces | None, ...]:
        """Of the supercell and of the displaced ones; None where they are not there."""
        cells = (self.dynamics.supercell, *self.dynamics.displaced)
        return tuple(configurations.find(self.folder, one, potential_sha256=self.potential_sha256) for one in cells)

    def wanted(self) -> configurations.Configurations:
        """What is to be evaluated, with what is there already."""
        cells = (self.dynamics.supercell, *self.dynamics.displaced)
        return configurations.Configurations(
            structure=self.crystal.name,
            folder=str(self.folder.resolve()),
            crystals=tuple(StoredCrystal.of(cell) for cell in cells),
        )


def find_phonons(
    subjects: Sequence[record.Subject], *, settings: StaticsSettings, running: Running
) -> tuple[record.Failure, ...]:
    """Find the phonons of structures whose ions are at rest, and write their records.

    Structures whose records of ions at rest are not there, or not sound, are passed over: that has been told. Each
    displaced cell's forces are a file as soon as they are there, so that an interrupted call goes on where it stopped.

    Args:
        subjects: The structures as they were given, with the folders of their records.
        settings: How.
        running: With what, and who follows.

    Returns:
        What could not be had.

    Raises:
        EnvironmentFaultError: The environment is not ready.
        RunError: The program broke off.
        KeyboardInterrupt: The user stopped it.
    """
    failures: list[record.Failure] = []
    studies, sets = [], []
    for subject in subjects:
        try:
            study = _planned(subject, settings=settings, running=running)
            if study is not None:
                sets += [study.wanted()] if None in study.forces() else []
                studies.append(study)
        except SselmpError as error:
            failures.append(_failure(subject.crystal.name, error))
    if sets:
        work = configurations.ForcesWork(card=card_argument(running.card_name), property="phonons", sets=tuple(sets))
        failures += carried_out(work, running)
    failed = {one.structure for one in failures}
    left = [study for study in studies if study.crystal.name not in failed]
    for number, study in enumerate(left):
        try:
            _finish(study, settings=settings, running=running, on_part=_follower(running, number=number, of=left))
        except SselmpError as error:
            failures.append(_failure(study.crystal.name, error))
    return tuple(failures)


def _planned(subject: record.Subject, *, settings: StaticsSettings, running: Running) -> _Study | None:
    """What is to be done for a structure; None where it is done, or where it cannot begin."""
    crystal, folder = subject.crystal.crystal(), Path(subject.folder)
    identity = record.identity_of(running.card, crystal, property_="phonons", settings=settings)
    if record.find(folder, identity) is not None:
        return None
    start = record.identity_of(running.card, crystal, property_="rest", settings=settings)
    at_rest = record.find(folder, start)
    if at_rest is None or not isinstance(at_rest.result, Relaxation) or not at_rest.result.converged:
        return None
    dynamics = displaced_supercells(
        at_rest.result.crystal.crystal(),
        settings=settings.phonons,
        symmetry_tolerance_A=settings.relaxation.symmetry_tolerance_A,
    )
    return _Study(crystal, folder, at_rest, dynamics, potential_sha256=running.card.physics_sha256())


def _finish(study: _Study, *, settings: StaticsSettings, running: Running, on_part: OnPart) -> None:
    """Make the record of a structure whose forces are there."""
    found = study.forces()
    forces = [one for one in found if one is not None]
    if len(forces) != len(found):
        raise RunError(f"forces of {study.crystal.name} have gone from {study.folder}", repair="run again")
    result = phonons(study.dynamics, [one.array() for one in forces], settings=settings.phonons, on_part=on_part)
    effort = record.Effort(
        evaluations=len(forces),
        seconds=sum(one.seconds for one in forces),
        device=forces[0].device,
        versions={**study.at_rest.versions, "phonopy": metadata.version("phonopy")},
    )
    identity = record.identity_of(running.card, study.crystal, property_="phonons", settings=settings)
    made = record.made(running.card, study.crystal, identity=identity, result=result, effort=effort)
    record.write(study.folder, made)


def _follower(running: Running, *, number: int, of: Sequence[_Study]) -> OnPart:
    """Tells which part of which structure is being worked on."""

    def tell(done: int) -> None:
        if running.on_progress is not None:
            words = f"{of[number].crystal.name} phonons, bands and densities"
            running.on_progress(Seen(number * PARTS + done, len(of) * PARTS, words))

    return tell


def _failure(structure: str, error: SselmpError) -> record.Failure:
    return record.Failure(structure=structure, property="phonons", message=str(error))
