"""The commands that follow ions from site to site and compare two runs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sselmp import layout
from sselmp.cli import console
from sselmp.cli.choices import MEMORY_MB
from sselmp.cli.trajectory import FoldersArgument, MemoryOption, OutOption, places_of, repeats_of
from sselmp.errors import SettingsError

if TYPE_CHECKING:
    from sselmp.report.hop_report import HopRequest
    from sselmp.transport.run_comparison import Comparison

MobileOption = Annotated[str | None, typer.Option("--mobile", help="Species that hops (default: the run's own).")]
SitesOption = Annotated[
    str,
    typer.Option(
        "--sites", metavar="structure|density|FILE.toml", help="Where sites come from: the structure, the density's "
        "maxima, or a file with space_group and [[sites]] of label and position.",
    ),
]  # fmt: skip
StructureOption = Annotated[
    str | None,
    typer.Option("--system", "-s", metavar="NAME|FILE", help="The structure (default: the run's system)."),
]
RadiusOption = Annotated[
    float | None, typer.Option("--radius", min=0.01, help="Radius of a site's core [Å] (default: from the sites).")
]
FoldOption = Annotated[
    str, typer.Option("--fold", metavar="AxBxC", help="Unit cells in the run's cell, for sites from the density.")
]


def hops(
    folders: FoldersArgument,
    cage: Annotated[
        list[str] | None,
        typer.Option("--cage", metavar="SPECIES", help="Tell hops within cages around free atoms of this species."),
    ] = None,
    mobile: MobileOption = None,
    sites: SitesOption = "structure",
    system: StructureOption = None,
    radius: RadiusOption = None,
    fold: FoldOption = "1x1x1",
    memory: MemoryOption = MEMORY_MB,
    out: OutOption = None,
) -> None:
    """Follow ions from site to site: occupancies, residence times, rates, cages, the network of hops, barriers.

    Example: sselmp trajectory hops results/quick/sevennet/Li6PS5Cl --cage S
    """
    from sselmp.report.hop_document import sentences
    from sselmp.report.hop_results import write_hops
    from sselmp.transport.barriers import Barrier

    request = _request(mobile, sites=sites, system=system, radius=radius, fold=fold, memory=memory, cage=cage)
    places = places_of(folders, out)
    results = write_hops(places, request=request)
    for report in results.reports:
        console.say(f"\n{report.name}: {report.system} with {report.potential}, {report.temperature_K:g} K")
        for sentence in sentences(report):
            console.say(f"  {sentence}")
    for one in results.barriers if len(results.reports) > 1 else ():
        if isinstance(one.found, Barrier):
            console.say(f"{one.name}: barrier {one.found.barrier_eV:.3f} ± {one.found.error_eV:.3f} eV")
        else:
            console.say(f"{one.name}: no barrier: {one.found.reason}")
    for _, place in places:
        console.say(f"written to {place}: hops.json, .npz, .png, .html")


def compare(
    first: Annotated[Path, typer.Argument(metavar="FOLDER", help="A run folder.")],
    second: Annotated[Path, typer.Argument(metavar="FOLDER", help="Another run folder of the same crystal.")],
    mobile: MobileOption = None,
    sites: SitesOption = "structure",
    system: StructureOption = None,
    radius: RadiusOption = None,
    fold: FoldOption = "1x1x1",
    blocks: Annotated[int, typer.Option("--blocks", min=5, max=200, help="Blocks of time of each run.")] = 16,
    memory: MemoryOption = MEMORY_MB,
    out: OutOption = None,
) -> None:
    """Say by how much two runs differ in density, van Hove functions and occupancies, and what is noise.

    Example: sselmp trajectory compare A/runs/900K-seed1-… B/runs/900K-seed1-…
    """
    from sselmp.report.hop_results import write_comparison

    request = _request(mobile, sites=sites, system=system, radius=radius, fold=fold, memory=memory, cage=None)
    ((_, place),) = places_of([first], out)
    found = write_comparison(first, second, out=place, request=request, blocks=blocks)
    headers = ("what", "measure", "value", "from noise", "excess (95 %)", "p", "")
    console.show_table(headers, [_row(one) for one in found])
    console.say(f"written to {place}: {layout.COMPARISON_JSON}, {layout.COMPARISON_FIGURE}")


def _request(
    mobile: str | None,
    *,
    sites: str,
    system: str | None,
    radius: float | None,
    fold: str,
    memory: float,
    cage: list[str] | None,
) -> HopRequest:
    from sselmp.report.hop_report import DENSITY, STRUCTURE, HopRequest

    if sites not in {STRUCTURE, DENSITY} and not Path(sites).is_file():
        raise SettingsError(
            f"there are no sites '{sites}'", allowed=f"{STRUCTURE}, {DENSITY}, or the path of a TOML file of sites"
        )
    return HopRequest(
        mobile=mobile,
        sites=sites,
        system=system,
        radius_A=radius,
        cage=tuple(cage or ()),
        repeats=repeats_of(fold),
        memory_MB=memory,
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
