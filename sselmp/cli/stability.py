"""What the command `statics` asks and shows of hulls and voltages."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sselmp import layout
from sselmp.cli import console
from sselmp.errors import SettingsError, nearest

if TYPE_CHECKING:
    from sselmp.launch.stability import StabilityOutcome, StructureStability
    from sselmp.launch.statics import Request
    from sselmp.statics.mixtures import Way
    from sselmp.statics.settings import RelaxationSettings

COMPARED = ("hull", "voltage")
AgainstOption = Annotated[
    str,
    typer.Option(
        "--against",
        metavar="self|mp",
        help="What hulls are made of: phases relaxed with the same potential, or the Materials Project's entries.",
    ),
]
CorrectedOption = Annotated[
    bool,
    typer.Option(
        "--corrected",
        help="With --against self: MP2020 corrections on all energies, to lay them beside corrected ones.",
    ),
]
EntriesOption = Annotated[
    Path | None,
    typer.Option(
        "--entries",
        metavar="FILE.json",
        help="Entries of the Materials Project (pymatgen's); fetched to it where it is not there.",
    ),
]
OpenElementOption = Annotated[
    str, typer.Option("--open-element", metavar="SYMBOL", help="Of the electrode that voltages are against.")
]
HighestVoltageOption = Annotated[
    float, typer.Option("--highest-voltage", metavar="V", min=0.01, help="Where a voltage profile begins.")
]


@dataclass(frozen=True)
class Comparison:
    """What to compare structures with.

    Attributes:
        way: Self-consistent, or the Materials Project.
        corrected: Whether energies of a self-consistent hull get the MP2020 corrections too.
        entries: The Materials Project's, in a file; None: beside the results.
        element: The open element of voltage profiles; None: hulls only.
        highest_V: Where these begin [V].
    """

    way: Way
    corrected: bool
    entries: Path | None
    element: str | None
    highest_V: float


def way_of(against: str, *, entries: Path | None) -> Way:
    """The way of ``--against``.

    Raises:
        SettingsError: There is no such way, or entries are given to the one that takes none.
    """
    ways: dict[str, Way] = {"self": "self-consistent", "mp": "Materials Project"}
    if against not in ways:
        raise SettingsError(f"hulls cannot be made against '{against}'", allowed=nearest(against, ways))
    if entries is not None and against == "self":
        raise SettingsError(
            "a self-consistent hull takes no entries of the Materials Project",
            got=f"--entries {entries} with --against self",
            repair="add --against mp, or leave --entries out",
        )
    return ways[against]


def checked_element(symbol: str) -> str:
    """The open element of voltages.

    Raises:
        SettingsError: The charge of its ion is not known.
    """
    from sselmp.statics.voltage import charge_of

    charge_of(symbol)
    return symbol


def find_and_show(request: Request, asked: Comparison, *, folder: Path) -> list[str]:
    """Find hulls and voltage profiles, print them and write them; returns what could not be had."""
    from sselmp.launch.stability import StabilityRequest, stabilities

    elements = sorted({e for crystal in request.crystals for e in crystal.elements} | {asked.element or ""} - {""})
    cache = asked.entries or folder / f"materials-project-{'-'.join(elements)}.json"
    wanted = StabilityRequest(
        request, asked.way, cache, corrected=asked.corrected, element=asked.element, highest_V=asked.highest_V
    )
    with console.followed_bar("phases that compete") as follow:
        outcome = stabilities(wanted, on_progress=follow)
    _show(outcome, folder, settings=request.settings.relaxation)
    return list(outcome.failures)


def _show(outcome: StabilityOutcome, folder: Path, *, settings: RelaxationSettings) -> None:
    from sselmp.report.hull_documents import Origin
    from sselmp.report.hull_scene import verdict
    from sselmp.report.statics_hull import write_hull, write_voltage
    from sselmp.report.voltage_figure import sentence

    if not outcome.found:
        return
    rows = [_row(one) for one in outcome.found]
    console.show_table(("structure", "formation [eV/atom]", "above hull [meV/atom]", "hull of"), rows)
    for one in outcome.found:
        console.say(verdict(one.stability))
        if one.profile:
            console.say(sentence(one.profile))
            for step in one.profile.steps:
                console.say(f"  {step.voltage_V:.3f} V  {step.reaction}")
        if one.left_out:
            console.say(f"Caution: not on the hull, since their relaxations failed: {', '.join(one.left_out)}")
        if one.second_try:
            console.say(f"Brought to rest by BFGS at the second try: {', '.join(one.second_try)}")
        place = folder / one.structure / layout.hull_folder(one.hull.way, reference=one.hull.reference)
        phase = one.stability.standing.phase
        title = f"{phase.formula} with {phase.source.name}"
        about = Origin(relaxation=settings, left_out=one.left_out, second_try=one.second_try)
        made = write_hull(one.hull, place, targets=[one.stability], title=title, about=about)
        made += write_voltage(one.profile, place, title=title, about=about) if one.profile else ()
        console.say(f"written to {place}: {', '.join(path.name for path in made)}")
    if any(one.hull.way == "self-consistent" for one in outcome.found):
        console.say(
            "Self-consistent hulls know the phases under inputs/phases only; its README says which are missing."
        )


def _row(one: StructureStability) -> tuple[str, ...]:
    standing = one.stability.standing
    return (
        one.structure,
        f"{standing.formation_eV_per_atom:.4f}",
        f"{1000 * standing.above_hull_eV_per_atom:.1f}",
        f"{len(one.hull.standings)} phases, {one.hull.way}",
    )
