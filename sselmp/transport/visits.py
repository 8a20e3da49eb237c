"""Ions followed from core to core: the visits that each pays to sites, in order; counts and averages nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sselmp.cells import Array
from sselmp.errors import TrajectoryError
from sselmp.trajectory.record import Trajectory
from sselmp.transport.cores import Codes, CoreTable, core_table, in_cores
from sselmp.transport.sites import Sites
from sselmp.transport.surroundings import Surroundings, mobile_paths

Integers = NDArray[np.int64]

_ROWS = 1 << 15  # positions at a time, so that what is made of them stays in a core's cache
_PACK = np.array([1.0, 1024.0, 1048576.0])


@dataclass(frozen=True)
class Visits:
    """Every visit of every ion to a site, ordered by ion and time.

    A visit begins in the frame in which the ion is first seen in the core of a site, and ends where it is first seen in
    the core of another site (or of a periodic image of the same one): the ion belongs to the last site whose core it
    entered. Before its first core it belongs to none.

    Attributes:
        sites: The sites.
        ions: Number of ions.
        frames: Number of frames F.
        spacing_ps: Time between two frames [ps].
        ion: (V,) which ion.
        site: (V,) which site.
        image: (V, 3) which periodic image of the cell the site is in.
        begin: (V,) first frame.
        end: (V,) frame at which the next visit begins; F for the last.
        in_core: (S,) ion-frames seen within the core of each site.
    """

    sites: Sites
    ions: int
    frames: int
    spacing_ps: float
    ion: Integers
    site: Integers
    image: Integers
    begin: Integers
    end: Integers
    in_core: Integers

    @property
    def duration_ps(self) -> float:
        """Time observed, frames times their spacing [ps]."""
        return self.frames * self.spacing_ps

    @property
    def outside_fraction(self) -> float:
        """Share of all ion-frames outside of every core."""
        return 1.0 - float(self.in_core.sum()) / (self.ions * self.frames)

    def occupancy(self, begin: int = 0, end: int | None = None) -> Array:
        """(S,) mean number of ions that belong to each site in the frames from ``begin`` up to, not with, ``end``."""
        stop = self.frames if end is None else end
        spent = np.minimum(self.end, stop) - np.maximum(self.begin, begin)
        spent = np.bincount(self.site, weights=np.maximum(spent, 0), minlength=len(self.sites))
        return np.asarray(spent / (stop - begin), dtype=np.float64)


def follow(trajectory: Trajectory, around: Surroundings, *, sites: Sites) -> Visits:
    """Follow the mobile ions of a trajectory from site to site.

    Args:
        trajectory: The trajectory; one on disk stays there but for some ions at a time.
        around: Its surroundings, whose drift is removed.
        sites: Sites in the run's time-averaged cell.

    Raises:
        TrajectoryError: Fewer than two frames, or no ion was ever in a core.
    """
    if trajectory.frames < 2:
        raise TrajectoryError("hops need two frames or more", got=f"{trajectory.frames} frame")
    table = core_table(sites)
    in_core = np.zeros(len(sites), dtype=np.int64)
    parts: list[Integers] = []
    for ion, fractional in mobile_paths(trajectory, around):
        entries, counts = _entries(fractional, table)
        parts.append(np.column_stack([np.full(len(entries), ion), entries]))
        in_core += counts
    entries = np.concatenate(parts)
    if not len(entries):
        raise TrajectoryError(
            "no mobile ion was ever in the core of a site",
            got=f"{len(sites)} cores with a radius of {sites.radius_A:.3f} Å",
            repair="check that the sites are those of this structure, or take them from the density",
        )
    last = np.append(entries[1:, 0] != entries[:-1, 0], True)
    end = np.append(entries[1:, 1], trajectory.frames)
    end[last] = trajectory.frames
    return Visits(
        sites=sites,
        ions=len(around.mobile),
        frames=trajectory.frames,
        spacing_ps=trajectory.spacing_ps,
        ion=entries[:, 0],
        site=entries[:, 2],
        image=entries[:, 3:],
        begin=entries[:, 1],
        end=end,
        in_core=in_core,
    )


def _entries(fractional: Array, table: CoreTable) -> tuple[Integers, Integers]:
    """Rows (frame, site, image) of one ion where its core changes, the first among them, and frames in each core."""
    codes, images = _coded(fractional, table)
    seen = np.flatnonzero(codes >= 0)
    codes, images = codes[seen], images[seen]
    counts = np.bincount(codes, minlength=len(table.sites))
    # Where neither the site nor the cell that the ion is in changes, the site's image cannot have changed.
    chosen = np.ones(len(seen), dtype=bool)
    chosen[1:] = (codes[1:] != codes[:-1]) | (images[1:] != images[:-1])
    frame, site = seen[chosen], codes[chosen].astype(np.int64)
    image = np.rint(fractional[frame] - table.sites.fractional[site]).astype(np.int64)
    changed = np.ones(len(frame), dtype=bool)
    changed[1:] = (site[1:] != site[:-1]) | (image[1:] != image[:-1]).any(axis=1)
    return np.column_stack([frame, site, image])[changed], counts


def _coded(fractional: Array, table: CoreTable) -> tuple[Codes, Integers]:
    """The core of each position (-1: none), and the periodic image of the cell that it is in, as one number."""
    codes = np.empty(len(fractional), dtype=np.int32)
    images = np.empty(len(fractional), dtype=np.int64)
    for rows in _chunks(len(fractional)):
        floor = np.floor(fractional[rows])
        codes[rows] = in_cores(fractional[rows] - floor, table)
        images[rows] = floor @ _PACK
    return codes, images


def _chunks(rows: int) -> Iterator[slice]:
    for begin in range(0, rows, _ROWS):
        yield slice(begin, begin + _ROWS)
