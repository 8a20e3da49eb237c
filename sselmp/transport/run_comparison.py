"""Two runs side by side: density, van Hove functions and occupancies of blocks of time; judges them by differences."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from sselmp.cells import Array, readonly
from sselmp.errors import TrajectoryError
from sselmp.trajectory.record import Trajectory
from sselmp.transport.alignment import Reference, align, repeats_of
from sselmp.transport.cages import Cages, cages_around, free_atoms
from sselmp.transport.counting import time_blocks
from sselmp.transport.density import density
from sselmp.transport.differences import LEAST_BLOCKS, Difference, Measure, compare
from sselmp.transport.grid import Grid, grid_of
from sselmp.transport.hops import cage_hops, hops_of
from sselmp.transport.pairs import Radii, radii_within
from sselmp.transport.sites import Sites
from sselmp.transport.surroundings import Surroundings, surroundings
from sselmp.transport.van_hove import Sampling, van_hove
from sselmp.transport.visits import Visits, follow

BLOCKS = 16
LEAST_BLOCK_FRAMES = 8
GRID_A = 1.0  # coarse, so that a voxel is visited often enough for its count to mean something
SHELL_A = 0.25
LAG_PS = 2.0
ORIGINS = 100
Three = tuple[int, int, int]


@dataclass(frozen=True)
class Run:
    """One of the two runs.

    Attributes:
        trajectory: Its frames.
        around: Its surroundings, with a drift that also brings its framework onto the first run's.
        repeats: Unit cells along a, b, c in its cell.
    """

    trajectory: Trajectory
    around: Surroundings
    repeats: Three


@dataclass(frozen=True)
class Comparison:
    """One respect in which two runs are compared.

    Attributes:
        what: Such as ``density``.
        unit: Of its numbers.
        difference: What was found.
        first: (B, K) what each block of the first run showed; the blocks are those before any were joined.
        second: (C, K) the same of the second.
        at_A: (K,) distances that these belong to [Å], infinite for all beyond; None where they are no distances.
    """

    what: str
    unit: str
    difference: Difference
    first: Array
    second: Array
    at_A: Array | None = None


def pair_up(first: Trajectory, second: Trajectory, *, mobile: str, repeats: Three = (1, 1, 1)) -> tuple[Run, Run]:
    """Bring the framework of a second run onto that of the first.

    Args:
        first: A run.
        second: Another one, of the same crystal with another potential, temperature or arrangement.
        mobile: The species that diffuses.
        repeats: Unit cells along a, b, c in the first run's cell; the second's follow from its cell.

    Raises:
        TrajectoryError: The species is absent, the cells are not multiples of one unit cell, or the frameworks do not
            fit onto each other as they are.
    """
    one, two = surroundings(first, mobile), surroundings(second, mobile)
    unit = one.cell / np.array(repeats)[:, None]
    others = repeats_of(unit, two.cell)
    # In units of the unit cell, wrapped, both frameworks are the same few sites.
    rest, other = one.resting, two.resting
    found = align(
        Reference(other.fractional * others % 1.0, other.species),
        Reference(rest.fractional * repeats % 1.0, rest.species),
        cell=two.cell / np.array(others)[:, None],
    )
    if not np.array_equal(found.rotation, np.eye(3)):
        raise TrajectoryError(
            "the frameworks of the two runs are turned against each other",
            got=f"a turn of the axes by {found.rotation.tolist()}",
            allowed="runs that start from one structure in one orientation",
            repair="prepare both runs from the same structure",
        )
    shift = found.shift / np.array(others) @ two.cell
    moved = replace(two, drift_A=two.drift_A + shift, fractional=two.fractional - found.shift / np.array(others))
    return Run(first, one, repeats), Run(second, moved, others)


def compare_runs(
    first: Run, second: Run, *, sites: Sites | None = None, cage: tuple[str, ...] = (), blocks: int = BLOCKS
) -> tuple[Comparison, ...]:
    """Compare densities, van Hove functions and, where sites are given, occupancies and rates of hops.

    Args:
        first: A run.
        second: Another (``pair_up``).
        sites: Sites in the first run's cell; their unit cell is laid over the second.
        cage: Species around whose free atoms cages are, to tell hops within from hops between them; empty for no cages.
        blocks: Blocks of time of each run; fewer where frames are few, 5 at least.

    Raises:
        TrajectoryError: Too few frames for 5 blocks.
    """
    counts = [_blocks(run.trajectory, blocks) for run in (first, second)]
    grid = grid_of(first.around.cell, spacing_A=GRID_A, repeats=first.repeats)
    found = []
    for run, count in zip((first, second), counts, strict=True):
        cell = run.around.cell / np.array(run.repeats)[:, None]
        found.append(_density_blocks(run, grid=replace(grid, cell=cell, repeats=run.repeats), blocks=count))
    comparisons = _both("density", found)
    lag_ps, radii = _lag_and_radii((first, second), counts)
    distances = [
        _van_hove_blocks(run, lag_ps=lag_ps, radii=radii, blocks=count)
        for run, count in zip((first, second), counts, strict=True)
    ]
    for part, name in enumerate(("self", "distinct")):
        at_A = np.append(radii.middles_A, np.inf)[: distances[0][part].shape[1]]
        comparisons += _both(f"van Hove, {name} part at {lag_ps:.3g} ps", [one[part] for one in distances], at_A=at_A)
    if sites is not None:
        both = (sites, _laid_over(sites, second))
        visits = [
            follow(run.trajectory, run.around, sites=laid) for run, laid in zip((first, second), both, strict=True)
        ]
        comparisons += _occupancies(visits, counts)
        cages = [_cages(run, one.sites, cage=cage) for run, one in zip((first, second), visits, strict=True)]
        comparisons += _rates(visits, counts, cages=cages)
    return tuple(comparisons)


def _both(what: str, found: list[Array], *, at_A: Array | None = None) -> list[Comparison]:
    first, second = (readonly(one) for one in found)
    kinds: tuple[tuple[Measure, str], ...] = (("divergence", "bit"), ("overlap", ""))
    return [
        Comparison(what, unit, compare(first, second, measure=measure), first=first, second=second, at_A=at_A)
        for measure, unit in kinds
    ]


def _occupancies(visits: list[Visits], counts: list[int]) -> list[Comparison]:
    """Divergence over the sites of the unit cell, and the shift of each kind's mean occupancy."""
    sites = [one.sites for one in visits]
    per_site = [
        np.array([one.occupancy(begin, end) for begin, end in time_blocks(one.frames, count)])
        for one, count in zip(visits, counts, strict=True)
    ]
    units = int(sites[0].unit.max()) + 1
    folded = [
        np.array([np.bincount(laid.unit, weights=row, minlength=units) for row in rows])
        for laid, rows in zip(sites, per_site, strict=True)
    ]
    found = _both("occupancies of the sites", folded)
    judged = found[0].difference  # a single number shows its memory badly, and that of all sites is its memory too
    for label in sites[0].kinds:
        means = [
            np.array([[one.occupancy(*ends)[laid.of_kind(label)].mean()] for ends in time_blocks(one.frames, count)])
            for one, laid, count in zip(visits, sites, judged.blocks, strict=True)
        ]
        difference = compare(means[0], means[1], measure="shift")
        remembers = difference.remembers or judged.remembers
        difference = replace(difference, remembers=remembers, differs=difference.differs and not remembers)
        found.append(Comparison(f"occupancy of {label}", "ions a site", difference, first=means[0], second=means[1]))
    return found


