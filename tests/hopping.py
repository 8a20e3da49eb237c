"""Hand-made and simulated hopping with known answers, and a naive follower of ions that fast code is held against."""

from __future__ import annotations

import itertools

import numpy as np
import periodic

from sselmp.transport.sites import lay_out

FRAMEWORK = np.array([[0.05, 0.1, 0.9], [0.55, 0.45, 0.35], [0.3, 0.8, 0.6]])  # of S: stands still
TRICLINIC = np.array([[9.0, 0.0, 0.0], [2.5, 8.0, 0.0], [-1.5, 2.0, 8.5]])


def grid_sites(cell, *, count=(2, 2, 2), label="s", radius_A=None):
    """Sites on a grid of the cell."""
    places = (np.array(list(np.ndindex(*count))) + 0.25) / np.array(count)
    return lay_out(places, labels=[label] * len(places), cell=cell, radius_A=radius_A)


def trajectory(unwrapped, *, cell, spacing_ps=0.5, drift=None):
    """Li at unwrapped fractional positions (F, n, 3), and a framework that stands still; all carried by a drift.

    ``cell`` is one cell or one a frame.
    """
    frames, ions = unwrapped.shape[:2]
    still = np.broadcast_to(FRAMEWORK, (frames, len(FRAMEWORK), 3))
    scaled = np.concatenate([unwrapped, still], axis=1)
    if drift is not None:
        scaled = scaled + drift[:, None]
    return periodic.record(scaled, species=("Li",) * ions + ("S",) * len(FRAMEWORK), cell=cell, spacing_ps=spacing_ps)


def poisson_walk(rng, sites, *, frames, ions, chance, back=0.0, rattle_A=0.25):
    """Ions that hop to one of the six neighbours on a grid with a chance per frame; the next hop may prefer back.

    Returns unwrapped fractional positions and the hops made as rows (ion, frame, image-free step).
    """
    count = round(len(sites) ** (1 / 3))
    steps = np.array([s for s in itertools.product((-1, 0, 1), repeat=3) if sum(map(abs, s)) == 1])
    start = sites.fractional[rng.integers(0, len(sites), ions)] * count
    hop = rng.random((frames, ions)) < chance
    hop[0] = False
    choice = rng.integers(0, 6, (frames, ions))
    if back:
        for ion in range(ions):
            before = None
            for frame in np.flatnonzero(hop[:, ion]):
                if before is not None and rng.random() < back:
                    choice[frame, ion] = np.flatnonzero((steps == -steps[before]).all(axis=1))[0]
                before = choice[frame, ion]
    moves = np.where(hop[..., None], steps[choice], 0)
    at = (start + np.cumsum(moves, axis=0)) / count
    shake = rng.normal(scale=rattle_A, size=at.shape)
    shake *= np.minimum(1.0, 2.5 * rattle_A / np.linalg.norm(shake, axis=2, keepdims=True))
    return at + shake @ np.linalg.inv(sites.cell), int(hop.sum())


def naive_hops(unwrapped, sites):
    """Hops by trying every site and image in every frame: rows (ion, frame, from, to, image)."""
    shifts = np.array(list(itertools.product((-1, 0, 1), repeat=3)))
    found = []
    for ion in range(unwrapped.shape[1]):
        state = None
        for frame, place in enumerate(unwrapped[:, ion]):
            base = np.floor(place).astype(int)
            for site, shift in itertools.product(range(len(sites)), shifts):
                image = base + shift
                away = (place - sites.fractional[site] - image) @ sites.cell
                if np.linalg.norm(away) <= sites.radius_A:
                    now = (site, tuple(image))
                    if state is not None and now != state:
                        step = np.subtract(now[1], state[1])
                        found.append((ion, frame, state[0], site, *step.tolist()))
                    state = now
    return found
