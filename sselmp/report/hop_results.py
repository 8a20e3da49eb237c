"""Hops of run folders, and the comparison of two, written to files; analyses through the modules for each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sselmp import files, layout
from sselmp.files import Json
from sselmp.report import hop_document
from sselmp.report.hop_report import HopReport, HopRequest, report_run, sites_for
from sselmp.report.jump_picture import BETWEEN, OTHER, WITHIN
from sselmp.trajectory.run_folder import RunTrajectory
from sselmp.transport.arrhenius import Refusal
from sselmp.transport.barriers import Barrier, RateAt, barrier_of
from sselmp.transport.counting import Rate, pooled
from sselmp.transport.run_comparison import BLOCKS, Comparison, compare_runs, pair_up


@dataclass(frozen=True)
class NamedBarrier:
    """The barrier of one class of hops, or why there is none."""

    name: str
    found: Barrier | Refusal


def write_hops(run: RunTrajectory, *, out: Path, request: HopRequest) -> HopReport:
    """Analyse the hops of one run and write ``hops.json``, ``.npz``, ``.png`` and ``.html``.

    Args:
        run: The run.
        out: Folder for the results.
        request: How to analyse it.

    Raises:
        SettingsError: Sites that do not exist.
        RunError: A file cannot be written.
        TrajectoryError: The run cannot be analysed.
    """
    report = report_run(run, request)
    _write(report, out)
    return report


def write_barriers(reports: Sequence[HopReport], *, out: Path) -> tuple[NamedBarrier, ...]:
    """Fit barriers to the rates of one system and potential at several temperatures; write ``rates.json`` and ``.png``.

    Args:
        reports: The hops of each run.
        out: Folder for the results.

    Raises:
        RunError: A file cannot be written.
    """
    barriers = _barriers(reports)
    _write_rates(reports, barriers, out=out)
    return barriers


def write_comparison(
    first: RunTrajectory, second: RunTrajectory, *, out: Path, request: HopRequest, blocks: int = BLOCKS
) -> tuple[Comparison, ...]:
    """Compare two runs; write ``comparison.json``, ``.npz``, ``.png`` and ``.html``.

    Args:
        first: A run.
        second: Another, of the same crystal.
        out: Folder for the results.
        request: The sites; the unit cells along each axis are those of the first run.
        blocks: Blocks of time of each run.

    Raises:
        RunError: A file cannot be written.
        SettingsError: The sites asked for do not exist.
        TrajectoryError: The runs cannot be compared.
    """
    from sselmp.report.comparison_figures import draw_comparison
    from sselmp.report.pages import comparison_page

    runs = (first, second)
    mobile = first.facts.mobile_species
    system = request.system or runs[0].facts.system
    one, two = pair_up(runs[0].trajectory, runs[1].trajectory, mobile=mobile, repeats=request.repeats)
    sites = sites_for(one.trajectory, one.around, mobile=mobile, request=request, system=system)
    one, two = pair_up(runs[0].trajectory, runs[1].trajectory, mobile=mobile, repeats=sites.repeats)
    found = compare_runs(one, two, sites=sites, cage=request.cage, blocks=blocks)
    names = [f"{run.facts.potential} {run.facts.temperature_K:g} K ({run.facts.folder.name})" for run in runs]
    plain = hop_document.comparison(found, first=names[0], second=names[1])
    files.write_text(out / layout.COMPARISON_JSON, hop_document.json_text(plain))
    with files.whole(out / layout.COMPARISON_ARRAYS) as temporary, temporary.open("wb") as stream:
        np.savez_compressed(stream, allow_pickle=False, **hop_document.comparison_arrays(found))
    draw_comparison(found, out / layout.COMPARISON_FIGURE, names=(names[0], names[1]))
    comparison_page(found, names=(names[0], names[1]), path=out / layout.COMPARISON_PAGE)
    return found


def _write(report: HopReport, out: Path) -> None:
    from sselmp.report.hop_figures import draw_hops
    from sselmp.report.hop_page import page

    files.write_text(out / "hops.json", hop_document.json_text(hop_document.document(report)))
    with files.whole(out / "hops.npz") as temporary, temporary.open("wb") as stream:
        np.savez_compressed(stream, allow_pickle=False, **hop_document.arrays(report))
    draw_hops(report, out / "hops.png")
    files.write_text(out / "hops.html", page(report))


def _barriers(reports: Sequence[HopReport]) -> tuple[NamedBarrier, ...]:
    """Barriers of all hops and, with cages, of those within and between them; runs at a temperature are pooled."""
    caged = [report.analysis.cages for report in reports]
    series: dict[str, list[Rate]] = {"all hops": [report.analysis.total for report in reports]}
    if all(found is not None for found in caged):
        series["within cages"] = [found.within for found in caged if found is not None]
        series["between cages"] = [found.between for found in caged if found is not None]
    kelvins = [report.temperature_K for report in reports]
    named = []
    for name, rates in series.items():
        at = [
            RateAt(kelvin, pooled([rate for k, rate in zip(kelvins, rates, strict=True) if k == kelvin]))
            for kelvin in sorted(set(kelvins))
        ]
        named.append(NamedBarrier(name=name, found=barrier_of(at)))
    return tuple(named)


def _write_rates(reports: Sequence[HopReport], found: Sequence[NamedBarrier], *, out: Path) -> None:
    from sselmp.report.hop_figures import draw_rates_over_temperatures

    rows: list[Json] = []
    for report in reports:
        total, cages = report.analysis.total, report.analysis.cages
        row: Json = {"run": report.name, "temperature_K": report.temperature_K, "all": hop_document.rate(total)}
        if cages is not None:
            row |= {"within": hop_document.rate(cages.within), "between": hop_document.rate(cages.between)}
        rows.append(row)
    barriers = [hop_document.barrier(one.name, one.found) for one in found]
    plain: Json = {"format": "sselmp-hop-rates-1", "runs": rows, "barriers": barriers}
    files.write_text(out / layout.HOP_RATES_JSON, hop_document.json_text(plain))
    named = {"all hops": OTHER, "within cages": WITHIN, "between cages": BETWEEN}
    draw_rates_over_temperatures(
        reports, {named[one.name]: one.found for one in found}, path=out / layout.HOP_RATES_FIGURE
    )
