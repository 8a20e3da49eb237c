"""The Materials Project's 2020 corrections on a potential's energy, as its training demands; evaluates no potential."""

from __future__ import annotations

import warnings
from dataclasses import replace
from typing import TYPE_CHECKING

from sselmp.errors import SettingsError
from sselmp.settings import EnergyReference
from sselmp.statics.entries import Phase
from sselmp.structures.crystal import Crystal

if TYPE_CHECKING:
    from pymatgen.entries.computed_entries import ComputedStructureEntry

CORRECTED: EnergyReference = "MP2020-corrected"
UNCORRECTED: EnergyReference = "PBE+U"
WHY_NOT = {
    "PBE": "PBE alone tells neither pseudopotentials nor whether U was used, on which these corrections were fitted",
    "r2SCAN": "r2SCAN energies have other references than PBE, and the corrections were fitted to PBE",
    "PBE MatPES": "MatPES energies are PBE with other pseudopotentials and settings, and without U",
    "custom": "the card does not say that its energies are the Materials Project's",
}


def to_materials_project(phase: Phase, crystal: Crystal) -> Phase:
    """A potential's energy on the scale of the Materials Project's hull.

    What is added depends on what the potential was trained on: nothing for energies that carry the corrections already,
    the MP2020 anion corrections and those of mixing GGA with GGA+U for energies of PBE(+U) as the Materials Project
    calculates (A. Wang et al., Sci. Rep. 2021, 11, 15496). The corrections depend on the crystal, which tells oxides
    from peroxides and sulfides from polysulfides.

    Args:
        phase: With the potential's own energy.
        crystal: The same phase's relaxed structure.

    Returns:
        The phase with reference ``MP2020-corrected``.

    Raises:
        SettingsError: The energies have a reference to which no consistent corrections exist, or the crystal is not of
            the phase's composition.
    """
    check_reference(phase.name, phase.reference)
    if phase.reference == CORRECTED:
        return phase
    counts = crystal.counts()
    same = {element: counts[element] * phase.atoms / len(crystal) for element in counts}
    if set(same) != set(phase.composition) or any(abs(same[e] - phase.composition[e]) > 1e-6 for e in same):
        raise SettingsError(
            f"{phase.name}: the crystal is not of this composition", got=counts, allowed=dict(phase.composition)
        )
    added = _correction_eV(crystal) * phase.atoms / len(crystal)
    return replace(phase, energy_eV=phase.energy_eV + added, reference=CORRECTED, correction_eV=added)


def check_reference(name: str, reference: EnergyReference) -> None:
    """Refuse energies that no corrections make consistent with the Materials Project's; ``name`` is for the message.

    Raises:
        SettingsError: Saying why.
    """
    if reference not in {CORRECTED, UNCORRECTED}:
        raise SettingsError(
            f"{name}: its energy cannot be put on the Materials Project's hull",
            got=f"energies of reference '{reference}': {WHY_NOT[reference]}",
            allowed=f"'{UNCORRECTED}' (corrected here) or '{CORRECTED}' (as they are)",
            repair="take the self-consistent hull, where all competing phases are relaxed with the same potential",
        )


def _correction_eV(crystal: Crystal) -> float:
    """What MP2020 adds to the energy of a crystal that was calculated as the Materials Project does [eV]."""
    from pymatgen.entries.compatibility import MaterialsProject2020Compatibility

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns of each composition without balanced charges, which it handles
        adjustments = MaterialsProject2020Compatibility().get_adjustments(_as_calculated(crystal))
    return float(sum(adjustment.value for adjustment in adjustments))


def _as_calculated(crystal: Crystal) -> ComputedStructureEntry:
    """An entry with the settings of the Materials Project's own calculation: pseudopotentials, and U by its rule."""
    from pymatgen.core import Lattice, Structure
    from pymatgen.entries.computed_entries import ComputedStructureEntry
    from pymatgen.io.vasp.sets import MPRelaxSet

    structure = Structure(Lattice(crystal.cell), list(crystal.species), crystal.positions, coords_are_cartesian=True)
    by_anion = MPRelaxSet.CONFIG["INCAR"]["LDAUU"]
    anion = max(structure.composition.elements, key=lambda element: element.X).symbol
    hubbards = {e: float(by_anion.get(anion, {}).get(e, 0.0)) for e in crystal.elements}
    with_u = any(hubbards.values())
    pseudopotentials = MPRelaxSet.CONFIG["POTCAR"]
    parameters = {
        "run_type": "GGA+U" if with_u else "GGA",
        "is_hubbard": with_u,
        "hubbards": hubbards if with_u else {},
        "potcar_symbols": [f"PBE {pseudopotentials[e]}" for e in crystal.elements],
    }
    return ComputedStructureEntry(structure, 0.0, parameters=parameters)
