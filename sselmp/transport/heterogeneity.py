"""How far displacements are from Gaussian, and whether few of the ions carry the motion; judges no diffusion."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sselmp.transport.msd import Array

# From so many hops an ion on, those of equal ions leave less than 0.2 of the parameter: what is there beyond is theirs.
HOPS_AN_ION = 3.0


@dataclass(frozen=True)
class Heterogeneity:
    """The non-Gaussian parameter of the displacements where D is read off, and what it says of the ions.

    Attributes:
        alpha_2: 3⟨r⁴⟩/(5⟨r²⟩²) - 1 in three dimensions (A. Rahman, Phys. Rev. 136 (1964) A405): zero for Brownian
            motion, 3/(5 n) where equal ions have hopped n times in the mean, 1/f - 1 where a share f of the ions moves.
        lag_ps: The lag that it is of, the last one fitted [ps].
        moving_share: The share of the ions that would carry the motion if these moved alike and the others not at all;
            None where no lag within half of the run has three hops an ion, or too few displacements to tell.
    """

    alpha_2: float
    lag_ps: float
    moving_share: float | None

    @property
    def few_move(self) -> bool:
        """Whether less than half of the ions carry the motion."""
        return self.moving_share is not None and self.moving_share < 0.5


def heterogeneity(
    lags_ps: Array, non_gaussian: Array, *, fitted_ps: float, hops_per_ps: float, independent: Array
) -> Heterogeneity:
    """Read the non-Gaussian parameter where D is fitted, and compare it with that of equal ions once these have hopped.

    Args:
        lags_ps: (J,) [ps].
        non_gaussian: (J,) the parameter at these lags.
        fitted_ps: Last lag fitted [ps].
        hops_per_ps: Hops of one ion by the fitted D [1/ps].
        independent: (J,) displacements at these lags that do not overlap in time, over all ions and runs.
    """
    at = int(np.abs(lags_ps - fitted_ps).argmin())
    hops = hops_per_ps * lags_ps
    # A parameter from n Gaussian displacements scatters by about 1/sqrt(n).
    seen = np.flatnonzero((hops >= HOPS_AN_ION) & (independent >= 50.0))
    share = None
    if seen.size:
        excess = float(non_gaussian[seen[0]]) - 3.0 / (5.0 * float(hops[seen[0]]))
        share = 1.0 / (1.0 + max(0.0, excess))
    return Heterogeneity(alpha_2=float(non_gaussian[at]), lag_ps=float(lags_ps[at]), moving_share=share)
