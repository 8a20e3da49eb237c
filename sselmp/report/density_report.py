"""One run to its probability density with all files of it, in one call; computes through the modules for each."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sselmp import files
from sselmp.files import Json
from sselmp.report import density_figures, density_files, density_page, motion_documents
from sselmp.report.density_scene import atom_kinds
from sselmp.report.hop_report import crystal_of
from sselmp.report.ion_motion import about_run, drift_of, words_of
from sselmp.report.isosurface import Surface, isosurface
from sselmp.trajectory.frames import DEFAULT_MEMORY_MB
from sselmp.trajectory.run_folder import RunTrajectory
from sselmp.transport import grid
from sselmp.transport.density import Array, Density, broadened, density, symmetrised
from sselmp.transport.percolation import Percolation, percolation
from sselmp.transport.reference_symmetry import agreement, group_of_name, group_of_structure, placed
from sselmp.transport.surroundings import surroundings
from sselmp.transport.symmetry import SpaceGroup, space_group
from sselmp.transport.unit_cell import Framework, mean_framework

FRAMEWORK, STRUCTURE = "framework", "structure"
_FEW_COUNTS = 5.0  # a density of so few counts could as well be zero


@dataclass(frozen=True)
class DensityOptions:
    """How a density is computed and drawn.

    Attributes:
        species: None for the one that moves.
        spacing_A: Largest distance of the grid's points [Å].
        repeats: Unit cells along each axis in the run's cell, laid on each other.
        symmetrise: ``framework`` for the space group of its mean positions, ``structure`` for that of the structure,
            or the number or symbol of one, in the structure's cell; None for none.
        system: The structure; None for that of the run, which must be a run folder.
        tolerance_A: Of the symmetry of mean positions [Å].
        alike: Species that count as one for it.
        broadening_A: Standard deviation of a Gaussian [Å]; zero for none.
        levels: To draw [a₀⁻³]; without any, four times the mean and the mean.
        memory_MB: For grids [MB].
    """

    species: str | None = None
    spacing_A: float = 0.2
    repeats: grid.Three = (1, 1, 1)
    symmetrise: str | None = None
    system: str | None = None
    tolerance_A: float = 0.3
    alike: tuple[str, ...] = ()
    broadening_A: float = 0.2
    levels: tuple[float, ...] = ()
    memory_MB: float = DEFAULT_MEMORY_MB


@dataclass(frozen=True)
class DensityReport:
    """A density, how it connects, the framework that it is in, and the surfaces drawn.

    Attributes:
        density: The density.
        percolation: At which levels it connects.
        framework: Its mean positions, or the structure's where the symmetry is the structure's.
        surfaces: Levels [a₀⁻³] and their surfaces.
        agreement: Overlap of the framework's density with its average over a given group; None where none was given.
    """

    density: Density
    percolation: Percolation
    framework: Framework
    surfaces: tuple[tuple[float, Surface], ...]
    agreement: float | None


@dataclass(frozen=True)
class _Basis:
    """What a density is relative to: drift (F, 3) [Å], framework, and the group to average over."""

    drift: Array
    framework: Framework
    group: SpaceGroup | None
    agreement: float | None = None


def report_density(run: RunTrajectory, options: DensityOptions, *, out: Path) -> DensityReport:
    """Compute a run's density and write ``density`` as .json, .npz, .cube, .png and .html and CHGCAR into ``out``.

    Raises:
        SettingsError: An option cannot be used on this trajectory, there is no surface at a level, or no such group.
        TrajectoryError: The trajectory lacks the species, or the framework does not have the symmetry asked for.
        RunError: A file cannot be written.
    """
    facts, trajectory = run.facts, run.trajectory
    species = options.species or facts.mobile_species
    trajectory.atoms_of(species)
    memory_bytes = int(options.memory_MB * 1e6)
    basis = _basis(run, options, memory_bytes=memory_bytes)
    points = grid.grid_of(
        trajectory.cells.mean(axis=0),
        spacing_A=options.spacing_A,
        repeats=options.repeats,
        symmetry=basis.group,
        memory_bytes=memory_bytes,
    )
    found = density(trajectory, species, grid=points, drift=basis.drift, memory_bytes=memory_bytes)
    found = broadened(found, width_A=options.broadening_A)
    if basis.group is not None:  # last: then points that symmetry makes equal are equal to the last digit
        found = symmetrised(found, symmetry=basis.group)
    levels = options.levels or _usual_levels(found)
    surfaces = tuple((level, isosurface(found, level=level)) for level in levels)
    report = DensityReport(
        density=found,
        percolation=percolation(found.values, least=found.one_count),
        framework=basis.framework,
        surfaces=surfaces,
        agreement=basis.agreement,
    )
    about = about_run(facts, trajectory) | {
        "symmetrised_by": options.symmetrise,
        "framework_agrees_with_space_group": basis.agreement,
    }
    _write_density(report, about=about, words=words_of(facts, trajectory), out=out)
    return report


def _usual_levels(found: Density) -> tuple[float, ...]:
    """Where the ions are most of the time, and around it what they pass: four times the mean, and the mean."""
    mean = float(found.values.mean())
    return (4.0 * mean, mean) if found.values.max() > 8.0 * mean else (mean,)


def _basis(run: RunTrajectory, options: DensityOptions, *, memory_bytes: int) -> _Basis:
    """What the density is relative to, as asked for."""
    facts, trajectory = run.facts, run.trajectory
    mobile, repeats, asked = facts.mobile_species, options.repeats, options.symmetrise
    if asked in {None, FRAMEWORK}:
        drift = drift_of(trajectory, mobile)
        framework = mean_framework(trajectory, mobile=mobile, drift=drift, repeats=repeats)
        if asked is None:
            return _Basis(drift, framework, None)
        return _Basis(drift, framework, space_group(framework, tolerance_A=options.tolerance_A, alike=options.alike))
    crystal = crystal_of(options.system or facts.system, mobile, purpose="the symmetry")
    around = surroundings(trajectory, mobile)
    place = placed(crystal, around, mobile=mobile, repeats=repeats)
    if asked == STRUCTURE:
        group = group_of_structure(place, mobile=mobile, alike=options.alike)
    else:
        group = group_of_name(str(asked), place, crystal=crystal)
    agreed = agreement(
        trajectory, group, around=around, repeats=repeats, alike=options.alike, memory_bytes=memory_bytes
    )
    return _Basis(around.drift_A, place.framework, group, agreed)


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
    text = density_page.page(
        found, report.percolation, levels=[level for level, _ in surfaces], atoms=atoms, words="; ".join(said)
    )
    files.write_text(stem.with_suffix(".html"), text)


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
