"""Finds static properties in the potential's environment: ``python -m sselmp.statics.program WORK OUT``.

It exits with 0 when all has been tried; what could not be had is in OUT, as JSON. Each result is written as soon as it
is there, and none that is there already is found again.
"""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sselmp import files
from sselmp.errors import RunError, SselmpError
from sselmp.potentials.calculators import load_calculator
from sselmp.potentials.cards import Card, check_elements, load_card
from sselmp.potentials.environments import versions_here
from sselmp.statics import record
from sselmp.statics.barriers import barriers, foreseen
from sselmp.statics.elasticity import elasticity
from sselmp.statics.equation_of_state import equation_of_state
from sselmp.statics.hops import Parts
from sselmp.statics.relaxation import Relaxation, relax
from sselmp.statics.settings import Property, StaticsSettings
from sselmp.statics.trajectory_file import write_trajectory
from sselmp.structures.crystal import Crystal

if TYPE_CHECKING:
    from ase.calculators.calculator import Calculator

    from sselmp.statics.watched import Watched

# Evaluations that a property takes, roughly: for the bar, whose end a property reaches when it is found.
USUAL_RELAXATION = 40
USUAL_IONS = 8
USUAL_REST = 40


def main() -> None:
    """Run with the arguments of this process."""
    try:
        work_path, out = map(Path, sys.argv[1:])
        work = record.Work.model_validate_json(work_path.read_text(encoding="utf-8"))
        found = record.Failures(failures=tuple(carry_out(work)))
        files.write_text(out, found.model_dump_json(indent=1) + "\n")
    except SselmpError as error:
        sys.stderr.write(f"sselmp-statics: {error}\n")
        raise SystemExit(error.exit_code) from error


def carry_out(work: record.Work) -> list[record.Failure]:
    """Find all properties of all structures; a structure that fails does not stop the others.

    Raises:
        SettingsError: There is no such card.
        PotentialError: The potential cannot be loaded.
    """
    card = load_card(work.card)
    calculator = load_calculator(card)
    failures = []
    bar = _Bar(work)
    for subject in work.subjects:
        crystal = subject.crystal.crystal()
        study = _Study(card, calculator, crystal=crystal, folder=Path(subject.folder), settings=work.settings, bar=bar)
        failures += study.failures(record.found_here(work.properties))
    return failures


@dataclass
class _Study:
    """The properties of one structure that are found in this program; those that are there already are read."""

    card: Card
    calculator: Calculator
    crystal: Crystal
    folder: Path
    settings: StaticsSettings
    bar: _Bar

    def failures(self, properties: tuple[Property, ...]) -> list[record.Failure]:
        """Find properties; returns those that could not be had, no more than the relaxation if it is not sound."""
        failed: list[record.Failure] = []
        for name in properties:
            if not (failed and failed[0].property == "relax"):
                try:
                    self.find(name)
                except SselmpError as error:
                    failed.append(record.Failure(structure=self.crystal.name, property=name, message=str(error)))
            self.bar.finish(self.crystal, name)
        return failed

    def find(self, name: Property) -> None:
        """Find a property and write its record.

        Raises:
            SselmpError: It cannot be had.
        """
        identity = record.identity_of(self.card, self.crystal, property_=name, settings=self.settings)
        made = record.find(self.folder, identity)
        if made is None:
            check_elements(self.card, self.crystal.elements)
            made = self._made(identity)
            record.write(self.folder, made)
        if isinstance(made.result, Relaxation) and not made.result.converged:
            raise record.unsound(self.crystal.name, made.result)

    def _made(self, identity: record.Identity) -> record.Record:
        from sselmp.statics.watched import Watched

        start = time.perf_counter()
        self.bar.begin(self.crystal, identity.property)
        watched = Watched(self.calculator, stress=self.card.stress, on_evaluation=self.bar.step, on_part=self.bar.part)
        result = self._result(identity, watched)
        effort = record.Effort(
            evaluations=watched.evaluations,
            seconds=time.perf_counter() - start,
            device=record.device(),
            versions=versions_here(),
        )
        return record.made(self.card, self.crystal, identity=identity, result=result, effort=effort)

    def _result(self, identity: record.Identity, watched: Watched) -> record.Result:
        how = self.settings.relaxation
        if identity.property == "relax":
            relaxed = relax(self.crystal, watched, settings=how)
            write_trajectory(self.folder / identity.file_name().replace(".json", ".traj"), relaxed.steps)
            return relaxed.result
        start = self._relaxed()
        if identity.property == "rest":
            limit = self.settings.phonons.rest.fmax_eV_per_A
            at_rest = how.model_copy(update={"cell": "none", "fmax_eV_per_A": limit})
            return relax(start, watched, settings=at_rest).result
        if identity.property == "eos":
            volumes = self.settings.equation_of_state
            return equation_of_state(start, watched, settings=volumes, relaxation=how)
        tolerance = how.symmetry_tolerance_A
        if identity.property == "barriers":
            parts = Parts(self.folder / identity.file_name().removesuffix(".json"))
            hops = self.settings.barriers
            return barriers(start, watched, settings=hops, symmetry_tolerance_A=tolerance, parts=parts)
        return elasticity(start, watched, settings=self.settings.elasticity, symmetry_tolerance_A=tolerance)

    def _relaxed(self) -> Crystal:
        """The crystal as its relaxation, which is on disk by now, left it."""
        identity = record.identity_of(self.card, self.crystal, property_="relax", settings=self.settings)
        found = record.find(self.folder, identity)
        if found is None or not isinstance(found.result, Relaxation):
            raise RunError(f"the relaxation of {self.crystal.name} has gone from {self.folder}", repair="run again")
        return found.result.crystal.crystal()


