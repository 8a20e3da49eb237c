"""The command that asks how much of D is the thermostat's."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sselmp import layout
from sselmp.cli import console
from sselmp.cli.choices import RanksOption, ResultsOption, SkipPreflightOption, ThreadsOption, WalltimeOption
from sselmp.cli.gate import Gate
from sselmp.cli.stages import Beside, run_all
from sselmp.errors import FAILURE, RunError
from sselmp.launch.argv import RunOptions


def thermostat(
    folder: Annotated[Path, typer.Argument(metavar="RUN_FOLDER", help="A finished run at constant temperature.")],
    production: Annotated[
        float | None, typer.Option("--ps", min=0.001, help="Length at constant energy (default: the run's production).")
    ] = None,
    results: ResultsOption = Path("results"),
    ranks: RanksOption = 1,
    threads: ThreadsOption = None,
    walltime: WalltimeOption = None,
    skip_preflight: SkipPreflightOption = False,
) -> None:
    """Continue a finished NVT run at constant energy and compare D with and without its thermostat.

    Run it again to resume. Exit 1: the two must not be compared, for the reason printed.
    """
    from sselmp.inputs.constant_energy import Ending, check_source, prepare_constant_energy
    from sselmp.launch.restarts import newest_restart
    from sselmp.report import thermostat as report

    record = check_source(folder)
    restart = newest_restart(folder)
    if restart is None or restart.step != record.total_steps:
        raise RunError(
            f"{folder} has no restart file of its last step",
            got="none" if restart is None else f"step {restart.step} of {record.total_steps}",
            repair="run it again: 'sselmp run' writes one at its end",
        )
    kelvin = report.temperature_at_the_end(folder, record.equilibration_steps)
    nve = prepare_constant_energy(Ending(folder, folder / restart.path, kelvin, production))
    console.say(str(nve))
    gate = Gate("skip" if skip_preflight else None, results=results)
    run_all([nve], RunOptions(ranks=ranks, threads=threads, walltime=walltime), beside=Beside(at_once=1), gate=gate)
    if not (nve / layout.FINISHED).is_file():
        console.tell("stopped before its end; run the same command again to resume", style="yellow")
        raise typer.Exit(FAILURE)
    found = report.check(folder, nve)
    for sentence in report.sentences(found):
        console.say(sentence)
    console.say(f"written to {nve / layout.THERMOSTAT_JSON}")
    if isinstance(found.comparison, str):
        raise typer.Exit(FAILURE)
