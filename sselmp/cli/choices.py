"""Options that several commands share, declared once, and the campaign that they choose."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from sselmp import layout
from sselmp.settings import Campaign, Route, load_campaign

MEMORY_MB = 512.0  # as sselmp.trajectory.frames has it, which takes numpy to import

PotentialOption = Annotated[
    str | None,
    typer.Option("--potential", "-p", metavar="NAME|CARD.toml", help="A potential instead of the campaign's own."),
]
WeightsOption = Annotated[
    Path | None,
    typer.Option("--weights", metavar="FILE", help="A checkpoint of your own, of the potential's family."),
]
SystemOption = Annotated[
    str | None,
    typer.Option("--system", "-s", metavar="NAME|FILE", help="A system, or a structure file (CIF, POSCAR, extxyz)."),
]
CampaignOption = Annotated[
    str, typer.Option("--campaign", "-c", metavar="NAME|FILE.toml", help="A shipped campaign, or your own TOML file.")
]
ResultsOption = Annotated[Path, typer.Option("--results", metavar="FOLDER", help="Where results go.")]
RanksOption = Annotated[int, typer.Option("--ranks", min=1, help="MPI ranks of each run.")]
ThreadsOption = Annotated[
    int | None,
    typer.Option("--threads", min=1, help="Threads of each rank (default: all cores, divided by the ranks)."),
]
AtOnceOption = Annotated[
    int | None,
    typer.Option("--at-once", min=1, help="Runs at once (default: as many as the cores carry, 4 at most; 1 on a GPU)."),
]
BatchOption = Annotated[
    bool,
    typer.Option(
        "--batch", help="Evaluate the potential once for all runs together, each with a LAMMPS of its own (for a GPU)."
    ),
]
BatchSizeOption = Annotated[
    int | None,
    typer.Option(
        "--batch-size", min=1, help="Runs in a batch (default: as many as the device's memory holds); implies --batch."
    ),
]
WalltimeOption = Annotated[
    str | None,
    typer.Option("--walltime", metavar="HH:MM:SS", help="Stop each run in order after this time; run again to resume."),
]

SkipPreflightOption = Annotated[
    bool, typer.Option("--skip-preflight", help="Run a potential that has not passed its preflight; recorded.")
]


RouteOption = Annotated[
    Route | None,
    typer.Option("--route", help="Way into LAMMPS (default: the first of the card; see 'sselmp routes')."),
]


@dataclass(frozen=True)
class Chosen:
    """A campaign as the options left it, and where its results go."""

    name: str
    campaign: Campaign
    results: Path


def choose(
    campaign: str,
    *,
    potential: str | None,
    system: str | None,
    results: Path,
    weights: Path | None = None,
    route: Route | None = None,
) -> Chosen:
    """Read a campaign and put the chosen potential, with weights of the user's own, and system in place of its own.

    Raises:
        SettingsError: There is no such campaign or file of weights, or a setting is wrong.
    """
    name, settings = load_campaign(campaign)
    changes: dict[str, object] = {}
    if weights is not None:
        from sselmp.potentials.own import card_for_weights

        potential = str(
            card_for_weights(potential or settings.potentials[0], weights, folder=results / layout.OWN_CARDS)
        )
    if route is not None:
        changes["route"] = route
    if potential is not None:
        changes["potentials"] = (potential,)
    if system is not None:
        changes["systems"] = (system,)
    return Chosen(name=name, campaign=settings.model_copy(update=changes), results=results)
