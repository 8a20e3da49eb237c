"""Phases with energies given by hand, for tests of hulls and voltages; computes nothing."""

from __future__ import annotations

from collections.abc import Mapping

from pymatgen.core import Composition

from sselmp.statics.entries import Phase, Source

METALS_EV = {"Li": -2.0, "Mg": -1.5, "P": -5.0, "S": -4.0, "Cl": -1.8}
POTENTIAL = Source("potential", "by hand", "a" * 64)


def phase(formula: str, formation_eV: float = 0.0, *, name: str = "", times: float = 1.0, source: Source = POTENTIAL):
    """A phase by its formula and its energy of formation for one such formula [eV]."""
    counts = {e.symbol: n * times for e, n in Composition(formula).items()}
    energy = times * formation_eV + sum(METALS_EV[e] * n for e, n in counts.items())
    reference = "custom" if source.kind == "potential" else "MP2020-corrected"
    return Phase(name or formula, counts, energy, reference, source)


def lithium_phosphides(formation_of_LiP_eV: float) -> Mapping[str, Phase]:
    """Li, P, Li3P (-3.2 eV) and LiP."""
    return {
        "Li": phase("Li"), "P": phase("P"), "Li3P": phase("Li3P", -3.2), "LiP": phase("LiP", formation_of_LiP_eV),
    }  # fmt: skip
