"""The network of hops between sites: edges, connected parts, and along how many dimensions it runs; counts no time."""

from __future__ import annotations

from collections import defaultdict, deque
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sselmp.transport.hops import Hops
from sselmp.transport.sites import Sites

Integers = NDArray[np.int64]
Step = tuple[int, int, int]


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
class Part:
    """A connected part of the network.

    Attributes:
        sites: Its sites.
        dimension: Along how many independent directions it runs without end: 0 for a cage, 3 for all of space.
        windings: Independent lattice translations, in cell vectors, that lead from a site to its own images.
    """

    sites: tuple[int, ...]
    dimension: int
    windings: tuple[Step, ...]

    @property
    def axes(self) -> str:
        """The cell's axes along which it runs, such as ``ac``."""
        return "".join(name for axis, name in enumerate("abc") if any(step[axis] for step in self.windings))


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
    """Split a network into its connected parts and find in how many dimensions each runs.

    Walking from a site along edges, each site met gets the periodic image in which it was met first. An edge to a site
    that was met in another image closes a loop around the cell: a winding. The dimension is the number of linearly
    independent windings; a network that runs in no direction cannot carry a current however often ions hop in it.
    """
    neighbours: dict[int, list[tuple[int, Step]]] = defaultdict(list)
    for first, second, image in zip(edges.first.tolist(), edges.second.tolist(), edges.image.tolist(), strict=True):
        there = (image[0], image[1], image[2])
        neighbours[first].append((second, there))
        neighbours[second].append((first, (-there[0], -there[1], -there[2])))
    placed: dict[int, Step] = {}
    parts = [_part(start, neighbours, placed=placed) for start in sorted(neighbours) if start not in placed]
    return Network(
        edges=edges, parts=tuple(sorted(parts, key=lambda part: (-part.dimension, -len(part.sites), part.sites)))
    )


def _part(start: int, neighbours: dict[int, list[tuple[int, Step]]], *, placed: dict[int, Step]) -> Part:
    """The part that a site belongs to; ``placed`` gets its sites."""
    placed[start] = (0, 0, 0)
    waiting, members, windings = deque([start]), [start], set[Step]()
    while waiting:
        site = waiting.popleft()
        here = placed[site]
        for other, step in neighbours[site]:
            there = (here[0] + step[0], here[1] + step[1], here[2] + step[2])
            if other not in placed:
                placed[other] = there
                waiting.append(other)
                members.append(other)
            else:
                known = placed[other]
                windings.add((there[0] - known[0], there[1] - known[1], there[2] - known[2]))
    basis = _independent(windings)
    return Part(sites=tuple(sorted(members)), dimension=len(basis), windings=basis)


def _independent(windings: set[Step]) -> tuple[Step, ...]:
    """Short windings that are linearly independent."""
    chosen: list[Step] = []
    for step in sorted(windings, key=lambda w: (sum(x * x for x in w), tuple(-x for x in w))):
        if len(chosen) < 3 and int(np.linalg.matrix_rank(np.array([*chosen, step]))) == len(chosen) + 1:
            chosen.append(step)
    return tuple(chosen)
