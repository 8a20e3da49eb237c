"""The mixture of phases with the least energy for given atoms, some elements open; draws no hull."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from sselmp.cells import Array
from sselmp.errors import SettingsError
from sselmp.statics.entries import Phase

ABSENT = 1e-6  # of the atoms: a smaller share of a phase is rounding
Way = Literal["self-consistent", "Materials Project"]


@dataclass(frozen=True)
class Part:
    """A phase in a mixture, and how many of its reduced formulae."""

    phase: Phase
    formula_units: float


@dataclass(frozen=True)
class Mixture:
    """Phases side by side.

    Attributes:
        parts: Those that are there, the one with most atoms first.
        energy_eV: Of all together [eV].
        open_atoms: Atoms of the open element in all together; 0 where none is open.
    """

    parts: tuple[Part, ...]
    energy_eV: float
    open_atoms: float

    @property
    def formulae(self) -> tuple[str, ...]:
        """Reduced formulae of the parts."""
        return tuple(part.phase.formula for part in self.parts)


@dataclass(frozen=True)
class Reservoir:
    """A source of one element at a fixed chemical potential.

    Attributes:
        element: Chemical symbol.
        potential_eV: Chemical potential of its atoms [eV], on the scale of the phases' energies.
    """

    element: str
    potential_eV: float


def cheapest_mixture(
    phases: Sequence[Phase], atoms: Mapping[str, float], *, reservoir: Reservoir | None = None
) -> Mixture:
    """Minimise the energy (with a reservoir, the grand potential) over all mixtures that hold the given atoms.

    A linear programme over the amounts of the phases. With a reservoir, its element is not conserved, and what is
    minimised is E − μ N.

    Args:
        phases: Candidates.
        atoms: Number of atoms of each element; that of the open element does not count.
        reservoir: The open element.

    Raises:
        SettingsError: No mixture of the phases holds these atoms.
    """
    from scipy.optimize import linprog

    closed = [e for e, n in atoms.items() if n > 0 and (reservoir is None or e != reservoir.element)]
    allowed = {*closed, reservoir.element} if reservoir else set(closed)
    usable = [p for p in phases if set(p.composition) <= allowed and any(e in p.composition for e in closed)]
    scale = sum(atoms[e] for e in closed)
    # one variable a phase: its share of atoms, with which all coefficients are of order one
    matrix = np.array([[p.composition.get(e, 0.0) / p.atoms for p in usable] for e in closed])
    held = np.array([atoms[e] / scale for e in closed])
    cost = np.array([_cost(p, reservoir) for p in usable])
    solved = linprog(cost, A_eq=matrix, b_eq=held, method="highs") if usable else None
    if solved is None or solved.x is None or solved.status != 0:
        raise SettingsError(
            f"no mixture of the given phases holds {_listed(atoms)}",
            got=f"{len(usable)} phases of these elements: {', '.join(sorted({p.formula for p in usable})[:20])}",
            allowed="phases that span the composition, the elements themselves among them",
        )
    present = np.flatnonzero(solved.x > ABSENT)
    shares = _exact(matrix[:, present], held=held, approximate=solved.x[present]) * scale
    return _mixture([usable[i] for i in present], shares, open_element=reservoir.element if reservoir else "")


def _cost(phase: Phase, reservoir: Reservoir | None) -> float:
    if reservoir is None:
        return phase.energy_eV_per_atom
    return phase.energy_eV_per_atom - reservoir.potential_eV * phase.composition.get(reservoir.element, 0) / phase.atoms


def _exact(matrix: Array, *, held: Array, approximate: Array) -> Array:
    """Shares of the phases of a solution to rounding, which the solver gives to its own tolerance only."""
    refined: Array = np.asarray(np.linalg.lstsq(matrix, held, rcond=None)[0], dtype=np.float64)
    return refined if np.allclose(refined, approximate, atol=1e-4) else approximate


def _mixture(phases: Sequence[Phase], atoms: Array, *, open_element: str) -> Mixture:
    order = np.argsort(-atoms)
    parts = tuple(Part(phases[i], float(atoms[i] / phases[i].atoms * phases[i].formula_units)) for i in order)
    energy = float(sum(atoms[i] * phases[i].energy_eV_per_atom for i in order))
    held = float(sum(part.formula_units * part.phase.amount(open_element) for part in parts))
    return Mixture(parts, energy, held)


def _listed(atoms: Mapping[str, float]) -> str:
    return " ".join(f"{element}{number:g}" for element, number in atoms.items())
