"""Building a crystal from its space group, lattice parameters and Wyckoff sites; checks multiplicities only."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sselmp.cells import Array
from sselmp.errors import StructureError
from sselmp.structures.crystal import Crystal

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
        setting: Origin choice or axes, 1 or 2.

    Raises:
        StructureError: The space group and the cell do not agree, two sites coincide, or a site's multiplicity is
            not the one that its Wyckoff symbol declares.
    """
    from ase.spacegroup import Spacegroup, crystal
    from ase.spacegroup.spacegroup import SpacegroupError

    symbols, basis = [site.species for site in sites], [site.position for site in sites]
    try:
        group = Spacegroup(space_group, setting=setting)
        atoms = crystal(
            symbols, basis, spacegroup=group, cellpar=cell_parameters, onduplicates="error", symprec=SAME_SITE
        )
    except (SpacegroupError, ValueError, KeyError) as error:
        raise StructureError(
            f"{name}: space group {space_group} (setting {setting}) cannot be applied to its sites", got=error
        ) from error
    _check_lattice(name, np.asarray(atoms.cell), rotations=group.get_rotations(), space_group=space_group)
    kinds = np.asarray(atoms.arrays["spacegroup_kinds"])
    for kind, site in enumerate(sites):
        _check_multiplicity(name, site, found=int(np.count_nonzero(kinds == kind)), space_group=space_group)
    species = tuple(atoms.get_chemical_symbols())
    return Crystal(name=name, species=species, cell=np.asarray(atoms.cell), positions=atoms.get_positions())


def _check_lattice(name: str, cell: Array, *, rotations: Sequence[NDArray[np.int_]], space_group: int) -> None:
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