def _cages(run: Run, sites: Sites, *, cage: tuple[str, ...]) -> Cages | None:
    if not cage:
        return None
    around = run.around
    free = free_atoms(around.fractional, species=around.species, centres=cage, cell=around.cell)
    return cages_around(around.fractional[free], sites, species=cage)


def _rates(visits: list[Visits], counts: list[int], *, cages: list[Cages | None]) -> list[Comparison]:
    """Shift of the rate of each class of hops that were seen in either run, per ion and time."""
    found: dict[str, list[Array]] = {}
    for one, count, around in zip(visits, counts, cages, strict=True):
        hops = hops_of(one)
        classes = {"rate of hops": np.ones(len(hops), dtype=bool)}
        if around is not None:
            told = cage_hops(hops, one, cages=around)
            classes = {"rate within cages": told.is_within, "rate between cages": told.is_between}
        for name, which in classes.items():
            ends = time_blocks(one.frames, count)
            times_ps = np.array([end - begin for begin, end in ends]) * one.spacing_ps
            made = [np.count_nonzero(which & (hops.frame >= begin) & (hops.frame < end)) for begin, end in ends]
            found.setdefault(name, []).append((np.array(made) / (one.ions * times_ps))[:, None])
    return [
        Comparison(name, "1/ps", compare(rates[0], rates[1], measure="shift"), first=rates[0], second=rates[1])
        for name, rates in found.items()
        if rates[0].any() or rates[1].any()  # where nothing hopped in either there is nothing to resample
    ]


