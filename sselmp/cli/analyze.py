"""The command that turns run folders or trajectories of anybody into tables and figures of transport."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, cast

import typer

from sselmp import layout
from sselmp.cli import outcome, trajectories
from sselmp.cli.choices import (
    MEMORY_MB,
    CampaignOption,
    PotentialOption,
    ResultsOption,
    RouteOption,
    SystemOption,
    choose,
)
from sselmp.cli.stages import prepared

if TYPE_CHECKING:
    from sselmp.report.question import Question
    from sselmp.settings import Reference

ReferenceOption = Annotated[
    Literal["framework", "centre-of-mass", "none"] | None,
    typer.Option(
        "--reference",
        help="What positions are relative to, so that a drift of the whole is no diffusion: all atoms that do not "
        "diffuse, all atoms by mass, or nothing (default: the campaign's, else framework).",
    ),
]
FitStartOption = Annotated[
    float | None,
    typer.Option(
        "--fit-start",
        metavar="PS",
        help="Time lag at which fits start (default: the campaign's, else found from the data, for each temperature).",
    ),
]
AtOption = Annotated[
    float | None,
    typer.Option("--at", metavar="KELVIN", help="Extrapolate to this temperature (default: the campaign's, else 300)."),
]


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
    at: AtOption = None,
    mobile: Annotated[
        str | None, typer.Option("--mobile", help="Species that diffuses (default: the system's).")
    ] = None,
    reference: ReferenceOption = None,
    fit_start: FitStartOption = None,
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

    A file with the mobile ions only: sselmp analyze lithium.dump@700K --timestep 2 --species Li --reference none
    """
    from sselmp.report.question import Question

    stated = trajectories.Stated(
        tuple(temperature or ()), timestep, frame_spacing, species, topology, charge, start, unwrapped
    )
    if folders and trajectories.are_files(folders):
        names = trajectories.Names(system=system, potential=potential)
        question = asked_instead(Question(), at=at, mobile=mobile, reference=reference, fit_start=fit_start)
        place = out or Path()
        outcome.show(
            trajectories.analyze(folders, stated, question=question, names=names, memory_MB=memory, out=place), place
        )
        return
    trajectories.refuse_for_folders(stated)
    if not folders:
        chosen = choose(campaign, potential=potential, system=system, results=results, route=route)
        question = outcome.asked_of(chosen.campaign)
        question = asked_instead(question, at=at, mobile=mobile, reference=reference, fit_start=fit_start)
        outcome.analyze_each(prepared(chosen), question, notice=chosen.campaign.notice, memory_MB=memory)
        return
    question = asked_instead(Question(), at=at, mobile=mobile, reference=reference, fit_start=fit_start)
    outcome.analyze_runs(folders, question, out=out or _common_results(folders), notice=None, memory_MB=memory)


def asked_instead(
    question: Question, *, at: float | None, mobile: str | None, reference: str | None, fit_start: float | None
) -> Question:
    """The question with what the options say in place of its own."""
    from dataclasses import replace

    method = question.method
    if reference is not None:
        method = replace(method, reference=cast("Reference", reference.replace("-", " ")))
    if fit_start is not None:
        method = replace(method, start_ps=fit_start)
    return replace(
        question,
        mobile_species=mobile or question.mobile_species,
        extrapolate_to_K=question.extrapolate_to_K if at is None else at,
        method=method,
    )


def _common_results(folders: Sequence[Path]) -> Path:
    """Where the results of some run folders belong: beside ``runs/`` if all are there, else the working folder."""
    parents = {folder.resolve().parent for folder in folders}
    only = parents.pop()
    return only.parent if not parents and only.name == layout.RUNS else Path()
