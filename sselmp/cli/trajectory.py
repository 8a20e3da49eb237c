"""Commands about how the ions of a run move: ``sselmp trajectory vanhove|density|rdf``; others join its app."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sselmp.cli import console
from sselmp.cli.choices import MEMORY_MB
from sselmp.errors import SettingsError

app = typer.Typer(
    no_args_is_help=True,
    help="How the ions of run folders move: van Hove functions, densities, radial distributions, hops, differences.",
)

FoldersArgument = Annotated[
    list[Path], typer.Argument(metavar="FOLDER...", help="Run folders, or results folders with runs/ in them.")
]
SpeciesOption = Annotated[
    str | None, typer.Option("--of", metavar="SPECIES", help="Species (default: the mobile one).")
]
OutOption = Annotated[
    Path | None, typer.Option("--out", metavar="FOLDER", help="Where files go (default: trajectory/RUN beside runs/).")
]
MemoryOption = Annotated[
    float, typer.Option("--memory", min=1, metavar="MB", help="For frames (the rest waits on disk), and for grids.")
]
RadiusOption = Annotated[
    float | None, typer.Option("--rmax", metavar="Å", help="Largest distance (default: half the cell).")
]


@app.command()
def vanhove(
    folders: FoldersArgument,
    species: SpeciesOption = None,
    rmax: RadiusOption = None,
    dr: Annotated[float, typer.Option("--dr", metavar="Å", help="Thickness of a shell.")] = 0.1,
    longest: Annotated[
        float | None, typer.Option("--longest", metavar="PS", help="Longest time lag (default: half the trajectory).")
    ] = None,
    lags: Annotated[int, typer.Option("--lags", help="Time lags beside zero.")] = 60,
    origins: Annotated[int, typer.Option("--origins", help="Most time origins a lag.")] = 100,
    memory: MemoryOption = MEMORY_MB,
    out: OutOption = None,
) -> None:
    """Self and distinct van Hove functions, as maps over time and distance."""
    from sselmp.report import ion_motion

    options = ion_motion.VanHoveOptions(
        species=species, r_max_A=rmax, step_A=dr, longest_ps=longest, lags=lags, origins=origins,
        memory_MB=memory,
    )  # fmt: skip
    for run, folder in places_of(folders, out):
        found = ion_motion.report_van_hove(run, options, out=folder)
        console.say(
            f"{run.name}: {found.ions} {found.species}, up to {found.lags_ps[-1]:.3g} ps and "
            f"{found.radii.edges_A[-1]:.3g} Å; {100 * found.beyond[-1]:.2g} % have moved farther by then"
        )
        console.say(f"  written to {folder}: vanhove.json, .npz, .png, .html")


@app.command()
def density(
    folders: FoldersArgument,
    species: SpeciesOption = None,
    spacing: Annotated[float, typer.Option("--spacing", metavar="Å", help="Distance of the grid's points.")] = 0.2,
    fold: Annotated[
        str, typer.Option("--fold", metavar="AxBxC", help="Unit cells in the run's cell, laid on each other.")
    ] = "1x1x1",
    symmetrise: Annotated[
        bool, typer.Option("--symmetrise", help="Average over the space group of the framework's mean positions.")
    ] = False,
    tolerance: Annotated[float, typer.Option("--tolerance", metavar="Å", help="Tolerance of that symmetry.")] = 0.3,
    alike: Annotated[
        str, typer.Option("--alike", metavar="A,B", help="Species that count as one for it: those that share sites.")
    ] = "",
    broaden: Annotated[
        float, typer.Option("--broaden", metavar="Å", help="Standard deviation of a Gaussian; 0 for none.")
    ] = 0.2,
    level: Annotated[
        list[float] | None,
        typer.Option("--level", metavar="A0^-3", help="Level to draw (default: the mean). Repeatable."),
    ] = None,
    memory: MemoryOption = MEMORY_MB,
    out: OutOption = None,
) -> None:
    """Probability density in a0^-3: cube, CHGCAR, isosurfaces, and the levels at which it connects through the cell."""
    from sselmp.report import ion_motion

    options = ion_motion.DensityOptions(
        species=species, spacing_A=spacing, repeats=repeats_of(fold), symmetrise=symmetrise, tolerance_A=tolerance,
        alike=tuple(filter(None, alike.split(","))), broadening_A=broaden, levels=tuple(level or ()),
        memory_MB=memory,
    )  # fmt: skip
    for run, folder in places_of(folders, out):
        report = ion_motion.report_density(run, options, out=folder)
        found = report.density
        shape = "x".join(str(points) for points in found.grid.shape)
        console.say(
            f"{run.name}: {found.species} on {shape} points{f', {found.symmetry}' if found.symmetry else ''}; highest "
            f"{found.values.max():.3g}, mean {found.values.mean():.3g} a₀⁻³; "
            f"{ion_motion.connection_words(report)}"
        )
        console.say(f"  written to {folder}: density.json, .npz, .cube, .png, .html, CHGCAR")


@app.command()
def rdf(
    folders: FoldersArgument,
    pair: Annotated[
        list[str] | None,
        typer.Option("--pair", metavar="A-B", help="B around A (default: all around the mobile one). Repeatable."),
    ] = None,
    rmax: RadiusOption = None,
    dr: Annotated[float, typer.Option("--dr", metavar="Å", help="Thickness of a shell.")] = 0.05,
    frames: Annotated[int, typer.Option("--frames", help="Most frames, spread over the trajectory.")] = 200,
    memory: MemoryOption = MEMORY_MB,
    out: OutOption = None,
) -> None:
    """Radial distribution functions and running coordination numbers between species."""
    from sselmp.report import ion_motion

    options = ion_motion.RdfOptions(
        pairs=tuple(_pair(one) for one in pair or ()), r_max_A=rmax, step_A=dr, frames=frames, memory_MB=memory
    )
    for run, folder in places_of(folders, out):
        found = ion_motion.report_rdf(run, options, out=folder)
        console.say(f"{run.name}: {found[0].frames} frames up to {found[0].radii.edges_A[-1]:.3g} Å")
        rows = []
        for one in found:
            shell = one.first_shell
            numbers = [f"{shell.peak_A:.2f}", f"{shell.end_A:.2f}", f"{shell.coordination:.2f}"] if shell else ["-"] * 3
            rows.append([f"{one.centre}-{one.partner}", *numbers])
        console.show_table(["pair", "first peak Å", "shell ends Å", "coordination"], rows)
        console.say(f"  written to {folder}: rdf.json, .npz, .png, .html")


def places_of(folders: list[Path], out: Path | None) -> list[tuple[Path, Path]]:
    """Run folders and where the results of each go; several runs get a folder each in ``out``."""
    from sselmp.report import ion_motion

    runs = ion_motion.run_folders(folders)
    if out is None:
        return [(run, ion_motion.motion_folder(run)) for run in runs]
    return [(run, out if len(runs) == 1 else out / run.name) for run in runs]


def repeats_of(text: str) -> tuple[int, int, int]:
    """Three whole numbers from such as ``2x2x2``.

    Raises:
        SettingsError: The text is not that.
    """
    parts = text.lower().split("x")
    if len(parts) != 3 or not all(part.isdecimal() and int(part) > 0 for part in parts):
        raise SettingsError("--fold takes three whole numbers", got=text, allowed="such as 2x2x2")
    a, b, c = (int(part) for part in parts)
    return a, b, c


def _pair(text: str) -> tuple[str, str]:
    centre, _, partner = text.partition("-")
    if not centre or not partner:
        raise SettingsError("--pair takes two species", got=text, allowed="such as Li-S")
    return centre, partner
