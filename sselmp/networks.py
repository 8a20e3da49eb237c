"""Periodic networks: connected parts, and along how many dimensions each runs without end; knows no hop and no site."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

Step = tuple[int, int, int]
Edge = tuple[int, int, Step]  # two places in the cell, and the periodic image of the second, seen from the first


@dataclass(frozen=True)
class Part:
    """A connected part of a network.

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


def parts_of(edges: Iterable[Edge]) -> tuple[Part, ...]:
    """Split a network into its connected parts, the one of highest dimension first, then the largest.

    Walking from a site along edges, each site met gets the periodic image in which it was met first. An edge to a site
    that was met in another image closes a loop around the cell: a winding. The dimension is the number of linearly
    independent windings; a network that runs in no direction cannot carry a current however often ions hop in it.
    """
    neighbours: dict[int, list[tuple[int, Step]]] = defaultdict(list)
    for first, second, there in edges:
        neighbours[first].append((second, there))
        neighbours[second].append((first, (-there[0], -there[1], -there[2])))
    placed: dict[int, Step] = {}
    parts = [_part(start, neighbours, placed=placed) for start in sorted(neighbours) if start not in placed]
    return tuple(sorted(parts, key=lambda part: (-part.dimension, -len(part.sites), part.sites)))


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
