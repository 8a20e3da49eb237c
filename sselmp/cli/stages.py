"""The commands that lead up to trajectories: prepare, run, and diffusion, which also analyses them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sselmp import layout, manifest
from sselmp.cli import console
from sselmp.cli.choices import (
    MEMORY_MB,
    AtOnceOption,
    BatchOption,
    BatchSizeOption,
    CampaignOption,
    Chosen,
    PotentialOption,
    RanksOption,
    ResultsOption,
    RouteOption,
    SkipPreflightOption,
    SystemOption,
    ThreadsOption,
    WalltimeOption,
    WeightsOption,
    choose,
)
from sselmp.cli.gate import Gate
from sselmp.cli.outcome import analyze_each, asked_of
from sselmp.cli.weights import ensure_weights
from sselmp.errors import RunError, SselmpError
from sselmp.launch.argv import RunOptions, threads_per_rank, usable_cores

if TYPE_CHECKING:
    from sselmp.potentials.cards import Card

FoldersArgument = Annotated[
    list[Path] | None, typer.Argument(metavar="[FOLDER]...", help="Run folders; without any, those of the campaign.")
]


def prepare(
    potential: PotentialOption = None,
    system: SystemOption = None,
    campaign: CampaignOption = "quick",
    results: ResultsOption = Path("results"),
    weights: WeightsOption = None,
    route: RouteOption = None,
) -> None:
    """Write the run folders of a campaign and print their paths; those that are there already are verified."""
    chosen = choose(campaign, potential=potential, system=system, results=results, weights=weights, route=route)
    for folder in prepared(chosen):
        console.say(str(folder))


def run(
    folders: FoldersArgument = None,
    potential: PotentialOption = None,
    system: SystemOption = None,
    campaign: CampaignOption = "quick",
    results: ResultsOption = Path("results"),
    weights: WeightsOption = None,
    route: RouteOption = None,
    ranks: RanksOption = 1,
    threads: ThreadsOption = None,
    walltime: WalltimeOption = None,
    at_once: AtOnceOption = None,
    batch: BatchOption = False,
    batch_size: BatchSizeOption = None,
    skip_preflight: SkipPreflightOption = False,
) -> None:
    """Start run folders, or resume them from their last restart; finished ones are left alone.

    With --batch, one program evaluates the potential for all runs together: on a GPU, replicas then cost little more
    than one. Runs may differ in cell, species and length; one that ends, fails or is killed leaves the others alone.
    """
    options = RunOptions(ranks=ranks, threads=threads, walltime=walltime)
    beside = Beside(at_once=at_once, batch=batch or batch_size is not None, batch_size=batch_size)
    if folders:
        gate = Gate("skip" if skip_preflight else None, results=results)
        run_all(folders, options, beside=beside, gate=gate)
        return
    chosen = choose(campaign, potential=potential, system=system, results=results, weights=weights, route=route)
    run_all(prepared(chosen), options, beside=beside, gate=_gate(chosen, skip=skip_preflight))


def diffusion(
    potential: PotentialOption = None,
    system: SystemOption = None,
    campaign: CampaignOption = "quick",
    results: ResultsOption = Path("results"),
    weights: WeightsOption = None,
    route: RouteOption = None,
    ranks: RanksOption = 1,
    threads: ThreadsOption = None,
    walltime: WalltimeOption = None,
    at_once: AtOnceOption = None,
    batch: BatchOption = False,
    batch_size: BatchSizeOption = None,
    skip_preflight: SkipPreflightOption = False,
) -> None:
    """The main job: prepare, run and analyze a campaign. Run it again to continue where it stopped.

    Example: sselmp diffusion --potential sevennet --system Li6PS5Cl --campaign quick
    """
    chosen = choose(campaign, potential=potential, system=system, results=results, weights=weights, route=route)
    if chosen.campaign.notice:
        console.tell(chosen.campaign.notice, style="yellow")
    folders = prepared(chosen)
    failure: RunError | None = None
    try:
        options = RunOptions(ranks=ranks, threads=threads, walltime=walltime)
        beside = Beside(at_once=at_once, batch=batch or batch_size is not None, batch_size=batch_size)
        run_all(folders, options, beside=beside, gate=_gate(chosen, skip=skip_preflight))
    except RunError as error:
        failure = error
        console.tell(f"{error}\n", style="red")
    analyze_each(folders, asked_of(chosen.campaign), notice=chosen.campaign.notice, memory_MB=MEMORY_MB)
    if failure is not None:
        raise typer.Exit(failure.exit_code)


def build_environment(name: str) -> None:
    """Build an environment if it is not ready, showing what goes on."""
    from sselmp.potentials import environments

    found = environments.state(name)
    if found == "ready":
        return
    console.tell(f"building the environment '{name}' ({found}); this happens once and may take some minutes")
    with console.spinner(f"environment {name}") as line:
        environments.build(name, on_line=line)


def make_ready(card: Card) -> None:
    """See that a potential's environment and weights are there.

    Weights that no package of the environment brings come first: building it takes minutes, which would be lost on a
    potential whose weights cannot be had.

    Raises:
        PotentialError: The weights are altered, not pinned, have no address, or cannot be had.
        EnvironmentFaultError: The environment cannot be built.
    """
    if card.weights is not None and card.weights.source != "package":
        ensure_weights(card)
    build_environment(card.environment)
    ensure_weights(card)


def prepared(chosen: Chosen) -> list[Path]:
    """Prepare the run folders of a campaign, with the exports that its route needs."""
    from sselmp.cli.routes import ensure_exports
    from sselmp.inputs.prepare import prepare as prepare_campaign

    ensure_exports(chosen.campaign)
    return list(prepare_campaign(chosen.name, chosen.campaign, base=chosen.results))


def _gate(chosen: Chosen, *, skip: bool) -> Gate:
    """The preflight that a campaign asks for, of its systems as they are read."""
    from sselmp.structures.systems import load_system

    mobile = chosen.campaign.transport.mobile_species
    systems = [load_system(name, mobile_species=mobile) for name in chosen.campaign.systems]
    level = "skip" if skip else chosen.campaign.preflight
    return Gate(level, results=chosen.results, crystals={system.name: system.crystal for system in systems})


@dataclass(frozen=True)
class Beside:
    """How several runs go beside each other: so many at once, or in batches of such a size (None: as fits)."""

    at_once: int | None = None
    batch: bool = False
    batch_size: int | None = None


def run_all(folders: Sequence[Path], options: RunOptions, *, beside: Beside, gate: Gate) -> None:
    """Run folders whose potential passes its preflight; one that fails does not keep the others from running.

    Raises:
        SselmpError: One failed, for the reason given, or several did (RunError); each is named with its reason.
    """
    from sselmp.launch.batch import refuse_unbatchable
    from sselmp.potentials.cards import load_card

    records = {folder: manifest.read(folder) for folder in folders}
    waiting = [f for f in folders if not (f / layout.FINISHED).is_file() or records[f].state != "finished"]
    if not waiting:
        return
    threads_per_rank(options, cores=usable_cores())  # what cannot be had is told before anything is started
    if beside.batch:
        refuse_unbatchable({f: records[f] for f in waiting}, options, at_once=beside.at_once)
    for card in sorted({records[f].card for f in waiting}):
        make_ready(load_card(card))
    gate.let_pass(waiting)
    with console.RunBars(folders) as bars:
        for folder in folders:
            if folder not in waiting:
                bars.finish(folder, "finished")
        failures = _run_waiting(waiting, options, beside=beside, bars=bars)
    if failures:
        if len(failures) == 1:
            raise failures[0]
        reasons = dict.fromkeys(str(one) for one in failures)  # one for all, where what all need is at fault
        raise RunError(f"{len(failures)} of {len(folders)} runs failed\n" + "\n".join(reasons))


def _run_waiting(
    waiting: Sequence[Path], options: RunOptions, *, beside: Beside, bars: console.RunBars
) -> list[SselmpError]:
    """Bring runs to their ends while their bars are shown; the errors that they ended with."""
    from sselmp.launch.batch import Told, run_batches
    from sselmp.launch.several import run_folders

    failures: list[SselmpError] = []

    def ended(folder: Path, how: manifest.Manifest | SselmpError) -> None:
        if isinstance(how, SselmpError):
            failures.append(how)
            bars.finish(folder, "failed")
        else:
            bars.finish(folder, how.state)

    if beside.batch:
        told = Told(on_wait=bars.wait, on_progress=bars.update, on_end=ended)
        run_batches(waiting, options=options, size=beside.batch_size, told=told)
    else:
        run_folders(waiting, options=options, at_once=beside.at_once, on_progress=bars.update, on_end=ended)
    return failures
