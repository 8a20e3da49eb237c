"""Judging whether a crystal is physical: distances, charge balance; changes nothing."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from sselmp.cells import volume
from sselmp.errors import StructureError
from sselmp.structures.crystal import Crystal

# Of the sum of two covalent radii (Cordero et al., Dalton Trans. 2008, 2832, as in ASE). The shortest real bonds of
# solids are near 0.8 of it; split sites and doubled atoms are below.
SHORTEST_FRACTION = 0.6
CHARGE_TOLERANCE_E = 1e-6


def check_elements_exist(crystal: Crystal) -> None:
    """Refuse symbols that are no chemical element.

    Raises:
        StructureError: Naming the first one.
    """
    from ase.data import atomic_numbers

    for symbol in crystal.elements:
        if atomic_numbers.get(symbol, 0) == 0:
            raise StructureError(f"{crystal.name}: there is no chemical element '{symbol}'")


def check_distances(crystal: Crystal) -> None:
    """Refuse atoms that are nearer to each other, or to an image, than 0.6 of the sum of their covalent radii.

    Raises:
        StructureError: Naming the nearest such pair with its distance, or a cell without volume.
    """
    from ase import Atoms
    from ase.data import atomic_numbers, covalent_radii
    from ase.neighborlist import neighbor_list

    if volume(crystal.cell) < 1e-3:
        raise StructureError(f"{crystal.name}: the cell encloses no volume", got=f"rows {crystal.cell.tolist()} Å")
    radii = np.array([covalent_radii[atomic_numbers[symbol]] for symbol in crystal.species])
    atoms = Atoms(crystal.species, positions=crystal.positions, cell=crystal.cell, pbc=True)
    first, second, distance = neighbor_list("ijd", atoms, 2 * SHORTEST_FRACTION * float(radii.max()))
    shortest = SHORTEST_FRACTION * (radii[first] + radii[second])
    if not np.any(distance < shortest):
        return
    worst = int(np.argmin(distance / shortest))
    i, j = sorted((int(first[worst]), int(second[worst])))
    where = [f"({', '.join(f'{x:.4f}' for x in crystal.fractional()[k])})" for k in (i, j)]
    raise StructureError(
        f"{crystal.name}: atoms {i + 1} ({crystal.species[i]}) and {j + 1} ({crystal.species[j]}) overlap",
        got=f"{distance[worst]:.3f} Å apart, at fractional {where[0]} and {'its own image' if i == j else where[1]}",
        allowed=f"at least {shortest[worst]:.3f} Å ({SHORTEST_FRACTION:g} of the sum of their covalent radii)",
        repair="remove the doubled atom, or check the cell and whether coordinates are fractional or Cartesian",
    )


def check_charges(crystal: Crystal, charges: Mapping[str, float]) -> None:
    """Refuse formal charges that miss an element or do not add up to zero.

    Args:
        crystal: The crystal.
        charges: Formal charge of each element [e].

    Raises:
        StructureError: Naming the missing element, or the sum.
    """
    missing = [element for element in crystal.elements if element not in charges]
    if missing:
        raise StructureError(
            f"{crystal.name}: no formal charge is given for {', '.join(missing)}",
            got=_listed(charges),
            repair="add it under [charges]",
        )
    counts = crystal.counts()
    total = sum(counts[element] * charges[element] for element in counts)
    if abs(total) > CHARGE_TOLERANCE_E * len(crystal):
        raise StructureError(
            f"{crystal.name} is not charge balanced",
            got=f"{total:+g} e in all, from " + ", ".join(f"{n} {e} ({charges[e]:+g})" for e, n in counts.items()),
            allowed="a sum of zero",
            repair="correct the formal charges, or the composition",
        )


def guess_charges(crystal: Crystal) -> dict[str, float]:
    """Find the most common set of oxidation states that balances a composition, as pymatgen ranks them.

    One charge an element: a mixed-valent compound comes out with an average.

    Returns:
        Formal charge of each element [e].

    Raises:
        StructureError: No set of known oxidation states balances.
    """
    from pymatgen.core import Composition

    reduced = Composition(crystal.counts()).reduced_composition
    guesses = reduced.oxi_state_guesses(max_sites=-1)
    if not guesses:
        raise StructureError(
            f"{crystal.name}: no oxidation states balance {reduced.reduced_formula}",
            allowed="a charge-balanced composition",
            repair="check that no atoms are missing; or describe the system in a system.toml with its own [charges]",
        )
    return {str(element): float(charge) for element, charge in guesses[0].items()}


def _listed(charges: Mapping[str, float]) -> str:
    return ", ".join(f"{element} {charge:+g}" for element, charge in charges.items())
