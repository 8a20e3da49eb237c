"""Electrochemical stability: what a phase turns into against an electrode of one element; relaxes and draws nothing."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

from sselmp.errors import SettingsError
from sselmp.statics.entries import Phase
from sselmp.statics.hull import Hull, Standing
from sselmp.statics.mixtures import Mixture, Part, Reservoir, cheapest_mixture

HIGHEST_V = 5.0
SAME_UPTAKE = 1e-5  # ions a formula unit
LOWER_EV = 1e-7  # an atom: what a further phase must gain to be another step
CHARGES = {"Li": 1, "Na": 1, "K": 1, "Rb": 1, "Cs": 1, "Ag": 1, "Cu": 1, "Mg": 2, "Ca": 2, "Zn": 2, "Al": 3, "Y": 3}


@dataclass(frozen=True)
class Stage:
    """A range of voltages in which the stable phases do not change.

    Attributes:
        low_V: Where it ends towards the element's own metal [V].
        high_V: Where it begins [V].
        uptake: Atoms of the open element that one formula unit of the target has taken up; negative where given off.
        mixture: The stable phases, for one formula unit of the target.
        released_low_eV_per_atom: Energy that the target's decomposition sets free at ``low_V``, 0 where it is stable
            [eV an atom of the target].
        released_high_eV_per_atom: The same at ``high_V``.
        reaction: From the target and the open element, such as ``Li6PS5Cl + 8 Li → Li3P + 5 Li2S + LiCl``.
    """

    low_V: float
    high_V: float
    uptake: float
    mixture: Mixture
    released_low_eV_per_atom: float
    released_high_eV_per_atom: float
    reaction: str


@dataclass(frozen=True)
class Step:
    """A voltage at which the phases change.

    Attributes:
        voltage_V: Against the element's own metal [V].
        taken_up: Atoms of the open element that a formula unit of the target takes up there, going down.
        reaction: From the phases above to those below, such as ``LiP + 2 Li → Li3P``.
    """

    voltage_V: float
    taken_up: float
    reaction: str


@dataclass(frozen=True)
class VoltageProfile:
    """What becomes of a phase against voltage.

    Attributes:
        target: Where the phase stands on the hull.
        element: The open one.
        charge: Of its ion [e].
        highest_V: End of the range that was searched, which begins at 0 [V].
        stages: From the highest voltage down; they fill the range.
        steps: Between them, one fewer.
        window_V: Lowest and highest voltage at which the phase itself is stable [V]; None for a metastable phase, whose
            decomposition the stages show, and for one that is stable at no voltage of the range.
        neutral_V: Range in which what is stable has taken up and given off none of the open element [V]: for a
            metastable phase that in which it decays, but not by the electrode; None where there is none.
        least_released_eV_per_atom: Energy that decomposition sets free where that is least, 0 for a stable phase.
        least_released_V: There [V].
    """

    target: Standing
    element: str
    charge: int
    highest_V: float
    stages: tuple[Stage, ...]
    steps: tuple[Step, ...]
    window_V: tuple[float, float] | None
    neutral_V: tuple[float, float] | None
    least_released_eV_per_atom: float
    least_released_V: float


def voltage_profile(
    hull: Hull, target: Phase, *, element: str = "Li", highest_V: float = HIGHEST_V, charge: int | None = None
) -> VoltageProfile:
    """Follow the most stable phases of a target's other elements from the highest voltage to 0.

    At voltage V against the element's metal its chemical potential is μ = μ(metal) − zV, and those phases are stable
    whose E − μN is least while all other elements are kept (Y. Zhu, X. He, Y. Mo, ACS Appl. Mater. Interfaces 2015, 7,
    23685; W. D. Richards et al., Chem. Mater. 2016, 28, 266). Entropy, kinetics and interphases are left out.

    Args:
        hull: Of all elements of the target and the open one.
        target: One of its phases.
        element: The open element.
        highest_V: Where to begin [V].
        charge: Of the open element's ion [e]; known for the usual ones.

    Raises:
        SettingsError: The hull does not hold the open element or the target, the target holds nothing else, the
            ion's charge is not known, or the highest voltage is not positive.
    """
    standing, z = hull.standing_of(target), charge_of(element, charge)
    if element not in hull.elements or set(target.composition) == {element}:
        raise SettingsError(
            f"there is no voltage profile of {target.formula} against {element}",
            got=f"a hull of {'-'.join(hull.elements)}",
            allowed=f"a phase of further elements, on a hull with {element}",
            repair=f"build the hull with {element} among its elements",
        )
    if not highest_V > 0:
        raise SettingsError("a voltage profile must begin above 0 V", got=highest_V)
    search = _Search(hull, target, element=element, charge=z)
    corners = search.between(search.at(highest_V), search.at(0.0))
    voltages = [highest_V, *(search.meeting(a, b) for a, b in itertools.pairwise(corners)), 0.0]
    stages = tuple(
        search.stage(mixture, low_V=low, high_V=high)
        for mixture, high, low in zip(corners, voltages[:-1], voltages[1:], strict=True)
    )
    steps = tuple(
        Step(below.high_V, below.uptake - above.uptake, _between(above.mixture, below.mixture, element=element))
        for above, below in itertools.pairwise(stages)
    )
    ends = [(s.released_low_eV_per_atom, s.low_V) for s in stages]
    least = min([*ends, (stages[0].released_high_eV_per_atom, highest_V)])
    return VoltageProfile(
        standing, element, z, highest_V, stages, steps,
        window_V=_window(stages, standing), neutral_V=_neutral(stages),
        least_released_eV_per_atom=least[0], least_released_V=least[1],
    )  # fmt: skip


class _Search:
    """The corners of the least energy of a target's other elements as a function of the open element's atoms."""

    def __init__(self, hull: Hull, target: Phase, *, element: str, charge: int) -> None:
        self.target, self.element, self.charge = target, element, charge
        self.atoms = {e: target.amount(e) for e in target.composition}
        self.size = sum(self.atoms.values())
        # the metal, of which any amount can be taken up at 0 V, is the reservoir itself
        self.phases = [p for p in hull.stable if set(p.composition) != {element}]
        self.metal_eV = min(p.energy_eV_per_atom for p in hull.stable if set(p.composition) == {element})

    def potential_eV(self, voltage_V: float) -> float:
        return self.metal_eV - self.charge * voltage_V

    def at(self, voltage_V: float) -> Mixture:
        reservoir = Reservoir(self.element, self.potential_eV(voltage_V))
        return cheapest_mixture(self.phases, self.atoms, reservoir=reservoir)

    def meeting(self, above: Mixture, below: Mixture) -> float:
        """Voltage at which two mixtures cost the same [V]."""
        slope = (below.energy_eV - above.energy_eV) / (below.open_atoms - above.open_atoms)
        return (self.metal_eV - slope) / self.charge

    def between(self, above: Mixture, below: Mixture) -> list[Mixture]:
        """All corners from one mixture to another, found where the line between the two is undercut."""
        if below.open_atoms - above.open_atoms < SAME_UPTAKE:
            return [above]
        voltage = self.meeting(above, below)
        potential = self.potential_eV(voltage)
        found = self.at(voltage)
        gained = above.energy_eV - found.energy_eV - potential * (above.open_atoms - found.open_atoms)
        if gained < LOWER_EV * self.size:
            return [above, below]
        return [*self.between(above, found)[:-1], *self.between(found, below)]

    def stage(self, mixture: Mixture, *, low_V: float, high_V: float) -> Stage:
        energy, held = self.target.energy_eV / self.target.formula_units, self.atoms.get(self.element, 0.0)
        uptake = round(mixture.open_atoms - held, 9) + 0.0  # no -0

        def released(voltage_V: float) -> float:
            gained = energy - mixture.energy_eV + self.potential_eV(voltage_V) * uptake
            return max(0.0, round(gained / self.size, 9))

        whole = Mixture((Part(self.target, 1.0),), energy, held)
        return Stage(
            low_V, high_V, uptake, mixture, released(low_V), released(high_V),
            _between(whole, mixture, element=self.element),
        )  # fmt: skip


def charge_of(element: str, given: int | None = None) -> int:
    """The charge of an element's ion [e]: the given one, else the usual one.

    Raises:
        SettingsError: The given one is not positive, or none is known.
    """
    if given is not None and given > 0:
        return given
    if given is not None or element not in CHARGES:
        raise SettingsError(
            f"a voltage needs the charge of the ion of {element}",
            got=given,
            allowed=f"a positive whole number; known: {', '.join(f'{e} {z}' for e, z in CHARGES.items())}",
        )
    return CHARGES[element]


def _window(stages: Sequence[Stage], standing: Standing) -> tuple[float, float] | None:
    formula = standing.phase.formula
    own = [stage for stage in stages if standing.stable and stage.mixture.formulae == (formula,)]
    return (own[-1].low_V, own[0].high_V) if own else None


def _neutral(stages: Sequence[Stage]) -> tuple[float, float] | None:
    quiet = [stage for stage in stages if abs(stage.uptake) < SAME_UPTAKE]
    return (quiet[-1].low_V, quiet[0].high_V) if quiet else None


def _between(before: Mixture, after: Mixture, *, element: str) -> str:
    """The reaction from one mixture to another; what both hold is left out, polymorphs are told by name."""
    change: dict[str, float] = {}
    seen = {part.phase.formula: part.phase for part in before.parts}
    for sign, mixture in ((-1.0, before), (1.0, after)):
        for part in mixture.parts:
            formula = part.phase.formula
            other = seen.get(formula, part.phase) != part.phase
            label = f"{formula} ({part.phase.name})" if other else formula
            change[label] = change.get(label, 0.0) + sign * part.formula_units
    change[element] = change.get(element, 0.0) - (after.open_atoms - before.open_atoms)
    left = [(formula, -n) for formula, n in change.items() if n < -SAME_UPTAKE]
    right = [(formula, n) for formula, n in change.items() if n > SAME_UPTAKE]
    if not left and not right:
        return "no reaction"
    return f"{_sum(left)} → {_sum(right)}"


def _sum(terms: Sequence[tuple[str, float]]) -> str:
    return " + ".join(formula if abs(n - 1) < SAME_UPTAKE else f"{n:.4g} {formula}" for formula, n in terms)
