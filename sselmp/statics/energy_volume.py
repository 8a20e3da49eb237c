"""Fitting equations of state, by Birch and Murnaghan or Vinet, to energies and volumes; evaluates no potential."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np

from sselmp import units
from sselmp.cells import Array
from sselmp.errors import PotentialError
from sselmp.settings import Checked

Law = Literal["birch-murnaghan", "vinet"]
PARAMETERS = 4


class Fit(Checked):
    """An equation of state fitted by least squares; errors are standard errors from the misfit.

    Attributes:
        V0_A3: Volume without pressure [Å³], of the cell.
        E0_eV: Energy there [eV].
        K0_GPa: Bulk modulus there [GPa].
        K1: Its derivative with pressure.
        residual_meV_per_atom: Root mean square of the energies off the fit.
    """

    law: Law
    V0_A3: float
    V0_error_A3: float
    E0_eV: float
    E0_error_eV: float
    K0_GPa: float
    K0_error_GPa: float
    K1: float
    K1_error: float
    residual_meV_per_atom: float

    def energy(self, volumes: Array) -> Array:
        """Energies [eV] at volumes [Å³]."""
        return LAWS[self.law](volumes, self.E0_eV, self.V0_A3, self.K0_GPa / units.EV_PER_A3_IN_GPA, self.K1)


def birch_murnaghan(V: Array, E0: float, V0: float, K0: float, K1: float) -> Array:  # noqa: PLR0917 - as scipy calls it
    """Third order (Birch, Phys. Rev. 71, 809 (1947)); E0 [eV], V and V0 [Å³], K0 [eV/Å³] → energies [eV]."""
    x = (V0 / V) ** (2.0 / 3.0)
    return np.asarray(E0 + 9.0 / 16.0 * V0 * K0 * ((x - 1.0) ** 3 * K1 + (x - 1.0) ** 2 * (6.0 - 4.0 * x)))


def vinet(V: Array, E0: float, V0: float, K0: float, K1: float) -> Array:  # noqa: PLR0917 - as scipy calls it
    """Vinet et al., J. Phys.: Condens. Matter 1, 1941 (1989); arguments as for ``birch_murnaghan``."""
    x = (V / V0) ** (1.0 / 3.0)
    eta = 1.5 * (K1 - 1.0)
    bracket = 1.0 - (1.0 - eta * (1.0 - x)) * np.exp(eta * (1.0 - x))
    return np.asarray(E0 + 9.0 * K0 * V0 / eta**2 * bracket)


LAWS: dict[Law, Callable[..., Array]] = {"birch-murnaghan": birch_murnaghan, "vinet": vinet}


def fit(law: Law, volumes: Array, *, energies: Array, atoms: int) -> Fit:
    """Fit an equation of state.

    Args:
        law: Which.
        volumes: (n,) [Å³], more than the four parameters.
        energies: (n,) [eV].
        atoms: Of the cell.

    Raises:
        PotentialError: The energies have no minimum between the volumes, or no curve of that form fits.
    """
    from scipy.optimize import curve_fit

    lowest = int(np.argmin(energies))
    if not volumes.min() < volumes[lowest] < volumes.max():
        raise _no_minimum(volumes, lowest)
    a, b, _ = np.polyfit(volumes, energies, 2)
    start = (float(energies.min()), -b / (2 * a), abs(2 * a * volumes[lowest]), 4.0)
    scale = float(energies[lowest])  # large energies would lose digits that the curvature needs
    try:
        with np.errstate(all="ignore"):
            found, covariance = curve_fit(
                LAWS[law], volumes, energies - scale, p0=(start[0] - scale, *start[1:]), maxfev=20000
            )
    except RuntimeError as error:
        raise PotentialError(f"no curve of {law} fits the energies", got=error) from error
    E0, V0, K0, K1 = (float(value) for value in found)
    if not (volumes.min() < V0 < volumes.max() and np.all(np.isfinite(covariance))):
        raise _no_minimum(volumes, lowest)
    errors = np.sqrt(np.diag(covariance))
    off = energies - scale - LAWS[law](volumes, *found)
    return Fit(
        law=law,
        V0_A3=V0,
        V0_error_A3=float(errors[1]),
        E0_eV=E0 + scale,
        E0_error_eV=float(errors[0]),
        K0_GPa=K0 * units.EV_PER_A3_IN_GPA,
        K0_error_GPa=float(errors[2]) * units.EV_PER_A3_IN_GPA,
        K1=K1,
        K1_error=float(errors[3]),
        residual_meV_per_atom=float(np.sqrt(np.mean(off**2))) * 1000.0 / atoms,
    )


def _no_minimum(volumes: Array, lowest: int) -> PotentialError:
    return PotentialError(
        "the energy has no minimum between the volumes of the equation of state",
        got=f"volumes {volumes.min():.3f} to {volumes.max():.3f} Å³, the lowest energy at {volumes[lowest]:.3f} Å³",
        repair="relax the structure more tightly (--fmax), or widen equation_of_state.largest_strain in --settings",
    )
