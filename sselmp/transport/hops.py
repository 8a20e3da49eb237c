"""Hops between sites from the ions' visits, their rates and residence times, within and between cages."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sselmp.cells import Array
from sselmp.transport.cages import NO_CAGE, Cages
from sselmp.transport.counting import Rate, rate_of, time_blocks
from sselmp.transport.intervals import Interval
from sselmp.transport.sites import Sites
from sselmp.transport.visits import Visits

Integers = NDArray[np.int64]


@dataclass(frozen=True)
class Hops:
    """Every hop of every ion, ordered by ion and time.

    Attributes:
        ion: (E,) which ion.
        frame: (E,) frame in which it was first in the new core.
        origin: (E,) site that it left.
        target: (E,) site that it entered.
        image: (E, 3) periodic image of the target relative to that of the origin.
        origin_image: (E, 3) periodic image of the origin.
    """

    ion: Integers
    frame: Integers
    origin: Integers
    target: Integers
    image: Integers
    origin_image: Integers

    def __len__(self) -> int:
        """Number of hops."""
        return len(self.ion)

    def chosen(self, which: NDArray[np.bool_]) -> Hops:
        """Some of the hops, by a mask (E,)."""
        return Hops(
            ion=self.ion[which],
            frame=self.frame[which],
            origin=self.origin[which],
            target=self.target[which],
            image=self.image[which],
            origin_image=self.origin_image[which],
        )

    def vectors(self, sites: Sites) -> Array:
        """(E, 3) from site to site [Å]."""
        step = sites.fractional[self.target] + self.image - sites.fractional[self.origin]
        return np.asarray(step @ sites.cell)


@dataclass(frozen=True)
class KindRate:
    """Hops from sites of one kind to those of another, per time spent on the first."""

    origin: str
    target: str
    rate: Rate


@dataclass(frozen=True)
class Residence:
    """How long ions stay on the sites of one kind.

    Attributes:
        label: Kind of site.
        sites: Number of them.
        occupancy: Mean number of ions on one of them.
        occupancy_error: Its standard error, from blocks of time.
        leaving: Rate of departures per time spent there.
        mean_ps: Time spent over departures [ps]: the maximum-likelihood mean of exponential times, of which those cut
            by the run's ends are known to be longer only; infinite where no ion left.
        interval_95: [ps].
        completed_ps: (V,) the visits that began and ended within the run [ps].
    """

    label: str
    sites: int
    occupancy: float
    occupancy_error: float
    leaving: Rate
    mean_ps: float
    interval_95: Interval
    completed_ps: Array


@dataclass(frozen=True)
class CageHops:
    """Hops within cages and between them.

    Attributes:
        cages: The cages.
        within: Hops between two sites of one cage, per ion.
        between: Changes from one cage to another, directly or over sites between cages, per ion; counted on arrival.
        other: Number of hops to or from sites between cages.
        is_within: (E,) which hops are within a cage.
        is_between: (E,) with which hops an ion arrives in another cage than it was in before.
    """

    cages: Cages
    within: Rate
    between: Rate
    other: int
    is_within: NDArray[np.bool_]
    is_between: NDArray[np.bool_]

    @property
    def ratio(self) -> float:
        """Hops within cages for each change of cage; infinite where there is none."""
        return self.within.count / self.between.count if self.between.count else math.inf


def hops_of(visits: Visits) -> Hops:
    """The hops between the consecutive visits of each ion."""
    later = np.flatnonzero(visits.ion[1:] == visits.ion[:-1]) + 1
    return Hops(
        ion=visits.ion[later],
        frame=visits.begin[later],
        origin=visits.site[later - 1],
        target=visits.site[later],
        image=visits.image[later] - visits.image[later - 1],
        origin_image=visits.image[later - 1],
    )


def total_rate(hops: Hops, visits: Visits) -> Rate:
    """Hops per ion and time."""
    return rate_of(hops.frame, of_frames=visits.frames, exposure_ps=visits.ions * visits.duration_ps)


def kind_rates(hops: Hops, visits: Visits) -> tuple[KindRate, ...]:
    """Rates between the kinds of sites, those that no ion took left out; kinds that were never visited too."""
    kinds = visits.sites.kinds
    kind = np.array([kinds.index(label) for label in visits.sites.labels])
    spent = np.bincount(kind[visits.site], weights=visits.end - visits.begin, minlength=len(kinds))
    found = []
    for a, origin in enumerate(kinds):
        for b, target in enumerate(kinds):
            frames = hops.frame[(kind[hops.origin] == a) & (kind[hops.target] == b)]
            if len(frames):
                rate = rate_of(frames, of_frames=visits.frames, exposure_ps=float(spent[a]) * visits.spacing_ps)
                found.append(KindRate(origin=origin, target=target, rate=rate))
    return tuple(found)


def residences(hops: Hops, visits: Visits) -> tuple[Residence, ...]:
    """Occupancy and residence times of each kind of site that was visited."""
    found = []
    first = np.append(True, visits.ion[1:] != visits.ion[:-1])
    whole = ~first & (visits.end < visits.frames)
    blocks = [visits.occupancy(a, b) for a, b in time_blocks(visits.frames, 10)]
    for label in visits.sites.kinds:
        members = np.isin(visits.sites.labels, label)
        there = members[visits.site]
        if not there.any():
            continue
        spent = float((visits.end - visits.begin)[there].sum()) * visits.spacing_ps
        leaving = rate_of(hops.frame[members[hops.origin]], of_frames=visits.frames, exposure_ps=spent)
        means = np.array([block[members].mean() for block in blocks])
        low, high = leaving.interval_95.low, leaving.interval_95.high
        found.append(
            Residence(
                label=label,
                sites=int(members.sum()),
                occupancy=float(visits.occupancy()[members].mean()),
                occupancy_error=float(means.std(ddof=1) / math.sqrt(len(means))),
                leaving=leaving,
                mean_ps=1.0 / leaving.per_ps if leaving.count else math.inf,
                interval_95=Interval(low=1.0 / high, high=1.0 / low if low else math.inf, probability=0.95),
                completed_ps=np.asarray(
                    (visits.end - visits.begin)[there & whole] * visits.spacing_ps, dtype=np.float64
                ),
            )
        )
    return tuple(found)


def cage_hops(hops: Hops, visits: Visits, *, cages: Cages) -> CageHops:
    """Tell hops within a cage from changes of cage.

    A cage is told from its periodic images. An ion that leaves a cage to a site between cages and comes back has not
    changed cage.
    """
    exposure = visits.ions * visits.duration_ps
    origin, target = cages.cage[hops.origin], cages.cage[hops.target]
    moved = hops.image + cages.image[hops.target] - cages.image[hops.origin]
    is_within = (origin >= 0) & (origin == target) & (moved == 0).all(axis=1)
    is_between = _arrivals(visits, cages)
    return CageHops(
        cages=cages,
        within=rate_of(hops.frame[is_within], of_frames=visits.frames, exposure_ps=exposure),
        between=rate_of(hops.frame[is_between], of_frames=visits.frames, exposure_ps=exposure),
        other=int(((origin == NO_CAGE) | (target == NO_CAGE)).sum()),
        is_within=is_within,
        is_between=is_between,
    )


def _arrivals(visits: Visits, cages: Cages) -> NDArray[np.bool_]:
    """Hops with which an ion arrives in another cage than the last that it was in."""
    cage = cages.cage[visits.site]
    place = np.column_stack([visits.ion, cage, visits.image + cages.image[visits.site]])
    caged = np.flatnonzero(cage >= 0)
    seen = place[caged]
    changed = np.zeros(len(visits.ion), dtype=bool)
    changed[caged[1:]] = (seen[1:, 0] == seen[:-1, 0]) & (seen[1:, 1:] != seen[:-1, 1:]).any(axis=1)
    later = np.flatnonzero(visits.ion[1:] == visits.ion[:-1]) + 1
    return np.asarray(changed[later])
