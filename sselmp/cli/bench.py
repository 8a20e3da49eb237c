"""The command that times steps of dynamics with a potential, by each of the ways to make them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sselmp import layout
from sselmp.cli import console
from sselmp.cli.choices import ResultsOption, WeightsOption
from sselmp.cli.stages import make_ready
from sselmp.errors import SettingsError


def bench(
    potential: Annotated[str, typer.Argument(metavar="MODEL", help="A potential, or the path of your own card.")],
    system: Annotated[str, typer.Option("--system", "-s", metavar="NAME", help="Whose structure is repeated.")] = (
        "Li6PS5Cl"
    ),
    atoms: Annotated[
        str, typer.Option("--atoms", metavar="LIST", help="Sizes, met by the smallest near-cube with so many atoms.")
    ] = "52,416",
    replicas: Annotated[str, typer.Option("--replicas", metavar="LIST", help="How many of each at once.")] = "6",
    device: Annotated[str, typer.Option("--device", help="cpu, cuda, cuda:N or auto.")] = "auto",
    rounds: Annotated[int, typer.Option("--rounds", min=1, help="How often each way has its turn.")] = 5,
    seconds: Annotated[float, typer.Option("--seconds", min=0.01, help="Of a turn, roughly.")] = 1.0,
    threads: Annotated[int | None, typer.Option("--threads", min=1, help="Of the potential on a processor.")] = None,
    weights: WeightsOption = None,
    results: ResultsOption = Path("results"),
) -> None:
    """Time a step: ASE's own loop, LAMMPS by the plain and by the fast path, and several replicas in one batch.

    The ways take turns, so that all meet the same load. 'times ASE' is how much longer ASE's loop takes for the same
    steps, replicas one after another. On a GPU, 'GPU busy' is what no better program around the model can save.

    Example: sselmp bench sevennet --atoms 52,1404 --replicas 6,18
    """
    from sselmp.launch.speed import time_steps
    from sselmp.potentials.cards import load_card
    from sselmp.potentials.own import card_for_weights
    from sselmp.report import speed_table
    from sselmp.speed.record import Wanted

    if weights is not None:
        potential = str(card_for_weights(potential, weights, folder=results / layout.OWN_CARDS))
    card = load_card(potential)
    wanted = Wanted(
        card=potential,
        system=system,
        atoms=_numbers(atoms, option="--atoms"),
        replicas=_numbers(replicas, option="--replicas"),
        device=device,
        rounds=rounds,
        seconds=seconds,
    )
    make_ready(card)
    with console.followed_bar(f"timing {card.name}") as follow:
        found = time_steps(wanted, threads=threads, on_progress=follow)
    shown = speed_table.table(found)
    console.say(f"{found.potential} on {found.system}; {found.device}, {found.threads} threads of {found.cores} cores")
    console.show_table(shown.headers, shown.rows)
    console.say(f"written to {speed_table.write(found, layout.bench_file(card.name, base=results))}")


def _numbers(listed: str, *, option: str) -> tuple[int, ...]:
    try:
        return tuple(int(part) for part in listed.split(",") if part.strip())
    except ValueError as error:
        raise SettingsError(
            f"{option} must list whole numbers", got=f"'{listed}'", allowed="such as 52,416,1404"
        ) from error
