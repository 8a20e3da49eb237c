"""What a check is, the limits that rounding sets, and how measured quantities are judged; evaluates nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from sselmp.cells import Array
from sselmp.potentials.predictions import Prediction
from sselmp.structures.crystal import Crystal

Precision = Literal["float32", "float64"]

# Of the largest rounding errors that sound models show: a sum over atoms in single precision is good to a few units in
# its last place; forces come out of a long chain of products and lose more.
ENERGY_RELATIVE = {"float32": 4e-6, "float64": 1e-9}
FORCE_RELATIVE = {"float32": 1e-3, "float64": 1e-6}
FORCE_FLOOR = {"float32": 5e-5, "float64": 1e-8}  # eV/Å
STRESS_FLOOR = {"float32": 2e-6, "float64": 1e-10}  # eV/Å³
LEAST_ENERGY_SCALE = 1.0  # eV an atom: a small total may be the difference of larger terms
NOISE_UNITS = 2.0  # of the last place, in an energy


@dataclass(frozen=True)
class Check:
    """The outcome of one check.

    Attributes:
        name: One word.
        passed: Whether the measured value keeps the limit; a value without a limit always passes.
        measured: The value, None where nothing had to be measured.
        limit: What it may be at most (or must be at least, where ``words`` says so).
        units: Of both.
        words: What was measured, in one line.
    """

    name: str
    passed: bool
    measured: float | None
    limit: float | None
    units: str
    words: str


Evaluate = Callable[[Crystal], Prediction]


@dataclass(frozen=True)
class Limits:
    """How far two evaluations of the same thing may differ by rounding, and the noise of an energy.

    Attributes:
        energy_per_atom: [eV].
        force: Largest difference of a component [eV/Å].
        stress: Largest difference of a component [eV/Å³].
        noise: Of one total energy [eV].
    """

    energy_per_atom: float
    force: float
    stress: float
    noise: float


def limits_of(base: Prediction, precision: Precision) -> Limits:
    """Derive the limits from the size of energy, forces and stress and from the card's precision."""
    atoms = len(base.forces)
    scale = max(abs(base.energy) / atoms, LEAST_ENERGY_SCALE)
    largest_stress = 0.0 if base.stress is None else float(np.abs(base.stress).max())
    return Limits(
        energy_per_atom=ENERGY_RELATIVE[precision] * scale,
        force=FORCE_RELATIVE[precision] * root_mean_square(base.forces) + FORCE_FLOOR[precision],
        stress=FORCE_RELATIVE[precision] * largest_stress + STRESS_FLOOR[precision],
        noise=NOISE_UNITS * float(np.finfo(precision).eps) * max(abs(base.energy), LEAST_ENERGY_SCALE),
    )


@dataclass(frozen=True)
class Quantity:
    """One measured number that must not exceed its limit."""

    what: str
    measured: float
    limit: float
    units: str

    @property
    def share(self) -> float:
        """How much of its limit it takes; infinite where it is not a number."""
        return self.measured / self.limit if np.isfinite(self.measured) else np.inf


def judged(name: str, quantities: Sequence[Quantity], *, words: str) -> Check:
    """Pass if every quantity keeps its limit; the one that takes most of its limit is reported."""
    worst = max(quantities, key=lambda one: one.share)
    return Check(
        name=name,
        passed=bool(worst.share <= 1.0),
        measured=float(worst.measured),
        limit=float(worst.limit),
        units=worst.units,
        words=f"{words}: {worst.what}",
    )


def noted(name: str, *, measured: float | None, units: str = "", words: str) -> Check:
    """A measured value without a limit, or a check that had nothing to measure."""
    return Check(name=name, passed=True, measured=measured, limit=None, units=units, words=words)


def failed(name: str, words: str) -> Check:
    """A check that could not be carried out."""
    return Check(name=name, passed=False, measured=None, limit=None, units="", words=words)


def differences(found: Prediction, expected: Prediction, *, limits: Limits) -> list[Quantity]:
    """Hold an evaluation against what it should have been, in energy, forces, and stress and energies where given."""
    atoms = len(expected.forces)
    energy = abs(found.energy - expected.energy) / atoms
    quantities = [
        Quantity("energy", energy, limits.energy_per_atom, "eV/atom"),
        Quantity("forces", _largest(found.forces, expected.forces), limits.force, "eV/Å"),
    ]
    if found.stress is not None and expected.stress is not None:
        quantities.append(Quantity("stress", _largest(found.stress, expected.stress), limits.stress, "eV/Å³"))
    if found.energies is not None and expected.energies is not None:
        off = _largest(found.energies, expected.energies)
        quantities.append(Quantity("energies of the atoms", off, 10.0 * limits.energy_per_atom, "eV"))
    return quantities


def root_mean_square(values: Array) -> float:
    """Root of the mean square of all components."""
    return float(np.sqrt(np.mean(np.square(values))))


def _largest(found: Array, expected: Array) -> float:
    return float(np.abs(found - expected).max())
