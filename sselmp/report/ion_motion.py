"""One run to van Hove functions, a density or radial distributions, with their files; each in one call."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sselmp.files import Json
from sselmp.report import density_figures, density_files, motion_documents, motion_figures, pages
from sselmp.report.density_scene import atom_kinds
from sselmp.report.isosurface import Surface, isosurface
from sselmp.trajectory.frames import DEFAULT_MEMORY_MB
from sselmp.trajectory.record import Trajectory
from sselmp.trajectory.run_folder import RunFacts, RunTrajectory
from sselmp.transport import grid, msd
from sselmp.transport.density import Density, broadened, density, symmetrised
from sselmp.transport.pairs import radii_within
from sselmp.transport.percolation import Percolation, percolation
from sselmp.transport.rdf import Rdf, rdf, spread_frames
from sselmp.transport.symmetry import space_group
from sselmp.transport.unit_cell import Framework, mean_framework
from sselmp.transport.van_hove import VanHove, sample_lags, van_hove

_FEW_COUNTS = 5.0  # a density of so few counts could as well be zero


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
class DensityOptions:
    """How a density is computed and which levels are drawn [a₀⁻³]; without any, its mean."""

    species: str | None = None
    spacing_A: float = 0.2
    repeats: grid.Three = (1, 1, 1)
    symmetrise: bool = False
    tolerance_A: float = 0.3
    alike: tuple[str, ...] = ()
    broadening_A: float = 0.2
    levels: tuple[float, ...] = ()
    memory_MB: float = DEFAULT_MEMORY_MB


@dataclass(frozen=True)
class RdfOptions:
    """Which pairs (centre, partner); without any, all with the mobile species at the centre."""

    pairs: tuple[tuple[str, str], ...] = ()
    r_max_A: float | None = None
    step_A: float = 0.05
    frames: int = 200
    memory_MB: float = DEFAULT_MEMORY_MB


@dataclass(frozen=True)
class DensityReport:
    """A density, how it connects, the framework that it is in, and the surfaces drawn, by level [a₀⁻³]."""

    density: Density
    percolation: Percolation
    framework: Framework
    surfaces: tuple[tuple[float, Surface], ...]


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
        drift=_drift(trajectory, facts.mobile_species),
    )
    words, stem = _words(facts, trajectory), out / "vanhove"
    motion_documents.write_van_hove(found, about=_about(facts, trajectory), stem=stem)
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
    words, stem = _words(facts, trajectory), out / "rdf"
    motion_documents.write_rdf(found, about=_about(facts, trajectory), stem=stem)
    motion_figures.draw_rdf(found, words=words, path=stem.with_suffix(".png"))
    pages.rdf_page(found, words=words, path=stem.with_suffix(".html"))
    return found


def report_density(run: RunTrajectory, options: DensityOptions, *, out: Path) -> DensityReport:
    """Compute a run's density and write ``density`` as .json, .npz, .cube, .png and .html and CHGCAR into ``out``.

    Raises:
        SettingsError: An option cannot be used on this trajectory, or there is no surface at a level.
        TrajectoryError: The trajectory lacks the species.
        RunError: A file cannot be written.
    """
    facts, trajectory = run.facts, run.trajectory
    species = options.species or facts.mobile_species
    trajectory.atoms_of(species)
    drift = _drift(trajectory, facts.mobile_species)
    framework = mean_framework(trajectory, mobile=facts.mobile_species, drift=drift, repeats=options.repeats)
    group = space_group(framework, tolerance_A=options.tolerance_A, alike=options.alike) if options.symmetrise else None
    points = grid.grid_of(
        trajectory.cells.mean(axis=0),
        spacing_A=options.spacing_A,
        repeats=options.repeats,
        symmetry=group,
        memory_bytes=int(options.memory_MB * 1e6),
    )
    found = density(trajectory, species, grid=points, drift=drift, memory_bytes=int(options.memory_MB * 1e6))
    found = broadened(found, width_A=options.broadening_A)
    if group is not None:  # last: then points that symmetry makes equal are equal to the last digit
        found = symmetrised(found, symmetry=group)
    levels = options.levels or (float(found.values.mean()),)
    surfaces = tuple((level, isosurface(found, level=level)) for level in levels)
    report = DensityReport(
        density=found,
        percolation=percolation(found.values, least=found.one_count),
        framework=framework,
        surfaces=surfaces,
    )
    _write_density(report, about=_about(facts, trajectory), words=_words(facts, trajectory), out=out)
    return report


def _write_density(report: DensityReport, *, about: Json, words: str, out: Path) -> None:
    found, framework, surfaces, stem = report.density, report.framework, report.surfaces, out / "density"
    motion_documents.write_density(
        found, report.percolation, surfaces=surfaces, about=about, path=stem.with_suffix(".json")
    )
    density_files.write_arrays(found, framework, path=stem.with_suffix(".npz"))
    density_files.write_cube(found, framework, path=stem.with_suffix(".cube"))
    if framework.species:
        density_files.write_chgcar(found, framework, path=out / "CHGCAR")
    atoms, said = atom_kinds(framework, found.grid), (words, connection_words(report))
    density_figures.draw_density(found, surfaces, atoms=atoms, words="\n".join(said), path=stem.with_suffix(".png"))
    pages.density_page(found, surfaces, atoms=atoms, words="; ".join(said), path=stem.with_suffix(".html"))


def connection_words(report: DensityReport) -> str:
    """At which levels a density connects, in words, and whether that rests on a few counts."""
    one_count = report.density.one_count
    levels = [None if one is None else one.level for one in report.percolation.dimensions]
    if levels[0] is None:
        return f"connects through the cell at no level above one count, {one_count:.2g} a₀⁻³"
    parts: dict[float, list[str]] = {}
    for number, level in enumerate(levels, start=1):
        if level is not None:
            parts.setdefault(level, []).append(str(number))
    spans = {level: " to ".join(sorted({numbers[0], numbers[-1]})) for level, numbers in parts.items()}
    said = ", ".join(f"in {span} D at {level:.3g}" for level, span in spans.items())
    along = ", ".join(axis for axis, one in zip("abc", report.percolation.axes, strict=True) if one is not None)
    few = ": few were seen" if levels[0] < _FEW_COUNTS * one_count else ""
    return f"connects {said} a₀⁻³, along {along} (one count adds {one_count:.2g}{few})"


def _drift(trajectory: Trajectory, mobile: str) -> msd.Array:
    """Drift of the framework; of the centre of mass where everything is mobile."""
    alone = set(trajectory.species) == {mobile}
    path = msd.drift(trajectory, mobile=mobile, reference="centre of mass" if alone else "framework")
    return np.asarray(path - path[0])


def _about(facts: RunFacts, trajectory: Trajectory) -> Json:
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


def _words(facts: RunFacts, trajectory: Trajectory) -> str:
    length = f"{trajectory.duration_ps:.3g} ps"
    return f"{facts.system} with {facts.potential}, {facts.temperature_K:g} K, {length}"
