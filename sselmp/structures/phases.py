"""The phases that an electrolyte competes with, built from published crystallography; knows no energies."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import StringConstraints

from sselmp import layout
from sselmp.errors import SettingsError, nearest
from sselmp.settings import Checked, check, read_toml
from sselmp.structures.crystal import Crystal
from sselmp.structures.crystallography import primitive
from sselmp.structures.systems import Crystallography, load_system, system_names


@dataclass(frozen=True)
class CompetingPhase:
    """A crystal that takes part in a hull.

    Attributes:
        name: Of its file, such as ``Li3PS4``.
        title: One line for reports.
        crystal: Its primitive cell.
        citation: Where the structure comes from.
        is_system: Whether it is one of ``inputs/systems``.
    """

    name: str
    title: str
    crystal: Crystal
    citation: str
    is_system: bool = False


class PhaseSettings(Checked):
    """The content of ``inputs/phases/NAME.toml``."""

    title: Annotated[str, StringConstraints(min_length=1)]
    citation: Annotated[str, StringConstraints(min_length=1)]
    crystallography: Crystallography


def phase_names() -> tuple[str, ...]:
    """Names of the competing phases that come with sselmp, sorted; systems are not among them."""
    return tuple(sorted(path.stem for path in layout.phases_folder().glob("*.toml")))


def load_phase(name: str) -> CompetingPhase:
    """Build one of the competing phases, in its primitive cell, and check its distances.

    Raises:
        SettingsError: There is no such phase (the nearest names are offered), or a setting of it is wrong.
        StructureError: Its structure fails a check.
    """
    path = layout.phases_folder() / f"{name}.toml"
    if not path.is_file():
        raise SettingsError(f"there is no competing phase '{name}'", allowed=nearest(name, phase_names()))
    return read_phase(path)


def read_phase(path: Path) -> CompetingPhase:
    """Build a phase from a TOML file; see ``load_phase``."""
    values = check(PhaseSettings, read_toml(path), source=str(path))
    crystal = values.crystallography.crystal(path.stem)
    return CompetingPhase(path.stem, values.title, primitive(crystal), values.citation)


def phases_within(elements: Iterable[str]) -> tuple[CompetingPhase, ...]:
    """All phases of nothing but the given elements, those of ``inputs/systems`` among them.

    Raises:
        SettingsError: An element has no phase of its own, without which no hull can be built.
    """
    wanted = set(elements)
    systems = (load_system(name) for name in system_names())
    known = [*(load_phase(name) for name in phase_names())]
    known += [CompetingPhase(s.name, s.title, primitive(s.crystal), s.citation, is_system=True) for s in systems]
    found = tuple(phase for phase in known if set(phase.crystal.elements) <= wanted)
    missing = sorted(wanted - {p.crystal.elements[0] for p in found if len(p.crystal.elements) == 1})
    if missing:
        pure = sorted(p.crystal.elements[0] for p in known if len(p.crystal.elements) == 1)
        raise SettingsError(
            f"there are no competing phases for {', '.join(missing)}",
            got=f"the system {'-'.join(sorted(wanted))}",
            allowed=f"systems of {', '.join(pure)}, whose phases come with sselmp",
            repair="take the Materials Project's phases (--against mp), describe those of the element under "
            "inputs/phases, or leave hull and voltage out of --properties",
        )
    return found