class _Bar:
    """Counts evaluations, each weighing as many atoms as it has, and tells of each in one line on stdout."""

    def __init__(self, work: record.Work) -> None:
        self._planned = {
            (one.crystal.name, name): planned(name, one.crystal.crystal(), settings=work.settings)
            for one in work.subjects
            for name in record.found_here(work.properties)
        }
        self._total = sum(self._planned.values())
        self._finished = 0
        self._now = 0
        self._most, self._limit, self._words = 0, 0, ""

    def begin(self, crystal: Crystal, name: Property) -> None:
        """A property is being found."""
        self._now = 0
        self._most = self._limit = self._planned[crystal.name, name]
        self._words = f"{crystal.name} {name}"
        self._tell()

    def part(self, done: int, of: int) -> None:
        """So many of its parts, such as strained cells, are done."""
        self._now, self._limit = self._most * done // of, self._most * min(done + 1, of) // of
        self._tell()

    def step(self, atoms: int) -> None:
        """It has taken an evaluation, which may carry the bar to the end of the part and not beyond."""
        self._now = min(self._now + atoms, self._limit)
        self._tell()

    def finish(self, crystal: Crystal, name: Property) -> None:
        """It is there, or cannot be had."""
        self._finished += self._planned[crystal.name, name]
        self._now, self._words = 0, f"{crystal.name} {name}"
        self._tell()

    def _tell(self) -> None:
        sys.stdout.write(f"{record.PROGRESS} {self._finished + self._now} {self._total} {self._words}\n")
        sys.stdout.flush()


def planned(name: Property, crystal: Crystal, *, settings: StaticsSettings) -> int:
    """Evaluations that a property takes, roughly, times the atoms of each."""
    if name == "barriers":
        return foreseen(crystal, settings.barriers, symmetry_tolerance_A=settings.relaxation.symmetry_tolerance_A)
    elastic = settings.elasticity
    strains = 3 * (len(elastic.normal_strains) + len(elastic.shear_strains)) + 1
    evaluations = {
        "relax": USUAL_RELAXATION,
        "eos": settings.equation_of_state.points * USUAL_IONS,
        "elastic": strains * (USUAL_IONS if elastic.relax_ions else 1),
        "rest": USUAL_REST,
        "phonons": 0,  # their forces are found by a program of their own
    }
    return evaluations[name] * len(crystal)


if __name__ == "__main__":
    main()
