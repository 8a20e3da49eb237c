"""The network of hops in the unit cell as points and lines in space, for figures and pages; draws nothing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sselmp.cells import Array
from sselmp.report.hop_report import HopReport
from sselmp.transport.jump_graph import Edges, edges_of, folded

WITHIN, BETWEEN, OTHER = "within a cage", "between cages", "hops"
SAME_A = 0.7  # centres of cages nearer than this, folded into the unit cell, are one


@dataclass(frozen=True)
class Lines:
    """Edges of one class.

    Attributes:
        name: Such as ``between cages``.
        ends: (G, 2, 3) Cartesian positions [Å]; the middle of each lies in the cell.
        counts: (G,) hops, both ways together, over all translations of the edge.
    """

    name: str
    ends: Array
    counts: NDArray[np.int64]


@dataclass(frozen=True)
class Picture:
    """What is drawn of a network.

    Attributes:
        cell: (3, 3) rows of the unit cell [Å].
        lines: Edges of each class.
        sites: (P, 3) sites at the ends of lines, and those of the cell that no ion hopped to [Å].
        occupancy: (P,) of each site, averaged over its translations.
        centres: (C, 3) centres of cages [Å]; those on a face of the cell are there on each.
        centre_name: Species of the centres; empty without cages.
    """

    cell: Array
    lines: tuple[Lines, ...]
    sites: Array
    occupancy: Array
    centres: Array
    centre_name: str

    @property
    def most(self) -> int:
        """Hops of the edge that has most of them; 1 where there is no edge."""
        return max((int(lines.counts.max()) for lines in self.lines), default=1)


def picture_of(report: HopReport) -> Picture:
    """Fold the sites and hops of a run into its unit cell and place them for drawing."""
    found = report.analysis
    sites, hops = found.visits.sites, found.hops
    cell = sites.cell / np.array(sites.repeats)[:, None]
    masks = {OTHER: np.ones(len(hops), dtype=bool)}
    if found.cages is not None:
        within, between = found.cages.is_within, found.cages.is_between
        masks = {WITHIN: within, BETWEEN: between & ~within, OTHER: ~(within | between)}
    first = np.flatnonzero((sites.offset == 0).all(axis=1))
    units = np.zeros((len(first), 3))
    units[sites.unit[first]] = sites.fractional[first] * np.array(sites.repeats)
    share = np.bincount(sites.unit, weights=found.visits.occupancy()) / np.bincount(sites.unit)
    lines, ends, index = [], [units % 1.0], [np.arange(len(units))]
    for name, mask in masks.items():
        edges = edges_of(folded(hops.chosen(mask), sites))
        if len(edges):
            placed = _placed(edges, units)
            lines.append(Lines(name=name, ends=placed @ cell, counts=edges.forward + edges.backward))
            ends.append(placed.reshape(-1, 3))
            index.append(np.column_stack([edges.first, edges.second]).ravel())
    points, which = _once(np.concatenate(ends), np.concatenate(index))
    centres = np.zeros((0, 3)) if found.cages is None else _folded(found.cages.cages.centres * sites.repeats, cell)
    return Picture(
        cell=cell,
        lines=tuple(lines),
        sites=points @ cell,
        occupancy=share[which],
        centres=centres @ cell,
        centre_name="" if found.cages is None else " and ".join(found.cages.cages.species),
    )


def _placed(edges: Edges, units: Array) -> Array:
    """(G, 2, 3) fractional ends of each edge, its middle in the cell."""
    ends = np.stack([units[edges.first], units[edges.second] + edges.image], axis=1)
    return np.asarray(ends - np.floor(ends.mean(axis=1, keepdims=True) + 1e-6))


def _once(points: Array, index: NDArray[np.int64]) -> tuple[Array, NDArray[np.int64]]:
    """Each point once, with its site."""
    _, kept = np.unique(np.round(points, 5), axis=0, return_index=True)
    return points[kept], index[kept]


def _folded(centres: Array, cell: Array) -> Array:
    """Centres folded into the unit cell, each once, with those on a face on the opposite one too."""
    wrapped = centres % 1.0
    kept: list[Array] = []
    for centre in wrapped:
        away = np.array([centre - other for other in kept]).reshape(-1, 3)
        if not (np.linalg.norm((away - np.rint(away)) @ cell, axis=1) < SAME_A).any():
            kept.append(centre)
    shown = []
    for centre in kept:
        near = [(-1, 0, 1) if min(x, 1 - x) < 0.02 else (0,) for x in centre]
        for shift in np.array(np.meshgrid(*near, indexing="ij")).reshape(3, -1).T:
            if ((centre + shift > -0.05) & (centre + shift < 1.05)).all():
                shown.append(centre + shift)
    return np.array(shown)
