"""Building a crystal from its space group, lattice parameters and Wyckoff sites; checks multiplicities only."""

from __future__ import annotations

import re
import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sselmp.cells import Array
from sselmp.errors import SettingsError, StructureError, nearest
from sselmp.structures.crystal import Crystal

HALL_SYMBOLS = 530
SAME_SITE = 1e-4  # fractional: positions this near are one site


@dataclass(frozen=True)
class Site:
    """One fully occupied crystallographic site.

    Attributes:
        species: Chemical symbol.
        wyckoff: Multiplicity in the conventional cell and letter, such as ``24g``; the multiplicity is checked.
        position: Fractional coordinates of one atom of the orbit.
    """

    species: str
    wyckoff: str
    position: tuple[float, float, float]


def from_crystallography(
    name: str,
    sites: Sequence[Site],
    *,
    space_group: int,
    cell_parameters: tuple[float, float, float, float, float, float],
    setting: int = 1,
) -> Crystal:
    """Generate the conventional cell of a space group.

    Args:
        name: Name of the crystal.
        sites: The sites; atoms come out in this order.
        space_group: Number in the International Tables, 1 to 230.
        cell_parameters: a, b, c [Å], α, β, γ [°].
        setting: Which of its settings (origins, axes), in the order of their Hall symbols; 1 is the standard one.

    Raises:
        StructureError: The space group and the cell do not agree, two sites coincide, or a site's multiplicity is
            not the one that its Wyckoff symbol declares.
    """
    from ase.geometry import cellpar_to_cell

    cell = np.asarray(cellpar_to_cell(list(cell_parameters)))
    rotations, translations = operations(name, space_group, setting=setting)
    _check_lattice(name, cell, rotations=rotations, space_group=space_group)
    species: list[str] = []
    placed = np.empty((0, 3))
    for site in sites:
        orbit = _orbit(np.array(site.position), rotations=rotations, translations=translations)
        _check_multiplicity(name, site, found=len(orbit), space_group=space_group)
        _check_vacant(name, site, orbit=orbit, placed=placed)
        species += [site.species] * len(orbit)
        placed = np.vstack([placed, orbit])
    return Crystal(name=name, species=tuple(species), cell=cell, positions=placed @ cell)


def equivalent_positions(
    name: str, position: tuple[float, float, float], *, space_group: int, setting: int = 1
) -> Array:  # fmt: skip
    """All images of a position in the conventional cell, (n, 3) fractional, the position itself first.

    Args:
        name: For messages.
        position: Fractional coordinates.
        space_group: Number in the International Tables, 1 to 230.
        setting: As for ``from_crystallography``.

    Raises:
        StructureError: The space group has no such setting.
    """
    rotations, translations = operations(name, space_group, setting=setting)
    return _orbit(np.array(position), rotations=rotations, translations=translations)


def operations(name: str, space_group: int, *, setting: int) -> tuple[NDArray[np.int_], Array]:
    """Rotations (n, 3, 3) and translations (n, 3) of a space group in one of its settings.

    Args:
        name: For messages.
        space_group: Number in the International Tables, 1 to 230.
        setting: As for ``from_crystallography``.

    Raises:
        StructureError: The space group has no such setting.
    """
    import spglib

    with warnings.catch_warnings():
        # spglib 2 tells every call that its way of failing will change; asked for what exists, it does not fail
        warnings.simplefilter("ignore", DeprecationWarning)
        types = [spglib.get_spacegroup_type(hall) for hall in range(1, HALL_SYMBOLS + 1)]
        halls = [one.hall_number for one in types if one is not None and one.number == space_group]
        found = spglib.get_symmetry_from_database(halls[setting - 1]) if setting <= len(halls) else None
    if found is None:
        raise StructureError(
            f"{name}: space group {space_group} has no setting {setting}", allowed=f"1 to {len(halls)}"
        )
    return found["rotations"], found["translations"]


def space_group_named(name: str) -> tuple[int, str]:
    """Number and short Hermann–Mauguin symbol of a space group that is given by either.

    Args:
        name: Such as ``216`` or ``F-43m``.

    Raises:
        SettingsError: There is no such group.
    """
    import spglib

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # as above
        types = [spglib.get_spacegroup_type(hall) for hall in range(1, HALL_SYMBOLS + 1)]
    found = {one.number: one.international_short for one in types[::-1] if one is not None}  # the first setting stays
    known = {text: number for number, symbol in found.items() for text in (str(number), symbol)}
    if (wanted := name.replace(" ", "")) not in known:
        raise SettingsError(
            f"there is no space group '{name}'",
            allowed=f"a number from 1 to 230, or a symbol; {nearest(wanted, known).partition(' (known')[0]}",
        )
    return known[wanted], found[known[wanted]]


def _orbit(position: Array, *, rotations: NDArray[np.int_], translations: Array) -> Array:
    """All distinct images of a site in one cell, (n, 3) fractional, the site itself first."""
    images = (rotations @ position + translations) % 1.0
    images = np.vstack([position % 1.0, images])
    apart = images[:, None] - images[None, :]
    same = np.all(np.abs(apart - np.round(apart)) < SAME_SITE, axis=2)
    return np.asarray(images[[not same[i, :i].any() for i in range(len(images))]])


def _check_vacant(name: str, site: Site, *, orbit: Array, placed: Array) -> None:
    apart = orbit[:, None] - placed[None, :]
    if np.any(np.all(np.abs(apart - np.round(apart)) < SAME_SITE, axis=2)):
        raise StructureError(
            f"{name}: {site.species} on {site.wyckoff} at {site.position} lies on another site",
            repair="remove one of them; a site that two species share is disorder, which must be ordered first",
        )


def _check_lattice(name: str, cell: Array, *, rotations: NDArray[np.int_], space_group: int) -> None:
    """Refuse a cell whose lengths and angles a symmetry operation of the group would change."""
    metric = cell @ cell.T
    if any(np.max(np.abs(turn.T @ metric @ turn - metric)) > 1e-6 * np.max(metric) for turn in rotations):
        raise StructureError(
            f"{name}: the lattice parameters are not those of space group {space_group}",
            got=f"lengths {np.linalg.norm(cell, axis=1).round(6).tolist()} Å",
            allowed="equal lengths and angles where the crystal system has them",
            repair="correct the lengths and angles, or the space group",
        )


def _check_multiplicity(name: str, site: Site, *, found: int, space_group: int) -> None:
    match = re.fullmatch(r"(\d+)[a-zA-Z]", site.wyckoff)
    if match is None:
        raise StructureError(
            f"{name}: '{site.wyckoff}' is not a Wyckoff symbol", allowed="multiplicity and letter, such as 24g"
        )
    if int(match[1]) != found:
        raise StructureError(
            f"{name}: {site.species} at {site.position} is not on {site.wyckoff} of space group {space_group}",
            got=f"{found} equivalent atoms in the conventional cell",
            allowed=f"{match[1]} of them",
            repair="check the coordinates, the Wyckoff symbol and the setting (origin choice)",
        )