def _laid_over(sites: Sites, run: Run) -> Sites:
    """The unit cell's sites of one run in the cell of another whose framework lies on it."""
    from sselmp.transport.sites import lay_out

    first = np.flatnonzero((sites.offset == 0).all(axis=1))
    unit = sites.fractional[first] * np.array(sites.repeats) - sites.offset[first]
    return lay_out(
        unit,
        labels=[sites.labels[i] for i in first],
        cell=run.around.cell,
        repeats=run.repeats,
        radius_A=sites.radius_A,
    )


def _blocks(trajectory: Trajectory, wanted: int) -> int:
    """Number of blocks; as many as wanted where each has 8 frames or more."""
    count = min(wanted, trajectory.frames // LEAST_BLOCK_FRAMES)
    if count < LEAST_BLOCKS:
        raise TrajectoryError(
            "too few frames to compare this run with another",
            got=f"{trajectory.frames} frames",
            allowed=f"{LEAST_BLOCKS * LEAST_BLOCK_FRAMES} or more",
            repair="run longer, or write frames more often",
        )
    return count


def _parts(run: Run, blocks: int) -> Iterator[tuple[Trajectory, Array]]:
    """The blocks of a run in its mean cell, each with its drift."""
    whole = run.trajectory
    for begin, end in time_blocks(whole.frames, blocks):
        part = Trajectory(
            steps=whole.steps[begin:end],
            times_ps=whole.times_ps[begin:end],
            positions=whole.positions[begin:end],
            cells=np.broadcast_to(run.around.cell, (end - begin, 3, 3)).copy(),
            species=whole.species,
        )
        yield part, run.around.drift_A[begin:end]


def _density_blocks(run: Run, *, grid: Grid, blocks: int) -> Array:
    mobile = run.trajectory.species[int(run.around.mobile[0])]
    return np.array([density(part, mobile, grid=grid, drift=path).values.ravel() for part, path in _parts(run, blocks)])


def _lag_and_radii(runs: tuple[Run, Run], counts: list[int]) -> tuple[float, Radii]:
    """A lag of 2 ps, or half of the shortest block, in whole frames of the first, and shells in the narrower cell."""
    shortest = min(run.trajectory.duration_ps / count for run, count in zip(runs, counts, strict=True))
    narrow = min((run.around.cell for run in runs), key=lambda cell: float(np.linalg.norm(cell, axis=1).min()))
    spacing = runs[0].trajectory.spacing_ps
    lag_ps = max(1, int(min(LAG_PS, shortest / 2) / spacing)) * spacing
    return lag_ps, radii_within(narrow[None], r_max_A=None, step_A=SHELL_A)


def _van_hove_blocks(run: Run, *, lag_ps: float, radii: Radii, blocks: int) -> tuple[Array, Array]:
    """Ions by how far they moved, those beyond the largest radius last, and pairs by distance, of each block."""
    mobile = run.trajectory.species[int(run.around.mobile[0])]
    lag = max(1, round(lag_ps / run.trajectory.spacing_ps))
    moved, pairs = [], []
    for part, path in _parts(run, blocks):
        sampling = Sampling(lags=np.array([min(lag, part.frames - 1)], dtype=np.intp), origins=ORIGINS)
        found = van_hove(part, mobile, radii=radii, sampling=sampling, drift=path)
        moved.append(np.append(found.radial_self[0] * radii.step_A, max(float(found.beyond[0]), 0.0)))
        pairs.append(found.distinct_part[0] * radii.volumes_A3)
    return np.array(moved), np.array(pairs)
