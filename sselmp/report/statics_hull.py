"""Everything that is written of a hull and of a voltage profile: tables, figures, pages; computes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from sselmp import files, layout
from sselmp.report import hull_documents
from sselmp.report.hull_documents import NOTHING_KNOWN, Origin
from sselmp.report.hull_figures import draw_hull
from sselmp.report.hull_page import hull_page
from sselmp.report.hull_scene import can_be_drawn
from sselmp.report.voltage_figure import draw_voltage
from sselmp.statics.hull import Hull, Stability
from sselmp.statics.voltage import VoltageProfile


def write_hull(
    hull: Hull, folder: Path, *, targets: Sequence[Stability], title: str, about: Origin = NOTHING_KNOWN
) -> tuple[Path, ...]:
    """Write a hull with its targets: ``hull.json``, ``hull.csv``, and where it can be drawn ``hull.png`` and ``.html``.

    A system of two, three or four elements can be drawn.

    Args:
        hull: Of ``build_hull``.
        folder: Made where it is not there.
        targets: Of ``stability``; the first is marked.
        title: Of the figures, such as ``Li6PS5Cl with sevennet``.
        about: What else is known of how it was found.

    Returns:
        The files written.

    Raises:
        RunError: A file cannot be written.
    """
    made = [folder / layout.HULL_JSON, folder / layout.HULL_CSV]
    files.write_text(made[0], hull_documents.text(hull_documents.hull_document(hull, targets, about=about)))
    files.write_text(made[1], hull_documents.hull_csv(hull, targets))
    if can_be_drawn(hull.elements):
        first = targets[0] if targets else None
        made += [folder / layout.HULL_FIGURE, folder / layout.HULL_PAGE]
        draw_hull(hull, made[2], target=first, title=title)
        hull_page(hull, made[3], target=first, title=title)
    return tuple(made)


def write_voltage(
    profile: VoltageProfile, folder: Path, *, title: str, about: Origin = NOTHING_KNOWN
) -> tuple[Path, ...]:
    """Write a voltage profile: ``voltage.json``, ``voltage.csv``, ``voltage.png``.

    Args:
        profile: Of ``voltage_profile``.
        folder: Made where it is not there.
        title: Of the figure.
        about: What else is known of how it was found.

    Returns:
        The files written.

    Raises:
        RunError: A file cannot be written.
    """
    made = (folder / layout.VOLTAGE_JSON, folder / layout.VOLTAGE_CSV, folder / layout.VOLTAGE_FIGURE)
    files.write_text(made[0], hull_documents.text(hull_documents.voltage_document(profile, about=about)))
    files.write_text(made[1], hull_documents.voltage_csv(profile))
    draw_voltage(profile, made[2], title=title)
    return made
