"""The network of hops between sites: its edges, and the hops of the unit cell; counts no time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sselmp.networks import Part, parts_of
from sselmp.transport.hops import Hops
from sselmp.transport.sites import Sites

Integers = NDArray[np.int64]


@dataclass(frozen=True)
class Edges:
    """Pairs of sites that ions hopped between, each once; hops either way are counted together.

    Attributes:
        first: (G,) a site in the cell.
        second: (G,) the other.
        image: (G, 3) periodic image of the second, seen from the first.
        forward: (G,) hops from the first to the second.
        backward: (G,) hops from the second to the first.
    """

    first: Integers
    second: Integers
    image: Integers
    forward: Integers
    backward: Integers

    def __len__(self) -> int:
        """Number of edges."""
        return len(self.first)


@dataclass(frozen=True)
class Network:
    """The edges of the network and its parts, the one of highest dimension first, then the largest."""

    edges: Edges
    parts: tuple[Part, ...]

    @property
    def dimension(self) -> int:
        """The highest dimension of a part; 0 where nothing hopped."""
        return max((part.dimension for part in self.parts), default=0)


def edges_of(hops: Hops, *, least: int = 1) -> Edges:
    """Pairs of sites between which at least so many hops were seen, both ways together."""
    swap = _backwards(hops)
    image = np.where(swap[:, None], -hops.image, hops.image)
    first, second = np.where(swap, hops.target, hops.origin), np.where(swap, hops.origin, hops.target)
    return _counted(np.column_stack([first, second, image]), ~swap, least=least)


def _backwards(hops: Hops) -> NDArray[np.bool_]:
    """Hops that are told as seen from their target: from the higher site, or to an image below the own."""
    below = hops.image[:, 0]
    for axis in (1, 2):
        below = np.where(below == 0, hops.image[:, axis], below)
    return np.asarray((hops.origin > hops.target) | ((hops.origin == hops.target) & (below < 0)))


def _counted(rows: Integers, forward: NDArray[np.bool_], *, least: int) -> Edges:
    if not len(rows):
        none = np.zeros(0, dtype=np.int64)
        return Edges(first=none, second=none, image=np.zeros((0, 3), dtype=np.int64), forward=none, backward=none)
    edges, index = np.unique(rows, axis=0, return_inverse=True)
    index = index.reshape(-1)
    ahead = np.bincount(index[forward], minlength=len(edges))
    counts = np.bincount(index, minlength=len(edges))
    kept = counts >= least
    edges, ahead, counts = edges[kept], ahead[kept], counts[kept]
    return Edges(first=edges[:, 0], second=edges[:, 1], image=edges[:, 2:], forward=ahead, backward=counts - ahead)


def folded(hops: Hops, sites: Sites) -> Hops:
    """The same hops between the sites of the unit cell, with images counted in unit cells.

    Sites that a lattice translation of the unit cell relates become one: every hop counts for all of its translations.
    """
    repeats = np.array(sites.repeats)
    image = hops.image * repeats + sites.offset[hops.target] - sites.offset[hops.origin]
    return Hops(
        ion=hops.ion,
        frame=hops.frame,
        origin=sites.unit[hops.origin],
        target=sites.unit[hops.target],
        image=image,
        origin_image=hops.origin_image * repeats + sites.offset[hops.origin],
    )


def network_of(edges: Edges) -> Network:
    """Split a network into its connected parts and find in how many dimensions each runs."""
    joined = zip(edges.first.tolist(), edges.second.tolist(), map(tuple, edges.image.tolist()), strict=True)
    return Network(edges=edges, parts=parts_of(joined))
