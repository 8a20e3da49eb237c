"""Elastic tensors as arrays: fitted to stresses, averaged over a point group, turned, and judged; strains nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sselmp.cells import VOIGT_PAIRS, Array, readonly

CUBIC_POINTS = 5  # so many different strains of a state, zero included, tell a cubic term from the slope


@dataclass(frozen=True)
class StrainState:
    """Stresses at several amounts of one component of strain.

    Attributes:
        component: 0 to 5, in Voigt's order xx yy zz yz xz xy.
        strains: (n,) Green–Lagrange strains of that component [1]; for a shear half of the engineering strain.
        stresses: (n, 6) Cauchy stresses xx yy zz yz xz xy [GPa], positive under tension.
    """

    component: int
    strains: Array
    stresses: Array


@dataclass(frozen=True)
class Fitted:
    """A tensor as it is fitted, in the axes of the crystal.

    Attributes:
        C: (6, 6) slopes of the stress (rows) over the strain (columns) [GPa].
        C_at_zero: The same where the strain vanishes, from cubic polynomials [GPa]; None with too few strains.
        residual: Root mean square of the stress off the lines [GPa].
        r_squared: The least coefficient of determination of a diagonal element of C: 1 less the squared residuals of
            the stress that is conjugate to the strain over its squared deviations from the mean.
    """

    C: Array
    C_at_zero: Array | None
    residual: float
    r_squared: float

    @property
    def bend(self) -> float | None:
        """The largest relative change of a diagonal element from C to ``C_at_zero``; None without the latter."""
        if self.C_at_zero is None:
            return None
        lines, zero = np.diag(self.C), np.diag(self.C_at_zero)
        return float((np.abs(zero - lines) / (np.abs(lines) + 0.05 * np.abs(self.C).max())).max())


def fit(states: Sequence[StrainState]) -> Fitted:
    """Fit straight lines to the stresses of all six states, each with an intercept of its own."""
    C, at_zero = np.zeros((6, 6)), np.zeros((6, 6))
    squares, count, determined = 0.0, 0, []
    cubic = all(len(set(state.strains.tolist())) >= CUBIC_POINTS for state in states)
    for state in states:
        # the strain that is conjugate to a shear stress in C is the engineering strain, twice the tensor's component
        x = state.strains * (1.0 if state.component < 3 else 2.0)
        line = np.polynomial.polynomial.polyfit(x, state.stresses, 1)
        C[:, state.component] = line[1]
        off = state.stresses - (line[0] + np.outer(x, line[1]))
        squares, count = squares + float(np.sum(off**2)), count + off.size
        spread = float(np.var(state.stresses[:, state.component]))
        determined.append(1.0 - float(np.mean(off[:, state.component] ** 2)) / spread if spread > 0 else 1.0)
        if cubic:
            at_zero[:, state.component] = np.polynomial.polynomial.polyfit(x, state.stresses, 3)[1]
    return Fitted(
        C=readonly(C),
        C_at_zero=readonly(at_zero) if cubic else None,
        residual=float(np.sqrt(squares / count)),
        r_squared=min(determined),
    )


def full(C: Array) -> Array:
    """The (3, 3, 3, 3) tensor of a (6, 6) matrix, whose two index pairs are exchanged and averaged."""
    tensor = np.zeros((3, 3, 3, 3))
    even = (C + C.T) / 2.0
    for p, (i, j) in enumerate(VOIGT_PAIRS):
        for q, (k, m) in enumerate(VOIGT_PAIRS):
            tensor[i, j, k, m] = tensor[j, i, k, m] = tensor[i, j, m, k] = tensor[j, i, m, k] = even[p, q]
    return tensor


def voigt(tensor: Array) -> Array:
    """The (6, 6) matrix of a (3, 3, 3, 3) tensor of moduli."""
    return readonly([[tensor[i, j, k, m] for k, m in VOIGT_PAIRS] for i, j in VOIGT_PAIRS])


def turned(C: Array, axes: Array) -> Array:
    """A (6, 6) matrix in other axes, whose x, y, z in the old ones are the rows of ``axes``."""
    return voigt(np.einsum("ia,jb,kc,md,abcd->ijkm", axes, axes, axes, axes, full(C), optimize=True))


def averaged(C: Array, rotations: Array) -> Array:
    """The mean of a (6, 6) matrix over the operations (n, 3, 3) of a point group: what the symmetry leaves of it."""
    return readonly(np.mean([turned(C, rotation) for rotation in rotations], axis=0))


def smallest_eigenvalue(C: Array) -> float:
    """The smallest eigenvalue of a tensor [GPa], which no rotation changes; stable after Born if it is positive.

    Of Kelvin's matrix, in which shear rows and columns carry √2 each, so that strains keep their length. (Mouhat,
    Coudert, Phys. Rev. B 90, 224104 (2014): positive definite is the condition for every crystal system.)
    """
    scale = np.sqrt([1.0, 1.0, 1.0, 2.0, 2.0, 2.0])
    return float(np.linalg.eigvalsh((C + C.T) / 2.0 * np.outer(scale, scale))[0])


def K_voigt(C: Array) -> float:
    """Voigt's bulk modulus of a (6, 6) matrix, stable or not [GPa]."""
    return float(C[:3, :3].sum() / 9.0)


def G_voigt(C: Array) -> float:
    """Voigt's shear modulus of a (6, 6) matrix, stable or not [GPa]."""
    return float((np.trace(C[:3, :3]) - _upper(C) + 3.0 * np.trace(C[3:, 3:])) / 15.0)


def K_reuss(C: Array) -> float:
    """Reuss's bulk modulus of a stable (6, 6) matrix [GPa]."""
    return float(1.0 / np.linalg.inv(C)[:3, :3].sum())


def G_reuss(C: Array) -> float:
    """Reuss's shear modulus of a stable (6, 6) matrix [GPa]."""
    S = np.asarray(np.linalg.inv(C), dtype=np.float64)
    return float(15.0 / (4.0 * np.trace(S[:3, :3]) - 4.0 * _upper(S) + 3.0 * np.trace(S[3:, 3:])))


def young_along(C: Array, directions: Array) -> Array:
    """Young's modulus [GPa] of a stable tensor (6, 6) along unit vectors (n, 3): 1/E = S_ijkl n_i n_j n_k n_l."""
    S = np.linalg.inv(C)
    x, y, z = directions.T
    square = np.array([x * x, y * y, z * z, y * z, x * z, x * y])  # of n_i n_j, as a stress: shears once
    return np.asarray(1.0 / np.einsum("pn,pq,qn->n", square, S, square))


def _upper(matrix: Array) -> float:
    return float(matrix[0, 1] + matrix[0, 2] + matrix[1, 2])
