"""The command that says how long runs must be for a wanted precision."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sselmp import files, layout
from sselmp.cli import console
from sselmp.errors import SettingsError

if TYPE_CHECKING:
    from sselmp.report.plan import Findings


def plan(
    sources: Annotated[
        list[Path], typer.Argument(metavar="FOLDER|transport.json...", help="Short runs' folders, or their results.")
    ],
    at: Annotated[
        list[float] | None, typer.Option("--at", min=1.0, metavar="KELVIN", help="Plan for it; may be repeated.")
    ] = None,
    precision: Annotated[float, typer.Option("--precision", help="Relative standard error of D that is wanted.")] = 0.1,
    replicas: Annotated[int, typer.Option("--replicas", min=1, help="Independent runs at each temperature.")] = 3,
    ms_per_step: Annotated[
        float | None, typer.Option("--ms-per-step", min=0.0, help="Cost of a step (default: what the logs say).")
    ] = None,
    timestep: Annotated[
        float | None, typer.Option("--timestep", metavar="FS", help="Time step (default: the runs').")
    ] = None,
    json: Annotated[Path | None, typer.Option("--json", metavar="FILE", help="Write the plan as JSON.")] = None,
    csv: Annotated[Path | None, typer.Option("--csv", metavar="FILE", help="Write the plan as CSV.")] = None,
) -> None:
    """From short runs: how many nanoseconds, replicas and hours give D(T) to ±10 %, with the plan's own uncertainty.

    Example: sselmp plan results/quick/sevennet/Li6PS5Cl --at 600 --at 500
    """
    from sselmp.report import plan as report
    from sselmp.transport.planning import Goal
    from sselmp.transport.planning import plan as make

    found, folders = _findings(sources)
    cost, step = report.step_cost(folders)
    step = timestep / 1000.0 if timestep is not None else step
    if step is None:
        raise SettingsError("the time step of the runs is not known", repair="state it: --timestep 2")
    goal = Goal(
        precision=precision, replicas=replicas, timestep_ps=step, ms_per_step=ms_per_step or cost, hop_length_A=2.5
    )
    kelvins = sorted(set(at)) if at else [one.temperature_K for one in found.temperatures]
    made = make(report.measured(found), report.expected(found, kelvins), goal=report.goal_of(found, goal))
    shown = report.table(made)
    console.say(f"\n{found.system} with {found.potential}")
    console.show_table(shown.headers, shown.rows)
    for sentence in report.sentences(made):
        console.say(sentence)
    for path, text in ((json, report.json_text(made, found)), (csv, report.csv_text(made))):
        if path is not None:
            files.write_text(path, text)
            console.say(f"written to {path}")


def _findings(sources: list[Path]) -> tuple[Findings, list[Path]]:
    """What the sources found, and the run folders behind it."""
    from sselmp.report import plan as report
    from sselmp.report.analyze import examine
    from sselmp.report.question import Question
    from sselmp.report.transport_tables import json_text

    if all((source / layout.MANIFEST).is_file() for source in sources):
        with console.stage_bars() as on_stage:
            examined = examine(sources, Question(), on_stage=on_stage)
        return report.Findings.model_validate_json(json_text(examined)), sources
    if len(sources) > 1:
        raise SettingsError(
            "a plan is made from run folders or from one transport.json",
            got=", ".join(source.name for source in sources),
        )
    path = sources[0] / layout.TRANSPORT_JSON if sources[0].is_dir() else sources[0]
    found = report.read_findings(path)
    return found, [path.parent / layout.RUNS / run.run for run in found.runs]
