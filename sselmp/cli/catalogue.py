"""The command that lists potentials: what each is, and what of it is ready here; measures and builds nothing."""

from __future__ import annotations

import re
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Annotated

import typer

from sselmp import layout
from sselmp.cli import console
from sselmp.cli.choices import ResultsOption
from sselmp.potentials.cards import Card, card_names, load_card

HEADERS = (
    "potential",
    "what it is",
    "environment",
    "weights",
    "preflight",
    "routes",
    "elements",
    "forces",
    "energies like",
    "licence of the weights",
    "citation",
)
LINKS = {"10.": "https://doi.org/", "arXiv:": "https://arxiv.org/abs/"}


@dataclass(frozen=True)
class Row:
    """One potential as the table shows it, in the order of the headers; the citation by its DOI or arXiv number."""

    name: str
    title: str
    environment: str
    weights: str
    preflight: str
    routes: str
    elements: str
    forces: str
    energies: str
    licence: str
    citation: str


def potentials(
    markdown: Annotated[bool, typer.Option("--markdown", help="As the table that README.md holds.")] = False,
    results: ResultsOption = Path("results"),
) -> None:
    """List the potentials that have a card, with the state of their environment, weights and preflights here."""
    rows = [_row(load_card(name), layout.preflight_folder(results)) for name in card_names()]
    if markdown:
        console.say("\n".join(markdown_table(rows)))
    else:
        console.show_table(HEADERS, [astuple(row) for row in rows])


def markdown_table(rows: list[Row]) -> list[str]:
    """Lines of a Markdown table; DOIs and arXiv numbers become links."""
    lines = [_line(HEADERS), _line(["---"] * len(HEADERS))]
    for row in rows:
        cells = [cell.replace("|", "\\|") for cell in astuple(row)]
        cells[0] = f"`{row.name}`"
        for start, address in LINKS.items():
            if row.citation.startswith(start):
                cells[-1] = f"[{row.citation}]({address}{row.citation.removeprefix('arXiv:')})"
        lines.append(_line(cells))
    return lines


def _line(cells: list[str] | tuple[str, ...]) -> str:
    return "| " + " | ".join(cells) + " |"


def _row(card: Card, preflights: Path) -> Row:
    from sselmp.potentials.environments import state
    from sselmp.potentials.fetching import look_in_environment

    found = look_in_environment(card)
    published = re.search(r"(?:doi:\s*)(10\.\S+[^\s.,;)])|(arXiv:\d{4}\.\d{4,5})", card.citation)
    return Row(
        name=card.name,
        title=card.title,
        environment=f"{card.environment}: {state(card.environment)}",
        weights=found.state,
        preflight=_preflights(card, preflights),
        routes=", ".join(card.routes),
        elements=str(len(card.elements) or "any"),
        forces=card.forces,
        energies=card.energy_reference,
        licence=card.weights.licence if card.weights else "-",
        citation=(published[1] or published[2]) if published else card.citation,
    )


def _preflights(card: Card, folder: Path) -> str:
    """The systems on which the potential as it is now was measured, and whether it passed."""
    from sselmp.preflight import record

    said: dict[str, str] = {}
    for path in sorted(folder.glob(f"{card.name}-*.json")):
        found = record.read(path)
        if (found.potential, found.potential_sha256) == (card.name, card.physics_sha256()):
            said[found.system] = f"{found.system} {'passed' if found.passed else 'FAILED'}"
    return ", ".join(said.values()) or "-"
