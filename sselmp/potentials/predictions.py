"""What a potential says of one configuration, in one form for every family; evaluates nothing."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from sselmp.cells import Array, readonly


@dataclass(frozen=True)
class Prediction:
    """Of one configuration, float64, read-only.

    Attributes:
        energy: [eV].
        forces: (n, 3) [eV/Å].
        stress: (6,) xx yy zz yz xz xy [eV/Å³], positive under tension; None where the potential gives none.
        energies: (n,) of the atoms [eV]; None where the potential gives none.
    """

    energy: float
    forces: Array
    stress: Array | None
    energies: Array | None

    def __post_init__(self) -> None:
        for name in ("forces", "stress", "energies"):
            value = getattr(self, name)
            object.__setattr__(self, name, None if value is None else readonly(value))

    @property
    def finite(self) -> bool:
        """Whether energy, forces and stress are finite numbers; a sum is finite only if all of its terms are."""
        stress = 0.0 if self.stress is None else float(self.stress.sum())
        return math.isfinite(self.energy + float(self.forces.sum()) + stress)


def prediction(*, energy: Any, forces: Any, stress: Any, energies: Any) -> Prediction:  # noqa: ANN401 - tensors, arrays, numbers
    """Bring numbers, arrays or tensors of any precision and device to one form.

    Args:
        energy: One number [eV].
        forces: 3 n numbers [eV/Å].
        stress: Six numbers in ASE's order or (3, 3) [eV/Å³], or None.
        energies: n numbers [eV], or None.
    """
    from ase.stress import full_3x3_to_voigt_6_stress

    six = None if stress is None else _array(stress)
    if six is not None and six.size == 9:
        six = full_3x3_to_voigt_6_stress(six.reshape(3, 3))
    return Prediction(
        energy=float(_array(energy).reshape(())),
        forces=_array(forces).reshape(-1, 3),
        stress=None if six is None else six.reshape(6),
        energies=None if energies is None else _array(energies).reshape(-1),
    )


def split(values: Any, counts: Sequence[int]) -> list[Array]:  # noqa: ANN401 - a tensor or an array
    """Cut an array over the atoms of all configurations, one after another, into one for each."""
    return np.split(_array(values), np.cumsum(counts)[:-1])


def _array(values: Any) -> Array:  # noqa: ANN401 - a tensor or an array
    plain = values.detach().cpu().numpy() if hasattr(values, "detach") else values
    return np.array(plain, dtype=np.float64)
