"""One run to van Hove functions or radial distributions, with their files; each in one call."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sselmp.files import Json
from sselmp.report import motion_documents, motion_figures, pages
from sselmp.trajectory.frames import DEFAULT_MEMORY_MB
from sselmp.trajectory.record import Trajectory
from sselmp.trajectory.run_folder import RunFacts, RunTrajectory
from sselmp.transport import msd
from sselmp.transport.pairs import radii_within
from sselmp.transport.rdf import Rdf, rdf, spread_frames
from sselmp.transport.van_hove import VanHove, sample_lags, van_hove


@dataclass(frozen=True)
class VanHoveOptions:
    """How van Hove functions are computed; None for what the run or the cell says."""

    species: str | None = None
    r_max_A: float | None = None
    step_A: float = 0.1
    longest_ps: float | None = None
    lags: int = 60
    origins: int = 100
    memory_MB: float = DEFAULT_MEMORY_MB


@dataclass(frozen=True)
class RdfOptions:
    """Which pairs (centre, partner); without any, all with the mobile species at the centre."""

    pairs: tuple[tuple[str, str], ...] = ()
    r_max_A: float | None = None
    step_A: float = 0.05
    frames: int = 200
    memory_MB: float = DEFAULT_MEMORY_MB


def report_van_hove(run: RunTrajectory, options: VanHoveOptions, *, out: Path) -> VanHove:
    """Compute van Hove functions of a run and write ``vanhove`` as .json, .npz, .png and .html into ``out``.

    Raises:
        SettingsError: An option cannot be used on this trajectory.
        TrajectoryError: The trajectory lacks the species.
        RunError: A file cannot be written.
    """
    facts, trajectory = run.facts, run.trajectory
    species = options.species or facts.mobile_species
    trajectory.atoms_of(species)
    found = van_hove(
        trajectory,
        species,
        radii=radii_within(trajectory.cells.mean(axis=0), r_max_A=options.r_max_A, step_A=options.step_A),
        sampling=sample_lags(
            trajectory,
            longest_ps=options.longest_ps,
            lags=options.lags,
            origins=options.origins,
            memory_bytes=int(options.memory_MB * 1e6),
        ),
        drift=drift_of(trajectory, facts.mobile_species),
    )
    words, stem = words_of(facts, trajectory), out / "vanhove"
    motion_documents.write_van_hove(found, about=about_run(facts, trajectory), stem=stem)
    motion_figures.draw_van_hove(found, words=words, path=stem.with_suffix(".png"))
    pages.van_hove_page(found, words=words, path=stem.with_suffix(".html"))
    return found


def report_rdf(run: RunTrajectory, options: RdfOptions, *, out: Path) -> tuple[Rdf, ...]:
    """Compute radial distributions of a run and write ``rdf`` as .json, .npz, .png and .html into ``out``.

    Raises:
        SettingsError: An option cannot be used on this trajectory.
        TrajectoryError: The trajectory lacks a species.
        RunError: A file cannot be written.
    """
    facts, trajectory = run.facts, run.trajectory
    mobile = facts.mobile_species
    pairs = options.pairs or tuple((mobile, other) for other in sorted(set(trajectory.species)))
    frames = spread_frames(trajectory, options.frames)
    radii = radii_within(trajectory.cells[frames], r_max_A=options.r_max_A, step_A=options.step_A)
    found = tuple(rdf(trajectory, one, partner=other, radii=radii, frames=frames) for one, other in pairs)
    words, stem = words_of(facts, trajectory), out / "rdf"
    motion_documents.write_rdf(found, about=about_run(facts, trajectory), stem=stem)
    motion_figures.draw_rdf(found, words=words, path=stem.with_suffix(".png"))
    pages.rdf_page(found, words=words, path=stem.with_suffix(".html"))
    return found


def drift_of(trajectory: Trajectory, mobile: str) -> msd.Array:
    """Drift of the framework; of the centre of mass where everything is mobile."""
    alone = set(trajectory.species) == {mobile}
    path = msd.drift(trajectory, mobile=mobile, reference="centre of mass" if alone else "framework")
    return np.asarray(path - path[0])


def about_run(facts: RunFacts, trajectory: Trajectory) -> Json:
    """What a document says of its run."""
    return {
        "run": facts.folder.name,
        "run_id": facts.run_id,
        "potential": facts.potential,
        "system": facts.system,
        "temperature_K": facts.temperature_K,
        "seed": facts.seed,
        "state": facts.state,
        "duration_ps": trajectory.duration_ps,
        "frames_read": trajectory.frames,
        "frame_spacing_ps": trajectory.spacing_ps,
    }


def words_of(facts: RunFacts, trajectory: Trajectory) -> str:
    """What a figure says of its run."""
    length = f"{trajectory.duration_ps:.3g} ps"
    return f"{facts.system} with {facts.potential}, {facts.temperature_K:g} K, {length}"
