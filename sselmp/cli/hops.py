"""The commands that follow ions from site to site and compare two runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sselmp import layout
from sselmp.cli import console, trajectories
from sselmp.cli.choices import MEMORY_MB, CampaignOption, PotentialOption, ResultsOption
from sselmp.cli.motion_inputs import Asked, MemoryOption, MobileOption, OutOption, WordsArgument, each, read, sources
from sselmp.cli.trajectory import repeats_of
from sselmp.errors import SettingsError, TrajectoryError

if TYPE_CHECKING:
    from sselmp.report.hop_report import HopReport, HopRequest
    from sselmp.report.motion_sources import Source
    from sselmp.trajectory.run_folder import RunTrajectory
    from sselmp.transport.run_comparison import Comparison

CageOption = Annotated[
    list[str] | None,
    typer.Option("--cage", metavar="SPECIES", help="Tell hops within cages around free atoms of this species."),
]
SitesOption = Annotated[
    str,
    typer.Option(
        "--sites", metavar="structure|density|FILE.toml", help="Where sites come from: the structure, the density's "
        "maxima, or a file with space_group and [[sites]] of label and position.",
    ),
]  # fmt: skip
StructureOption = Annotated[
    str | None,
    typer.Option(
        "--system", "-s", metavar="NAME|FILE", help="The structure whose sites are taken (default: that of the run; "
        "trajectory files have none); without folders and files, the campaign's system.",
    ),
]  # fmt: skip
RadiusOption = Annotated[
    float | None, typer.Option("--radius", min=0.01, help="Radius of a site's core [Å] (default: from the sites).")
]
FoldOption = Annotated[
    str, typer.Option("--fold", metavar="AxBxC", help="Unit cells in the run's cell, for sites from the density.")
]
OneArgument = Annotated[
    Path | None,
    typer.Argument(
        metavar="[FOLDER|FILE[@KELVIN]]", help="A run folder, a results folder, or a trajectory file of your own."
    ),
]
OtherArgument = Annotated[
    Path | None,
    typer.Argument(
        metavar="[FOLDER|FILE[@KELVIN]]", help="Another of the same crystal. Of several runs, those at one temperature."
    ),
]


def hops(
    words: WordsArgument = None,
    cage: CageOption = None,
    sites: SitesOption = "structure",
    system: StructureOption = None,
    radius: RadiusOption = None,
    fold: FoldOption = "1x1x1",
    mobile: MobileOption = None,
    potential: PotentialOption = None,
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
    """Follow ions from site to site: occupancies, residence times, rates, cages, the network of hops, barriers.

    Examples: sselmp trajectory hops --potential sevennet --system Li6PS5Cl --campaign quick --cage S;
    sselmp trajectory hops XDATCAR@600K --frame-spacing 100 --system Li6PS5Cl
    """
    from sselmp.report.hop_document import sentences
    from sselmp.report.hop_results import write_hops

    stated = trajectories.Stated(
        tuple(temperature or ()), timestep, frame_spacing, species, topology, None, start, unwrapped
    )
    asked = Asked(
        tuple(words or ()), campaign, results, potential, system, mobile=mobile, stated=stated, out=out,
        memory_MB=memory, takes_structure=True,
    )  # fmt: skip
    request = _request(asked, sites=sites, radius=radius, fold=fold, cage=cage)
    series: dict[tuple[str, str | None], list[tuple[Source, HopReport]]] = {}

    def show(run: RunTrajectory, source: Source) -> None:
        report = write_hops(run, out=source.out, request=request)
        series.setdefault(source.kind, []).append((source, report))
        console.say(f"\n{source.name}: {report.system} with {report.potential}, {report.temperature_K:g} K")
        for sentence in sentences(report):
            console.say(f"  {sentence}")
        console.say(f"  written to {source.out}: hops.json, .npz, .png, .html")

    each(asked, show)
    for found in series.values():
        _show_barriers(found)


def compare(
    first: OneArgument = None,
    second: OtherArgument = None,
    against: Annotated[
        str | None,
        typer.Option(
            "--against",
            metavar="NAME|CARD.toml",
            help="Without folders and files: the potential whose runs in the "
            "campaign those of --potential are compared with, temperature by temperature.",
        ),
    ] = None,
    cage: CageOption = None,
    sites: SitesOption = "structure",
    system: StructureOption = None,
    radius: RadiusOption = None,
    fold: FoldOption = "1x1x1",
    blocks: Annotated[int, typer.Option("--blocks", min=5, max=200, help="Blocks of time of each run.")] = 16,
    mobile: MobileOption = None,
    potential: PotentialOption = None,
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
    """Say by how much two runs differ in density, van Hove functions, occupancies and rates, and what is noise.

    Examples: sselmp trajectory compare A/runs/900K-seed1-… B/runs/900K-seed1-…;
    sselmp trajectory compare --campaign quick --potential sevennet --against chgnet
    """
    from sselmp.report.motion_sources import paired

    stated = trajectories.Stated(
        tuple(temperature or ()), timestep, frame_spacing, species, topology, None, start, unwrapped
    )
    words = tuple(one for one in (first, second) if one is not None)
    asked = Asked(
        words, campaign, results, potential, system, mobile=mobile, stated=stated, out=None, memory_MB=memory,
        takes_structure=True,
    )  # fmt: skip
    pairs = paired(*_sides(asked, against))
    request = _request(asked, sites=sites, radius=radius, fold=fold, cage=cage)
    failures: list[TrajectoryError] = []
    for one, two in pairs:
        place = _place(one, two, out=out, alone=len(pairs) == 1)
        try:
            _compare(one, two, request=request, blocks=blocks, out=place, memory_MB=memory)
        except TrajectoryError as error:
            if len(pairs) == 1:
                raise
            failures.append(error)
            console.tell(f"{one.name} is left out: {str(error).splitlines()[0]}", style="yellow")
    if len(failures) == len(pairs):
        raise failures[0]


def _sides(asked: Asked, against: str | None) -> tuple[tuple[Source, ...], tuple[Source, ...]]:
    """The runs on either side of a comparison."""
    if len(asked.words) == 2 and against is None:
        if asked.files:
            one, two = sources(asked)
            return (one,), (two,)
        first, second = (sources(replace(asked, words=(word,))) for word in asked.words)
        return first, second
    if asked.words or against is None:
        raise SettingsError(
            "a comparison takes two runs",
            got=f"{len(asked.words)} and {'--against' if against else 'no --against'}",
            allowed="two folders or files; or none, and --against POTENTIAL for a campaign",
            repair="such as: sselmp trajectory compare --campaign quick --potential sevennet --against chgnet",
        )
    return sources(asked), sources(replace(asked, potential=against))


def _place(one: Source, two: Source, *, out: Path | None, alone: bool) -> Path:
    """Folder for a comparison; one that is made of several pairs has a folder for each."""
    if out is not None and alone:
        return out
    return (out or one.out.parent) / f"{one.out.name}-against-{two.out.name}"


def _compare(
    one: Source, two: Source, *, request: HopRequest, blocks: int, out: Path, memory_MB: float
) -> None:  # fmt: skip
    from sselmp.report.hop_results import write_comparison

    first, second = read(one, memory_MB / 2), read(two, memory_MB / 2)
    found = write_comparison(first, second, out=out, request=request, blocks=blocks)
    names = [
        f"{run.facts.potential} {run.facts.temperature_K:g} K ({run.facts.folder.name})" for run in (first, second)
    ]
    console.say(f"\n{names[0]} and {names[1]}")
    headers = ("what", "measure", "value", "from noise", "excess (95 %)", "p", "")
    console.show_table(headers, [_row(row) for row in found])
    console.say(f"written to {out}: {layout.COMPARISON_JSON}, .npz, .png, .html")


def _show_barriers(series: Sequence[tuple[Source, HopReport]]) -> None:
    """Barriers of one system with one potential, where there are several temperatures."""
    from sselmp.report.hop_results import write_barriers
    from sselmp.transport.barriers import Barrier

    source, report = series[0]
    if len({one.temperature_K for one, _ in series}) < 2:
        return
    out = source.out.parent
    console.say(f"\n{report.system} with {report.potential}, rates over temperatures")
    for one in write_barriers([report for _, report in series], out=out):
        if isinstance(one.found, Barrier):
            console.say(f"  {one.name}: barrier {one.found.barrier_eV:.3f} ± {one.found.error_eV:.3f} eV")
        else:
            console.say(f"  {one.name}: no barrier: {one.found.reason}")
    console.say(f"  written to {out}: {layout.HOP_RATES_JSON}, {layout.HOP_RATES_FIGURE}")


def _request(asked: Asked, *, sites: str, radius: float | None, fold: str, cage: list[str] | None) -> HopRequest:
    from sselmp.report.hop_report import DENSITY, STRUCTURE, HopRequest

    if sites not in {STRUCTURE, DENSITY} and not Path(sites).is_file():
        raise SettingsError(
            f"there are no sites '{sites}'", allowed=f"{STRUCTURE}, {DENSITY}, or the path of a TOML file of sites"
        )
    if asked.files and asked.system is None and sites != DENSITY:
        raise SettingsError(
            "the sites need a structure, and trajectory files hold none",
            repair="name it with --system NAME|FILE, or take the sites from the density: --sites density",
        )
    return HopRequest(
        sites=sites,
        system=asked.system,
        radius_A=radius,
        cage=tuple(cage or ()),
        repeats=repeats_of(fold),
    )


def _row(one: Comparison) -> tuple[str, ...]:
    found = one.difference
    low, high = found.interval_95.low, found.interval_95.high
    return (
        one.what,
        found.measure,
        f"{found.value:.3g}",
        f"{found.noise:.3g}",
        f"{found.excess:.2g} ({low:.2g} to {high:.2g})",
        f"{found.chance:.2g}",
        "differs" if found.differs else "not judged: blocks remember" if found.remembers else "not distinct from noise",
    )
