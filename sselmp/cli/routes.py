"""The commands about ways into LAMMPS: the table of routes, and exporting a model for one of them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, cast, get_args

import typer

from sselmp.cli import console
from sselmp.errors import SettingsError, nearest
from sselmp.potentials.cards import Card
from sselmp.settings import Campaign, Route


def routes() -> None:
    """List the routes of each potential: what runs here, and what needs which LAMMPS build."""
    from sselmp.inputs.routes import ROUTES
    from sselmp.potentials.cards import card_names, load_card

    cards = [load_card(name) for name in card_names()]
    rows = [(card.name, route, ROUTES[route].style, _state(card, route)) for card in cards for route in card.routes]
    console.show_table(("potential", "route", "pair style", "state"), rows)
    console.say("")
    here = {True: "here", False: "elsewhere"}
    facts = [(route, here[f.here], f.lammps, f.start) for route, f in ROUTES.items()]
    console.show_table(("route", "runs", "in which LAMMPS", "started with"), facts)


def export(
    potential: Annotated[str, typer.Argument(metavar="NAME|CARD.toml", help="A potential.")],
    route: Annotated[str, typer.Option("--route", metavar="ROUTE", help="As 'sselmp routes' lists them.")],
    file: Annotated[
        Path | None,
        typer.Option("--file", metavar="FILE", help="For mliap: what the package's own command has written."),
    ] = None,
) -> None:
    """Write a potential's model in the form that a route reads; route e3gnn compiles its pair style too (a minute)."""
    from sselmp.inputs.routes import ROUTES, chosen_route
    from sselmp.potentials.cards import load_card

    if route not in get_args(Route):
        raise SettingsError(f"there is no route '{route}'", allowed=nearest(route, get_args(Route)))
    card = load_card(potential)
    chosen = chosen_route(card, cast("Route", route))
    if not ROUTES[chosen].exported:
        raise SettingsError(
            f"the route '{chosen}' reads no exported model: there is nothing to export",
            allowed=", ".join(r for r in card.routes if ROUTES[r].exported) or f"none: '{card.name}' has no other",
        )
    folder = _exported(potential, card, route=chosen, made=file)
    console.say(f"{card.name}: exported for {chosen} to {folder}")
    if not ROUTES[chosen].here:
        console.say(f"needs {ROUTES[chosen].lammps}; started with: {ROUTES[chosen].start}")


def ensure_exports(campaign: Campaign) -> None:
    """Export the potentials of a campaign whose route reads a model that is not there yet.

    Raises:
        SselmpError: A potential does not have the route, or cannot be exported for it.
    """
    from sselmp.inputs.routes import ROUTES, chosen_route
    from sselmp.potentials.cards import load_card
    from sselmp.potentials.exports import is_exported

    for name in campaign.potentials:
        card = load_card(name)
        route = chosen_route(card, campaign.route)
        if ROUTES[route].exported and not is_exported(card, route):
            _exported(name, card, route=route)


def _exported(name: str, card: Card, *, route: Route, made: Path | None = None) -> Path:
    from sselmp.bridge.export import exporter
    from sselmp.cli.stages import make_ready
    from sselmp.potentials import exports

    exporter(card, route, made=made)
    make_ready(card)
    console.tell(f"exporting '{card.name}' for the route '{route}'; this happens once and may take some minutes")
    with console.spinner(f"exporting {card.name}") as line:
        return exports.export(name, card, route=route, made=made, on_line=line)


def _state(card: Card, route: Route) -> str:
    """What a potential's route is good for now."""
    from sselmp.bridge.export import BY_HAND
    from sselmp.inputs.routes import ROUTES
    from sselmp.potentials import environments, exports

    by_hand = BY_HAND.get(card.family) if route == "mliap" else None
    if by_hand and not exports.is_exported(card, route):
        return f"not exported: by hand, needs {by_hand.needs}"
    if environments.state(card.environment) != "ready":
        return f"environment {environments.state(card.environment)}"
    if ROUTES[route].exported and not exports.is_exported(card, route):
        return "not exported"
    return "ready" if ROUTES[route].here else "exported"
