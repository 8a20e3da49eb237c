"""Commands about how the ions of a run move: ``sselmp trajectory vanhove|density|rdf``; others join its app."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sselmp.cli import console, trajectories
from sselmp.cli.choices import MEMORY_MB, CampaignOption, PotentialOption, ResultsOption, SystemOption
from sselmp.cli.motion_inputs import Asked, MemoryOption, MobileOption, OutOption, WordsArgument, each
from sselmp.errors import SettingsError

if TYPE_CHECKING:
    from sselmp.report.density_report import DensityReport
    from sselmp.report.motion_sources import Source
    from sselmp.trajectory.run_folder import RunTrajectory

app = typer.Typer(
    no_args_is_help=True,
    help="How the ions move, of run folders, of a campaign, or of trajectory files of your own: van Hove functions, "
    "densities, radial distributions, hops, differences between runs.",
)

SpeciesOption = Annotated[
    str | None, typer.Option("--of", metavar="SPECIES", help="Species that is looked at (default: the mobile one).")
]
StructureOption = Annotated[
    str | None,
    typer.Option(
        "--system", "-s", metavar="NAME|FILE", help="The structure whose symmetry is taken (default: that of the run; "
        "trajectory files have none); without folders and files, the campaign's system.",
    ),
]  # fmt: skip
RadiusOption = Annotated[
    float | None, typer.Option("--rmax", metavar="Å", help="Largest distance (default: half the cell).")
]


@app.command()
def vanhove(
    words: WordsArgument = None,
    of: SpeciesOption = None,
    rmax: RadiusOption = None,
    dr: Annotated[float, typer.Option("--dr", metavar="Å", help="Thickness of a shell.")] = 0.1,
    longest: Annotated[
        float | None, typer.Option("--longest", metavar="PS", help="Longest time lag (default: half the trajectory).")
    ] = None,
    lags: Annotated[int, typer.Option("--lags", help="Time lags beside zero.")] = 60,
    origins: Annotated[int, typer.Option("--origins", help="Most time origins a lag.")] = 100,
    mobile: MobileOption = None,
    potential: PotentialOption = None,
    system: SystemOption = None,
    campaign: CampaignOption = "quick",
    results: ResultsOption = Path("results"),
    temperature: trajectories.TemperatureOption = None,
    timestep: trajectories.TimestepOption = None,
    frame_spacing: trajectories.SpacingOption = None,
    species: trajectories.SpeciesOption = None,
    topology: trajectories.TopologyOption = None,
    start: trajectories.StartOption = 0.0,
    unwrapped: trajectories.UnwrappedOption = False,
    memory: MemoryOption = MEMORY_MB,
    out: OutOption = None,
) -> None:
    """Self and distinct van Hove functions, as maps over time and distance.

    Examples: sselmp trajectory vanhove --campaign quick;
    sselmp trajectory vanhove run.lammpstrj@700K --timestep 2 --species Li,P,S,Cl
    """
    from sselmp.report import ion_motion

    stated = trajectories.Stated(
        tuple(temperature or ()), timestep, frame_spacing, species, topology, None, start, unwrapped
    )
    asked = Asked(
        tuple(words or ()), campaign, results, potential, system, mobile=mobile, stated=stated, out=out,
        memory_MB=memory,
    )  # fmt: skip
    options = ion_motion.VanHoveOptions(
        species=of, r_max_A=rmax, step_A=dr, longest_ps=longest, lags=lags, origins=origins,
        memory_MB=memory,
    )  # fmt: skip

    def show(run: RunTrajectory, source: Source) -> None:
        found = ion_motion.report_van_hove(run, options, out=source.out)
        console.say(
            f"{source.name}: {found.ions} {found.species}, up to {found.lags_ps[-1]:.3g} ps and "
            f"{found.radii.edges_A[-1]:.3g} Å; {100 * found.beyond[-1]:.2g} % have moved farther by then"
        )
        console.say(f"  written to {source.out}: vanhove.json, .npz, .png, .html")

    each(asked, show)


@app.command()
def density(
    words: WordsArgument = None,
    of: SpeciesOption = None,
    spacing: Annotated[float, typer.Option("--spacing", metavar="Å", help="Distance of the grid's points.")] = 0.2,
    fold: Annotated[
        str, typer.Option("--fold", metavar="AxBxC", help="Unit cells in the run's cell, laid on each other.")
    ] = "1x1x1",
    symmetrise: Annotated[
        str | None,
        typer.Option(
            "--symmetrise",
            metavar="framework|structure|GROUP",
            help="Average over the space group of the framework's "
            "mean positions, of the structure (--system), or over one by number or symbol in the structure's cell.",
        ),
    ] = None,
    tolerance: Annotated[
        float, typer.Option("--tolerance", metavar="Å", help="Tolerance for that of mean positions.")
    ] = 0.3,
    alike: Annotated[
        str, typer.Option("--alike", metavar="A,B", help="Species that count as one for it: those that share sites.")
    ] = "",
    broaden: Annotated[
        float, typer.Option("--broaden", metavar="Å", help="Standard deviation of a Gaussian; 0 for none.")
    ] = 0.2,
    level: Annotated[
        list[float] | None,
        typer.Option(
            "--level", metavar="A0^-3", help="Level to draw (default: four times the mean, and the mean). Repeatable."
        ),
    ] = None,
    mobile: MobileOption = None,
    potential: PotentialOption = None,
    system: StructureOption = None,
    campaign: CampaignOption = "quick",
    results: ResultsOption = Path("results"),
    temperature: trajectories.TemperatureOption = None,
    timestep: trajectories.TimestepOption = None,
    frame_spacing: trajectories.SpacingOption = None,
    species: trajectories.SpeciesOption = None,
    topology: trajectories.TopologyOption = None,
    start: trajectories.StartOption = 0.0,
    unwrapped: trajectories.UnwrappedOption = False,
    memory: MemoryOption = MEMORY_MB,
    out: OutOption = None,
) -> None:
    """Probability density in a0^-3: cube, CHGCAR, isosurfaces, and the levels at which it connects through the cell.

    Example: sselmp trajectory density RUN --fold 2x2x2 --symmetrise structure --level 0.003
    """
    from sselmp.report import density_report

    stated = trajectories.Stated(
        tuple(temperature or ()), timestep, frame_spacing, species, topology, None, start, unwrapped
    )
    asked = Asked(
        tuple(words or ()), campaign, results, potential, system, mobile=mobile, stated=stated, out=out,
        memory_MB=memory, takes_structure=needs_structure(symmetrise),
    )  # fmt: skip
    if asked.files and system is None and needs_structure(symmetrise):
        raise SettingsError(
            f"a density symmetrised by '{symmetrise}' needs a structure, and trajectory files hold none",
            repair="name it with --system NAME|FILE, or take the mean positions: --symmetrise framework",
        )
    options = density_report.DensityOptions(
        species=of, spacing_A=spacing, repeats=repeats_of(fold), symmetrise=symmetrise, system=system,
        tolerance_A=tolerance, alike=tuple(filter(None, alike.split(","))), broadening_A=broaden,
        levels=tuple(level or ()), memory_MB=memory,
    )  # fmt: skip

    def show(run: RunTrajectory, source: Source) -> None:
        report = density_report.report_density(run, options, out=source.out)
        found = report.density
        shape = "x".join(str(points) for points in found.grid.shape)
        console.say(
            f"{source.name}: {found.species} on {shape} points{_symmetry_words(report)}; "
            f"highest {found.values.max():.3g}, mean {found.values.mean():.3g} a₀⁻³; "
            f"{density_report.connection_words(report)}"
        )
        console.say(f"  written to {source.out}: density.json, .npz, .cube, .png, .html, CHGCAR")

    each(asked, show)


@app.command()
def rdf(
    words: WordsArgument = None,
    pair: Annotated[
        list[str] | None,
        typer.Option("--pair", metavar="A-B", help="B around A (default: all around the mobile one). Repeatable."),
    ] = None,
    rmax: RadiusOption = None,
    dr: Annotated[float, typer.Option("--dr", metavar="Å", help="Thickness of a shell.")] = 0.05,
    frames: Annotated[int, typer.Option("--frames", help="Most frames, spread over the trajectory.")] = 200,
    mobile: MobileOption = None,
    potential: PotentialOption = None,
    system: SystemOption = None,
    campaign: CampaignOption = "quick",
    results: ResultsOption = Path("results"),
    temperature: trajectories.TemperatureOption = None,
    timestep: trajectories.TimestepOption = None,
    frame_spacing: trajectories.SpacingOption = None,
    species: trajectories.SpeciesOption = None,
    topology: trajectories.TopologyOption = None,
    start: trajectories.StartOption = 0.0,
    unwrapped: trajectories.UnwrappedOption = False,
    memory: MemoryOption = MEMORY_MB,
    out: OutOption = None,
) -> None:
    """Radial distribution functions and running coordination numbers between species.

    Examples: sselmp trajectory rdf RUN --pair Li-S; sselmp trajectory rdf XDATCAR@600K --frame-spacing 100
    """
    from sselmp.report import ion_motion

    stated = trajectories.Stated(
        tuple(temperature or ()), timestep, frame_spacing, species, topology, None, start, unwrapped
    )
    asked = Asked(
        tuple(words or ()), campaign, results, potential, system, mobile=mobile, stated=stated, out=out,
        memory_MB=memory,
    )  # fmt: skip
    options = ion_motion.RdfOptions(
        pairs=tuple(_pair(one) for one in pair or ()), r_max_A=rmax, step_A=dr, frames=frames, memory_MB=memory
    )

    def show(run: RunTrajectory, source: Source) -> None:
        found = ion_motion.report_rdf(run, options, out=source.out)
        console.say(f"{source.name}: {found[0].frames} frames up to {found[0].radii.edges_A[-1]:.3g} Å")
        rows = []
        for one in found:
            shell = one.first_shell
            numbers = [f"{shell.peak_A:.2f}", f"{shell.end_A:.2f}", f"{shell.coordination:.2f}"] if shell else ["-"] * 3
            rows.append([f"{one.centre}-{one.partner}", *numbers])
        console.show_table(["pair", "first peak Å", "shell ends Å", "coordination"], rows)
        console.say(f"  written to {source.out}: rdf.json, .npz, .png, .html")

    each(asked, show)


def needs_structure(symmetrise: str | None) -> bool:
    """Whether a density is symmetrised by something that lies in a structure."""
    return symmetrise not in {None, "framework"}


def _symmetry_words(report: DensityReport) -> str:
    if not report.density.symmetry:
        return ""
    agreed = "" if report.agreement is None else f" (the framework agrees to {report.agreement:.0%})"
    return f", {report.density.symmetry}{agreed}"


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
