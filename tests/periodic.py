"""Hand-made trajectories in any periodic cell, and the naive loops that fast code is held against."""

from __future__ import annotations

import itertools

import numpy as np

from sselmp.trajectory.record import Trajectory, from_scaled

CUBE = np.diag([11.0, 11.0, 11.0])
TILTED = np.array([[12.0, 0.0, 0.0], [4.5, 11.0, 0.0], [-3.0, 5.0, 12.5]])


def record(scaled, *, species=None, cell=CUBE, spacing_ps=0.5) -> Trajectory:
    """A trajectory from unwrapped scaled coordinates (F, N, 3); ``cell`` is one or one a frame."""
    frames, atoms = scaled.shape[:2]
    return from_scaled(
        np.array(scaled, dtype=float),
        cell_rows=np.broadcast_to(cell, (frames, 3, 3)).copy(),
        steps=np.arange(frames) * 5,
        timestep_ps=spacing_ps / 5,
        species=tuple(species or ("Li",) * atoms),
    )


def nearest_distance(vector, cell):
    """Length of the shortest image of a Cartesian vector, by trying all those near."""
    scaled = vector @ np.linalg.inv(cell)
    near = scaled - np.round(scaled)
    return min(np.linalg.norm((near + shift) @ cell) for shift in itertools.product((-2, -1, 0, 1, 2), repeat=3))


def naive_van_hove(positions, cell, *, lag, edges):
    """Counts of moved ions and of pairs of different ions in each shell, over all origins; (F, n, 3) positions."""
    moved, pairs = [], []
    ions = positions.shape[1]
    for origin in range(len(positions) - lag):
        for i in range(ions):
            moved.append(np.linalg.norm(positions[origin + lag, i] - positions[origin, i]))
            for j in range(ions):
                if j != i:
                    pairs.append(nearest_distance(positions[origin + lag, j] - positions[origin, i], cell))
    return np.histogram(moved, edges)[0], np.histogram(pairs, edges)[0]
