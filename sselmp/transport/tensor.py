"""The full diffusion tensor, its principal axes and their errors; chooses no scale of time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sselmp import cells
from sselmp.trajectory.paths import chunks
from sselmp.transport.diffusion import fit_slope, measured_error
from sselmp.transport.msd import Array, Motion
from sselmp.transport.scales import PAIRS, measure_scales

_CHUNK_BYTES = 2**22


@dataclass(frozen=True)
class DiffusionTensor:
    """D along and between the Cartesian axes of the trajectory's frame.

    Attributes:
        D: (3, 3) symmetric [Å²/ps].
        error: (3, 3) standard errors of its elements [Å²/ps].
        principal_D: (3,) eigenvalues, descending [Å²/ps].
        principal_error: (3,) standard errors of D along the principal axes [Å²/ps].
        principal_axes: (3, 3) unit vectors in rows, in the order of the eigenvalues.
        principal_axes_error_degrees: (3,) by how much each may be turned, one standard error [degrees]; 90 where two
            eigenvalues do not differ, so that any direction between their axes would do.
    """

    D: Array
    error: Array
    principal_D: Array
    principal_error: Array
    principal_axes: Array
    principal_axes_error_degrees: Array


def diffusion_tensor(motions: Sequence[Motion], scale: int) -> DiffusionTensor:
    """D_ab from ⟨Δr_a Δr_b⟩ = 2 D_ab t + c_ab at one scale, with errors measured in blocks of time.

    The weights of the regression are those of the trace, which no rotation changes; so the tensor of a rotated
    trajectory is the rotated tensor. Sampling drives eigenvalues apart: those of an isotropic motion differ by about
    their errors.

    Args:
        motions: One run or several.
        scale: Of the diffusive regime, in frames.

    Raises:
        TrajectoryError: The runs are too short for the scale.
    """
    scales = measure_scales(motions, pairs=True)
    slope = fit_slope(scales, scale)
    of_lags = slope.weights[:, 0] * 3.0  # of one axis alone

    def weights(unit: Array) -> Array:
        """Of D along a unit matrix (3, 3)."""
        each = [unit[a, b] if a == b else unit[a, b] + unit[b, a] for a, b in PAIRS]
        return np.outer(of_lags, np.array(each))

    D, error = np.zeros((3, 3)), np.zeros((3, 3))
    for a, b in PAIRS:
        unit = np.zeros((3, 3))
        unit[a, b] = 1.0
        D[a, b] = D[b, a] = float((weights(unit) * scales.means).sum())
        error[a, b] = error[b, a] = measured_error(scales, slope, weights=weights(unit))[0]
    values, vectors = np.linalg.eigh(D)
    axes = vectors.T[::-1]
    between = np.array(
        [[measured_error(scales, slope, weights=weights(np.outer(one, other)))[0] for other in axes] for one in axes]
    )
    return DiffusionTensor(
        D=cells.readonly(D),
        error=cells.readonly(error),
        principal_D=cells.readonly(np.asarray(values[::-1])),
        principal_error=cells.readonly(between.diagonal().copy()),
        principal_axes=cells.readonly(np.ascontiguousarray(axes)),
        principal_axes_error_degrees=cells.readonly(_turns(values[::-1], between)),
    )


def _turns(values: Array, between: Array) -> Array:
    """Standard errors of the directions of eigenvectors, by perturbation of first order [degrees].

    An error e of the element between two axes turns them towards each other by e over the difference of their
    eigenvalues (G. W. Stewart, J.-G. Sun, Matrix Perturbation Theory, 1990, chapter V).

    Args:
        values: (3,) eigenvalues.
        between: (3, 3) errors of the tensor's elements in its own axes, in the same order.
    """
    apart = np.abs(values[:, None] - values[None, :])
    np.fill_diagonal(apart, np.inf)
    with np.errstate(divide="ignore"):
        turns = between / apart
    return np.asarray(np.minimum(np.degrees(np.sqrt((turns**2).sum(axis=1))), 90.0))


def displacement_tensor(positions: Array) -> Array:
    """Mean products of displacements along all pairs of axes, over all time origins, by Fourier transform.

    As ``msd.squared_displacements``, with the correlation of two axes in place of that of one:
    Σ (a' - a)(b' - b) = Σ a'b' + Σ ab - Σ (a'b + ab').

    Args:
        positions: (F, n, 3) [Å].

    Returns:
        (F, 3, 3) [Å²].
    """
    from scipy import fft

    frames, ions = positions.shape[:2]
    length = fft.next_fast_len(2 * frames - 1, real=True)
    cross = np.zeros((len(PAIRS), length // 2 + 1))
    products = np.zeros((len(PAIRS), frames))
    for _, paths in chunks(positions, size=_CHUNK_BYTES):
        centred = paths - paths.mean(axis=2, keepdims=True)
        spectra = fft.rfft(centred, n=length)
        for index, (a, b) in enumerate(PAIRS):
            products[index] += np.einsum("nf,nf->f", centred[:, a], centred[:, b])
            cross[index] += (spectra[:, a] * spectra[:, b].conj()).real.sum(axis=0)
    correlation = fft.irfft(cross, n=length)[:, :frames]
    heads = np.cumsum(products, axis=1)[:, ::-1]
    tails = np.cumsum(products[:, ::-1], axis=1)[:, ::-1]
    found = (heads + tails - 2.0 * correlation) / (np.arange(frames, 0, -1.0) * ions)
    found[:, 0] = 0.0
    result = np.empty((frames, 3, 3))
    for (a, b), row in zip(PAIRS, found, strict=True):
        result[:, a, b] = result[:, b, a] = row
    return result
