"""Barriers of the vacancy hops of a relaxed crystal, and how an ion gets through it by them; relaxes no cell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from sselmp.errors import PotentialError, SettingsError
from sselmp.settings import Checked
from sselmp.statics.elastic_band import Band, elastic_band
from sselmp.statics.hop_pairs import HopKind, hop_kinds
from sselmp.statics.hops import Hop, HopVerdict, Parts, Passage, PathPoint, Saddle, passages
from sselmp.statics.relaxation import Relaxed, Step, relax
from sselmp.statics.settings import BarrierSettings, RelaxationSettings
from sselmp.statics.symmetry import operations, symmetry
from sselmp.statics.vacancy_cell import ROOM, VacancyHop, factors_of_length, vacancy_hop
from sselmp.structures.crystal import Crystal
from sselmp.structures.supercell import Factors, image_distance

if TYPE_CHECKING:
    from sselmp.statics.watched import Watched

SAME_LENGTH_A = 1e-6
USUAL_ENDS, USUAL_STEPS = 35, 35  # evaluations of both ends, and steps of a path: for the bar


class Barriers(Checked):
    """The result.

    Attributes:
        verdict: ``incomplete`` where hops have no barrier; ``no barrier`` where none has one.
        element: The mobile ion.
        mechanism: An ion hops into the place of one that is missing.
        space_group: Of the relaxed crystal, up to which hops are distinct.
        supercell: Repetitions of the relaxed cell.
        atoms: In it, without the missing ion.
        image_distance_A: Between the vacancy and its nearest periodic image [Å].
        hops: By length.
        passages: Along one, two, three directions, as far as hops lead.
    """

    kind: Literal["barriers"] = "barriers"
    verdict: Literal["complete", "incomplete", "no barrier"]
    element: str
    mechanism: Literal["vacancy"] = "vacancy"
    space_group: str
    supercell: Factors
    atoms: int
    image_distance_A: float
    hops: tuple[Hop, ...]
    passages: tuple[Passage, ...]


def barriers(
    crystal: Crystal, calculator: Watched, *, settings: BarrierSettings, symmetry_tolerance_A: float, parts: Parts
) -> Barriers:
    """Find the barriers of all distinct hops of a mobile ion into a vacancy.

    Args:
        crystal: Relaxed; its cell is kept.
        calculator: The potential.
        settings: Which hops, in how large a cell.
        symmetry_tolerance_A: For the space group [Å].
        parts: Hops that are on disk are not found again, the others are written as soon as they are there.

    Raises:
        SettingsError: There is no such ion, no hop within the distance, or the supercell is too small.
        RunError: A part cannot be read or written.
    """
    kinds = hop_kinds(crystal, settings.element, longest_A=settings.longest_hop_A, tolerance_A=symmetry_tolerance_A)
    factors = _factors(crystal, kinds, settings=settings, symmetry_tolerance_A=symmetry_tolerance_A)
    hops = []
    for number, kind in enumerate(kinds, start=1):
        calculator.part(number - 1, len(kinds))
        hop = parts.read(number)
        if hop is None or not _is_of(hop, kind):
            hop, path = _Attempt(number, kind, calculator, settings).made(vacancy_hop(crystal, kind, factors=factors))
            parts.write(hop, path)
        hops.append(hop)
    with_barrier = [hop.saddle is not None for hop in hops if hop.verdict != "passes a site"]
    return Barriers(
        verdict="no barrier" if not any(with_barrier) else "complete" if all(with_barrier) else "incomplete",
        element=settings.element,
        space_group=symmetry(crystal, tolerance_A=symmetry_tolerance_A).words,
        supercell=factors,
        atoms=len(crystal) * int(np.prod(factors)) - 1,
        image_distance_A=image_distance(crystal.cell * np.array(factors)[:, None]),
        hops=tuple(hops),
        passages=passages(hops, [kind.pairs for kind in kinds]),
    )


def _is_of(hop: Hop, kind: HopKind) -> bool:
    """Whether a hop on disk is of this crystal, and not of one that was relaxed to another place."""
    same = (hop.origin, hop.target, hop.image) == (kind.origin, kind.target, kind.image)
    return same and abs(hop.length_A - kind.length_A) < SAME_LENGTH_A


def foreseen(crystal: Crystal, settings: BarrierSettings, *, symmetry_tolerance_A: float) -> int:
    """Evaluations that barriers take, roughly, times the atoms of each; 0 where there is nothing to find."""
    try:
        kinds = hop_kinds(crystal, settings.element, longest_A=settings.longest_hop_A, tolerance_A=symmetry_tolerance_A)
    except SettingsError:
        return 0
    factors = _factors(crystal, kinds, settings=settings, symmetry_tolerance_A=symmetry_tolerance_A)
    paths = sum(not kind.passes for kind in kinds)
    return paths * (USUAL_ENDS + USUAL_STEPS * settings.images) * len(crystal) * int(np.prod(factors))


def _factors(
    crystal: Crystal, kinds: Sequence[HopKind], *, settings: BarrierSettings, symmetry_tolerance_A: float
) -> Factors:
    if settings.supercell is not None:
        return settings.supercell
    asked = max(settings.minimum_length_A, *(ROOM * kind.length_A for kind in kinds))
    group = operations(crystal, tolerance_A=symmetry_tolerance_A)
    return factors_of_length(crystal.cell, group, minimum_A=asked)


@dataclass(frozen=True)
class _Attempt:
    """The finding of one hop."""

    number: int
    kind: HopKind
    calculator: Watched
    settings: BarrierSettings

    def made(self, hop: VacancyHop) -> tuple[Hop, tuple[Step, ...]]:
        """The hop, and its path as far as there is one."""
        if self.kind.passes:
            return self._hop("passes a site", "the line between the sites passes a third: a row of shorter hops"), ()
        try:
            ends = [self._rested(start) for start in (hop.initial, hop.final)]
            for which, start, end in zip(("first", "last"), (hop.initial, hop.final), ends, strict=True):
                if not end.result.converged:
                    return self._hop("end not converged", f"the {which} end: {end.result.reason}"), ()
                if words := hop.strayed(end.steps[-1].crystal, start):
                    return self._hop("end has moved", f"in the {which} end {words}"), ()
            first, last = (end.steps[-1] for end in ends)
            band = elastic_band((first, last), self.calculator, ion=hop.ion, settings=self.settings)
        except PotentialError as error:
            return self._hop("failed", " ".join(str(error).split())), ()
        return self._of_band(band, ion=hop.ion), band.images

    def _rested(self, start: Crystal) -> Relaxed:
        how = RelaxationSettings(
            optimizer=self.settings.optimizer,
            cell="none",
            fmax_eV_per_A=self.settings.ends_fmax_eV_per_A,
            maximum_steps=self.settings.maximum_steps,
        )
        return relax(start, self.calculator, settings=how)

    def _of_band(self, band: Band, *, ion: int) -> Hop:
        if len(band.images) == 2:
            return self._hop(band.verdict, band.reason).model_copy(update={"steps": band.steps})
        energies = np.array([step.prediction.energy for step in band.images])
        points = zip(
            band.distances_A().tolist(), (energies - energies[0]).tolist(), band.slopes().tolist(), strict=True
        )
        return self._hop(band.verdict, band.reason).model_copy(
            update={
                "steps": band.steps,
                "saddle": _saddle(band, ion=ion) if band.verdict == "converged" else None,
                "profile": tuple(PathPoint(distance_A=x, energy_eV=y, slope_eV_per_A=s) for x, y, s in points),
            }
        )

    def _hop(self, verdict: HopVerdict, reason: str) -> Hop:
        kind = self.kind
        return Hop(
            number=self.number,
            origin=kind.origin,
            target=kind.target,
            image=kind.image,
            length_A=kind.length_A,
            multiplicity=len(kind.pairs),
            symmetric=kind.symmetric,
            verdict=verdict,
            reason=reason,
        )


def _saddle(band: Band, *, ion: int) -> Saddle:
    energies = np.array([step.prediction.energy for step in band.images])
    top = band.images[band.highest]
    places = [step.crystal.positions[ion] for step in (band.images[0], top, band.images[-1])]
    line, way = places[2] - places[0], places[1] - places[0]
    aside = way - (way @ line) / (line @ line) * line
    inner = energies[1:-1]
    return Saddle(
        initial_eV=float(energies[0]),
        saddle_eV=top.prediction.energy,
        final_eV=float(energies[-1]),
        largest_force_eV_per_A=float(np.linalg.norm(top.prediction.forces, axis=1).max()),
        bow_A=float(np.linalg.norm(aside)),
        maxima=int(np.sum((inner > energies[:-2]) & (inner > energies[2:]))),
    )
