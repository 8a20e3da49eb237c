"""Building a crystal from its space group, lattice parameters and Wyckoff sites; checks multiplicities only."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sselmp.errors import StructureError
from sselmp.structures.crystal import Crystal


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
        setting: Origin choice or axes, 1 or 2.

    Raises:
        StructureError: The space group and the cell do not agree, two sites coincide, or a site's multiplicity is
            not the one that its Wyckoff symbol declares.
    """
    from ase.spacegroup import crystal
    from ase.spacegroup.spacegroup import SpacegroupError

    try:
        atoms = crystal(
            [site.species for site in sites],
            basis=[site.position for site in sites],
            spacegroup=space_group,
            setting=setting,
            cellpar=list(cell_parameters),
            onduplicates="error",
            symprec=1e-4,
        )
    except (SpacegroupError, ValueError, KeyError) as error:
        raise StructureError(
            f"{name}: space group {space_group} (setting {setting}) cannot be applied to its sites", got=error
        ) from error
    kinds = np.asarray(atoms.arrays["spacegroup_kinds"])
    for kind, site in enumerate(sites):
        _check_multiplicity(name, site, found=int(np.count_nonzero(kinds == kind)), space_group=space_group)
    return Crystal(
        name=name,
        species=tuple(atoms.get_chemical_symbols()),
        cell=np.asarray(atoms.cell),
        positions=atoms.get_positions(),
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
