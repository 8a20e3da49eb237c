"""The network of hops: hand-made networks of 0 to 3 dimensions, parts, folding, and a walk through a large lattice."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from sselmp.transport.hops import Hops
from sselmp.transport.jump_graph import edges_of, folded, network_of
from sselmp.transport.sites import lay_out


def hops(*rows):
    """Hops from rows (from, to, image)."""
    table = np.array([(a, b, *image) for a, b, image in rows], dtype=np.int64).reshape(-1, 5)
    frames = np.arange(len(table))
    return Hops(
        ion=np.zeros(len(table), dtype=np.int64),
        frame=frames,
        origin=table[:, 0],
        target=table[:, 1],
        image=table[:, 2:],
        origin_image=np.zeros((len(table), 3), dtype=np.int64),
    )


ZERO, A, B, C = (0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1)
NETWORKS = {
    "a ring": ([(0, 1, ZERO), (1, 2, ZERO), (2, 3, ZERO), (3, 0, ZERO)], 0, ""),
    "a ring across a corner of the cell": (
        [(0, 1, A), (1, 2, B), (2, 3, (-1, 0, 0)), (3, 0, (0, -1, 0))], 0, "",
    ),
    "a chain along a": ([(0, 1, ZERO), (1, 0, A)], 1, "a"),
    "a site to its own image": ([(0, 0, C)], 1, "c"),
    "a chain along the diagonal of a face": ([(0, 0, (1, 1, 0))], 1, "ab"),
    "a chain that runs forth and back": ([(0, 1, A), (1, 0, (-1, 0, 0)), (0, 2, ZERO)], 0, ""),
    "a chain twice as long as the cell": ([(0, 1, ZERO), (1, 0, (0, 2, 0))], 1, "b"),
    "a layer": ([(0, 0, A), (0, 1, ZERO), (1, 0, B)], 2, "ab"),
    "two windings along one line": ([(0, 0, A), (0, 0, (2, 0, 0))], 1, "a"),
    "all of space": ([(0, 0, A), (0, 1, B), (1, 0, ZERO), (1, 1, C)], 3, "abc"),
}  # fmt: skip


@pytest.mark.parametrize("name", NETWORKS)
def test_a_network_has_the_dimension_that_it_was_made_with(name):
    rows, dimension, axes = NETWORKS[name]
    found = network_of(edges_of(hops(*rows)))
    assert found.dimension == dimension
    assert (found.parts[0].dimension, found.parts[0].axes) == (dimension, axes)
    assert len(found.parts) == 1


def test_no_hop_is_a_network_of_no_part_and_no_dimension():
    found = network_of(edges_of(hops()))
    assert (found.dimension, found.parts) == (0, ())


def test_parts_come_with_the_highest_dimension_first_then_the_largest():
    rows = [(0, 1, ZERO), (1, 2, ZERO), (3, 4, ZERO), (4, 3, A), (5, 6, ZERO)]
    found = network_of(edges_of(hops(*rows)))
    assert [(part.sites, part.dimension) for part in found.parts] == [((3, 4), 1), ((0, 1, 2), 0), ((5, 6), 0)]


def test_hops_both_ways_are_one_edge_and_rare_ones_can_be_left_out():
    rows = [(0, 1, A), (1, 0, (-1, 0, 0)), (0, 1, A), (2, 2, B), (2, 2, (0, -1, 0)), (0, 2, ZERO)]
    edges = edges_of(hops(*rows))
    assert sorted(zip(edges.first, edges.second, edges.forward, edges.backward, strict=True)) == [
        (0, 1, 2, 1),
        (0, 2, 1, 0),
        (2, 2, 1, 1),
    ]
    assert len(edges_of(hops(*rows), least=2)) == 2


def test_folding_into_the_unit_cell_counts_a_hop_for_all_of_its_translations():
    # Two unit cells along a: the two hops seen connect nothing in the run's cell, yet their translations make a chain.
    cell = np.diag([12.0, 6.0, 6.0])
    sites = lay_out(np.array([[0.0, 0, 0], [0.5, 0, 0]]), labels=["A", "B"], cell=cell, repeats=(2, 1, 1))
    first, second = (np.flatnonzero((sites.unit == u) & (sites.offset[:, 0] == 0))[0] for u in (0, 1))
    next_first = np.flatnonzero((sites.unit == 0) & (sites.offset[:, 0] == 1))[0]
    seen = hops((first, second, ZERO), (second, next_first, ZERO))
    assert network_of(edges_of(seen)).dimension == 0
    unit = network_of(edges_of(folded(seen, sites)))
    assert (unit.dimension, unit.parts[0].axes, unit.parts[0].windings) == (1, "a", ((1, 0, 0),))
    back = hops((next_first, second, ZERO), (second, first, ZERO))
    assert network_of(edges_of(folded(back, sites))).dimension == 1


def walked(rows, *, reach=3):
    """Dimension by walking through a lattice of many cells: rank of the cells in which a start is met again."""
    best = 0
    for start in {a for a, _, _ in rows} | {b for _, b, _ in rows}:
        seen, waiting = {(start, ZERO)}, [(start, ZERO)]
        while waiting:
            site, cell = waiting.pop()
            for a, b, image in rows:
                for here, there, sign in ((a, b, 1), (b, a, -1)):
                    to = tuple(int(c + sign * i) for c, i in zip(cell, image, strict=True))
                    if here == site and max(map(abs, to)) <= reach and (there, to) not in seen:
                        seen.add((there, to))
                        waiting.append((there, to))
        met = [cell for site, cell in seen if site == start and cell != ZERO]
        best = max(best, int(np.linalg.matrix_rank(np.array(met))) if met else 0)
    return best


def test_random_networks_have_the_dimension_that_walking_through_a_lattice_finds():
    rng = np.random.default_rng(0)
    images = list(itertools.product((-1, 0, 1), repeat=3))
    found = []
    for _ in range(25):
        rows = [
            (int(rng.integers(4)), int(rng.integers(4)), images[rng.integers(27)]) for _ in range(rng.integers(1, 7))
        ]
        rows = [row for row in rows if row[0] != row[1] or row[2] != ZERO]
        if rows:
            found.append(network_of(edges_of(hops(*rows))).dimension)
            assert found[-1] == walked(rows), rows
    assert set(found) >= {0, 1, 2}
