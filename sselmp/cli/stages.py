"""The commands of the main job: prepare, run, analyze, and diffusion, which is their chain."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sselmp import layout, manifest
from sselmp.cli import console, trajectories
from sselmp.cli.choices import (
    AtOnceOption,
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
from sselmp.cli.weights import ensure_weights
from sselmp.errors import RunError, SselmpError
from sselmp.launch.argv import RunOptions, threads_per_rank, usable_cores

if TYPE_CHECKING:
    from sselmp.potentials.cards import Card
    from sselmp.report.transport_report import TransportReport

MEMORY_MB = 512.0  # as sselmp.trajectory.frames has it, which takes numpy to import

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
    for folder in _prepared(chosen):
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
    skip_preflight: SkipPreflightOption = False,
) -> None:
    """Start run folders, or resume them from their last restart; finished ones are left alone."""
    options = RunOptions(ranks=ranks, threads=threads, walltime=walltime)
    if folders:
        gate = Gate("skip" if skip_preflight else None, results=results)
        run_all(folders, options, at_once=at_once, gate=gate)
        return
    chosen = choose(campaign, potential=potential, system=system, results=results, weights=weights, route=route)
    run_all(_prepared(chosen), options, at_once=at_once, gate=_gate(chosen, skip=skip_preflight))


def analyze(
    folders: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="[FOLDER|FILE[,FILE]...[@KELVIN]]...",
            help="Run folders (without any, those of the campaign), or trajectory files of simulations of your own: "
            "LAMMPS dump, DCD, XDATCAR, extxyz, .traj; restarts joined by commas.",
        ),
    ] = None,
    potential: PotentialOption = None,
    system: SystemOption = None,
    campaign: CampaignOption = "quick",
    results: ResultsOption = Path("results"),
    out: Annotated[
        Path | None, typer.Option("--out", help="Folder for tables and figures of named run folders.")
    ] = None,
    at: Annotated[
        float, typer.Option("--at", min=1.0, metavar="KELVIN", help="Extrapolate to this temperature.")
    ] = 300.0,
    mobile: Annotated[
        str | None, typer.Option("--mobile", help="Species that diffuses (default: the system's).")
    ] = None,
    route: RouteOption = None,
    temperature: trajectories.TemperatureOption = None,
    timestep: trajectories.TimestepOption = None,
    frame_spacing: trajectories.SpacingOption = None,
    species: trajectories.SpeciesOption = None,
    topology: trajectories.TopologyOption = None,
    charge: trajectories.ChargeOption = None,
    start: trajectories.StartOption = 0.0,
    unwrapped: trajectories.UnwrappedOption = False,
    memory: trajectories.MemoryOption = MEMORY_MB,
) -> None:
    """Turn run folders, or trajectories of your own, into diffusivities, an Arrhenius plot and a conductivity.

    Example: sselmp analyze run.lammpstrj.gz@700K --timestep 2 --species Li,P,S,Cl
    """
    stated = trajectories.Stated(
        tuple(temperature or ()), timestep, frame_spacing, species, topology, charge, start, unwrapped
    )
    if folders and trajectories.are_files(folders):
        names = trajectories.Names(mobile=mobile, system=system, potential=potential)
        _show(
            trajectories.analyze(folders, stated, names=names, at=at, memory_MB=memory, out=out or Path()),
            out or Path(),
        )
        return
    trajectories.refuse_for_folders(stated)
    if not folders:
        chosen = choose(campaign, potential=potential, system=system, results=results, route=route)
        notice = chosen.campaign.notice
        _analyze_each(_prepared(chosen), notice=notice, at=at, mobile=mobile, memory_MB=memory)
        return
    _analyze(folders, out=out or _common_results(folders), notice=None, at=at, mobile=mobile, memory_MB=memory)


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
    skip_preflight: SkipPreflightOption = False,
) -> None:
    """The main job: prepare, run and analyze a campaign. Run it again to continue where it stopped.

    Example: sselmp diffusion --potential sevennet --system Li6PS5Cl --campaign quick
    """
    chosen = choose(campaign, potential=potential, system=system, results=results, weights=weights, route=route)
    if chosen.campaign.notice:
        console.tell(chosen.campaign.notice, style="yellow")
    folders = _prepared(chosen)
    failure: RunError | None = None
    try:
        options = RunOptions(ranks=ranks, threads=threads, walltime=walltime)
        run_all(folders, options, at_once=at_once, gate=_gate(chosen, skip=skip_preflight))
    except RunError as error:
        failure = error
        console.tell(f"{error}\n", style="red")
    _analyze_each(folders, notice=chosen.campaign.notice, at=chosen.campaign.transport.extrapolate_to_K)
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


def _prepared(chosen: Chosen) -> list[Path]:
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


def run_all(folders: Sequence[Path], options: RunOptions, *, at_once: int | None, gate: Gate) -> None:
    """Run folders whose potential passes its preflight; one that fails does not keep the others from running.

    Raises:
        SselmpError: One failed, for the reason given, or several did (RunError); each is named with its reason.
    """
    from sselmp.launch.several import run_folders
    from sselmp.potentials.cards import load_card

    records = {folder: manifest.read(folder) for folder in folders}
    waiting = [f for f in folders if not (f / layout.FINISHED).is_file() or records[f].state != "finished"]
    if not waiting:
        return
    threads_per_rank(options, cores=usable_cores())  # what cannot be had is told before anything is started
    for card in sorted({records[f].card for f in waiting}):
        make_ready(load_card(card))
    gate.let_pass(waiting)
    failures: list[SselmpError] = []

    def ended(folder: Path, how: manifest.Manifest | SselmpError) -> None:
        if isinstance(how, SselmpError):
            failures.append(how)
            bars.finish(folder, "failed")
        else:
            bars.finish(folder, how.state)

    with console.RunBars(folders) as bars:
        for folder in folders:
            if folder not in waiting:
                bars.finish(folder, "finished")
        run_folders(waiting, options=options, at_once=at_once, on_progress=bars.update, on_end=ended)
    if failures:
        if len(failures) == 1:
            raise failures[0]
        raise RunError(f"{len(failures)} of {len(folders)} runs failed\n" + "\n".join(str(one) for one in failures))


def _analyze_each(
    folders: Sequence[Path], *, notice: str | None, at: float, mobile: str | None = None, memory_MB: float = MEMORY_MB
) -> None:
    """Analyse the folders of each potential and system apart."""
    together: dict[Path, list[Path]] = {}
    for folder in folders:
        together.setdefault(folder.parent.parent, []).append(folder)
    for out, runs in together.items():
        _analyze(runs, out=out, notice=notice, at=at, mobile=mobile, memory_MB=memory_MB)


def _analyze(
    folders: Sequence[Path], *, out: Path, notice: str | None, at: float, mobile: str | None, memory_MB: float
) -> None:
    from sselmp.report.analyze import analyze as analyze_runs

    report = analyze_runs(
        folders, out=out, extrapolate_to_K=at, notice=notice, mobile_species=mobile, memory_MB=memory_MB
    )
    _show(report, out)


def _show(report: TransportReport, out: Path) -> None:
    from sselmp.report import transport_tables

    table = transport_tables.table(report)
    console.say(f"\n{report.system} with {report.potential}")
    console.show_table(table.headers, table.rows)
    for sentence in transport_tables.sentences(report):
        console.say(sentence)
    names = (layout.TRANSPORT_JSON, layout.TRANSPORT_CSV, layout.MSD_FIGURE, layout.ARRHENIUS_FIGURE)
    console.say(f"written to {out}: {', '.join(names)}")


def _common_results(folders: Sequence[Path]) -> Path:
    """Where the results of some run folders belong: beside ``runs/`` if all are there, else the working folder."""
    parents = {folder.resolve().parent for folder in folders}
    only = parents.pop()
    return only.parent if not parents and only.name == layout.RUNS else Path()
