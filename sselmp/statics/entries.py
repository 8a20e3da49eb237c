"""The record of a phase: composition, energy, and what that energy compares with; relaxes and corrects nothing."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from sselmp.errors import SettingsError
from sselmp.settings import EnergyReference

SourceKind = Literal["potential", "Materials Project"]


@dataclass(frozen=True)
class Source:
    """Where an energy comes from.

    Attributes:
        kind: A potential, or the Materials Project's calculations.
        name: The card's name, or the entry's id such as ``mp-1153``.
        sha256: Of the potential's physics (``Card.physics_sha256``); empty for the Materials Project.
    """

    kind: SourceKind
    name: str
    sha256: str = ""

    def __str__(self) -> str:
        return f"{self.kind} {self.name}" + (f" ({self.sha256[:12]})" if self.sha256 else "")


@dataclass(frozen=True)
class Phase:
    """A crystalline phase with its energy.

    Attributes:
        name: For tables and figures; a mineral, prototype or id beside the formula.
        composition: Number of atoms of each element in the calculated cell, read-only.
        energy_eV: Of all those atoms together, corrections included [eV].
        reference: What the energy compares with.
        source: Where it comes from.
        correction_eV: The part of ``energy_eV`` that ``statics.corrections`` or the Materials Project added [eV].
    """

    name: str
    composition: Mapping[str, float]
    energy_eV: float
    reference: EnergyReference
    source: Source
    correction_eV: float = 0.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "composition", MappingProxyType(dict(self.composition)))
        if not self.composition or not all(math.isfinite(n) and n > 0 for n in self.composition.values()):
            raise SettingsError(
                f"{self.name}: a phase needs a positive number of atoms of each of its elements",
                got=dict(self.composition),
            )
        if not math.isfinite(self.energy_eV):
            raise SettingsError(
                f"{self.name}: its energy is not a finite number",
                got=self.energy_eV,
                repair="leave out a phase whose relaxation failed",
            )

    @property
    def atoms(self) -> float:
        """Number of atoms in the calculated cell."""
        return sum(self.composition.values())

    @property
    def energy_eV_per_atom(self) -> float:
        """Energy an atom, corrections included [eV]."""
        return self.energy_eV / self.atoms

    @property
    def formula(self) -> str:
        """Reduced formula, such as ``Li6PS5Cl``; that of a molecule for O2, N2, F2, Cl2 and H2."""
        return self._reduced()[0]

    @property
    def formula_units(self) -> float:
        """Number of reduced formulae in the calculated cell."""
        return self._reduced()[1]

    def amount(self, element: str) -> float:
        """Atoms of an element in one reduced formula."""
        return self.composition.get(element, 0.0) / self.formula_units

    def _reduced(self) -> tuple[str, float]:
        from pymatgen.core import Composition

        formula, factor = Composition(dict(self.composition)).get_reduced_formula_and_factor()
        return str(formula), float(factor)


def elements_of(phases: Iterable[Phase]) -> tuple[str, ...]:
    """Chemical symbols of all phases, each once, sorted."""
    return tuple(sorted({element for phase in phases for element in phase.composition}))
