"""What analysing run folders or files shows on the terminal, with bars while it takes long; computes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sselmp import layout
from sselmp.cli import console

if TYPE_CHECKING:
    from sselmp.report.question import Question
    from sselmp.report.transport_report import TransportReport
    from sselmp.settings import Campaign


def asked_of(campaign: Campaign) -> Question:
    """What a campaign's settings ask of its runs."""
    from sselmp.report.question import Question
    from sselmp.transport.method import Method

    wanted = campaign.transport
    return Question(
        mobile_species=wanted.mobile_species,
        extrapolate_to_K=wanted.extrapolate_to_K,
        method=Method(reference=wanted.reference, start_ps=wanted.fit_start_ps),
    )


def analyze_each(folders: Sequence[Path], question: Question, *, notice: str | None, memory_MB: float) -> None:
    """Analyse the folders of each potential and system apart, and show what came out."""
    together: dict[Path, list[Path]] = {}
    for folder in folders:
        together.setdefault(folder.parent.parent, []).append(folder)
    for out, runs in together.items():
        analyze_runs(runs, question, out=out, notice=notice, memory_MB=memory_MB)


def analyze_runs(
    folders: Sequence[Path], question: Question, *, out: Path, notice: str | None, memory_MB: float
) -> None:
    """Analyse the folders of one potential and system together, and show what came out."""
    from sselmp.report.analyze import analyze

    with console.stage_bars() as on_stage:
        report = analyze(folders, question, out=out, notice=notice, memory_MB=memory_MB, on_stage=on_stage)
    show(report, out)


def show(report: TransportReport, out: Path) -> None:
    """Print what was found, and where it was written."""
    from sselmp.report import transport_tables

    table = transport_tables.table(report)
    console.say(f"\n{report.system} with {report.potential}")
    console.show_table(table.headers, table.rows)
    charge = transport_tables.charge_table(report)
    if charge.rows:
        console.say("")
        console.show_table(charge.headers, charge.rows)
    for sentence in transport_tables.sentences(report):
        console.say(sentence)
    names = (layout.TRANSPORT_JSON, layout.TRANSPORT_CSV, layout.MSD_FIGURE, layout.ARRHENIUS_FIGURE)
    console.say(f"written to {out}: {', '.join(names)}")
