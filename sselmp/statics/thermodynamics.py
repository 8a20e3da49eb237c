"""Free energy, entropy and heat capacity of harmonic oscillators, quantised; knows no crystal."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sselmp import units
from sselmp.cells import Array, readonly


@dataclass(frozen=True)
class Oscillators:
    """What a set of oscillators has at each temperature, summed over them, (T,) each, read-only.

    Attributes:
        free_energy_eV: Helmholtz free energy with the zero-point energy [eV].
        entropy_eV_per_K: Entropy [eV/K].
        heat_capacity_eV_per_K: Heat capacity at constant volume [eV/K].
        zero_point_energy_eV: Sum of hf/2 [eV].
    """

    free_energy_eV: Array
    entropy_eV_per_K: Array
    heat_capacity_eV_per_K: Array
    zero_point_energy_eV: float


def oscillators(frequencies_THz: Array, temperatures_K: Array) -> Oscillators:
    """Sum over harmonic oscillators: F = Σ hf/2 + kT ln(1 − e^(−hf/kT)), S = −dF/dT, C = T dS/dT.

    Args:
        frequencies_THz: Of any shape [THz]; all positive.
        temperatures_K: (T,) [K]; zero is allowed.
    """
    quanta = units.PLANCK_EV_PER_THZ * np.sort(frequencies_THz, axis=None)
    zero_point = float(quanta.sum()) / 2.0
    free, entropy, heat = (np.zeros(len(temperatures_K)) for _ in range(3))
    for place, temperature in enumerate(temperatures_K):
        if temperature > 0.0:
            thermal = units.BOLTZMANN_EV_PER_K * float(temperature)
            x = quanta[quanta < 700.0 * thermal] / thermal  # the others are frozen, to the last digit
            empty, occupation = np.log(-np.expm1(-x)), 1.0 / np.expm1(x)
            free[place] = thermal * empty.sum()
            entropy[place] = units.BOLTZMANN_EV_PER_K * (x * occupation - empty).sum()
            heat[place] = units.BOLTZMANN_EV_PER_K * (x * x * occupation * (occupation + 1.0)).sum()
    return Oscillators(readonly(free + zero_point), readonly(entropy), readonly(heat), zero_point)
