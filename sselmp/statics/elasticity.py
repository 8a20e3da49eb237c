"""The elastic tensor of a relaxed crystal from the stresses of strained cells, with clamped and with relaxed ions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Self

import numpy as np

from sselmp import units
from sselmp.cells import VOIGT_PAIRS, Array, readonly
from sselmp.errors import PotentialError, SettingsError
from sselmp.settings import Checked
from sselmp.statics import elastic_tensor
from sselmp.statics.elastic_tensor import Fitted, StrainState
from sselmp.statics.relaxation import Step, relax
from sselmp.statics.settings import ElasticitySettings, RelaxationSettings
from sselmp.statics.symmetry import Symmetry, symmetry
from sselmp.structures.crystal import Crystal

if TYPE_CHECKING:
    from sselmp.statics.watched import Watched

Six = tuple[float, float, float, float, float, float]
Matrix = tuple[Six, Six, Six, Six, Six, Six]
Ions = Literal["relaxed", "clamped"]
Verdict = Literal["stable", "unstable", "not linear", "not at rest"]
NAMES = ("xx", "yy", "zz", "yz", "xz", "xy")
MOST_STEPS = 300  # of the ions in one strained cell
# A stress that jumps as its strain changes sign has an R² of 0.90 and changes its slope by 0.94; smooth crystals have
# 0.99 and 0.1 even at the strains of --settings paper.
LEAST_R_SQUARED, MOST_BEND = 0.8, 0.3


class Moduli(Checked):
    """Of a polycrystal without texture (Hill, Proc. Phys. Soc. A 65, 349 (1952)).

    What takes the inverse of the tensor is None where that is unstable.

    Attributes:
        K_voigt_GPa: Bulk modulus at equal strain; ``K_reuss_GPa`` at equal stress, ``K_GPa`` Hill's mean of both.
        G_voigt_GPa: Shear modulus, in the same way.
        young_GPa: Young's modulus of K and G.
        poisson: Poisson's ratio of K and G.
        pugh: K/G; above about 1.75 metals are ductile (Pugh, Phil. Mag. 45, 823 (1954)).
        anisotropy: Universal index 5 G_V/G_R + K_V/K_R - 6, zero if isotropic (Ranganathan and Ostoja-Starzewski, Phys.
            Rev. Lett. 101, 055504 (2008)).
    """

    K_voigt_GPa: float
    G_voigt_GPa: float
    K_reuss_GPa: float | None = None
    G_reuss_GPa: float | None = None
    K_GPa: float | None = None
    G_GPa: float | None = None
    young_GPa: float | None = None
    poisson: float | None = None
    pugh: float | None = None
    anisotropy: float | None = None

    @classmethod
    def of(cls, C: Array) -> Self:
        """Of a tensor (6, 6) [GPa]."""
        K_v, G_v = elastic_tensor.K_voigt(C), elastic_tensor.G_voigt(C)
        if elastic_tensor.smallest_eigenvalue(C) <= 0:
            return cls(K_voigt_GPa=K_v, G_voigt_GPa=G_v)
        K_r, G_r = elastic_tensor.K_reuss(C), elastic_tensor.G_reuss(C)
        K, G = (K_v + K_r) / 2.0, (G_v + G_r) / 2.0
        return cls(
            K_voigt_GPa=K_v,
            G_voigt_GPa=G_v,
            K_reuss_GPa=K_r,
            G_reuss_GPa=G_r,
            K_GPa=K,
            G_GPa=G,
            young_GPa=9.0 * K * G / (3.0 * K + G),
            poisson=(3.0 * K - 2.0 * G) / (2.0 * (3.0 * K + G)),
            pugh=K / G,
            anisotropy=5.0 * G_v / G_r + K_v / K_r - 6.0,
        )


class Tensor(Checked):
    """An elastic tensor and how well it is known.

    Attributes:
        ions: Whether ions were relaxed in the strained cells.
        C_GPa: (6, 6) in the standard axes, averaged over the point group, order xx yy zz yz xz xy.
        C_as_fitted_GPa: Before that, in the axes of the crystal; rows are stresses, columns strains.
        residual_GPa: Root mean square of the stresses off the straight lines.
        r_squared: Least coefficient of determination of a line, of the stress that is conjugate to its strain.
        bend: Largest relative change of a diagonal element from the lines to where the strain vanishes.
        asymmetry_GPa: Largest difference of two elements of the fit that should be equal in any crystal.
        off_symmetry_GPa: Largest difference of the fit from its average over the point group.
        smallest_eigenvalue_GPa: Of Kelvin's matrix; stable after Born if positive.
        moduli: Of ``C_GPa``.
        K_at_zero_GPa: Hill's K where the strain vanishes, from cubic polynomials instead of lines; Voigt's if unstable.
        G_at_zero_GPa: The same for G. Far from the moduli, the strains are too large for a line.
    """

    ions: Ions
    C_GPa: Matrix
    C_as_fitted_GPa: Matrix
    residual_GPa: float
    r_squared: float
    bend: float | None
    asymmetry_GPa: float
    off_symmetry_GPa: float
    smallest_eigenvalue_GPa: float
    moduli: Moduli
    K_at_zero_GPa: float | None
    G_at_zero_GPa: float | None

    @property
    def stable(self) -> bool:
        """Whether every strain costs energy (Born's condition)."""
        return self.smallest_eigenvalue_GPa > 0

    @property
    def verdict(self) -> Verdict:
        """Whether it is a tensor, and then a stable one."""
        if self.r_squared < LEAST_R_SQUARED or (self.bend or 0.0) > MOST_BEND:
            return "not linear"
        return "stable" if self.stable else "unstable"

    @classmethod
    def of(cls, fitted: Fitted, *, group: Symmetry, ions: Ions) -> Self:
        """Average a fit over the point group and turn it into the standard axes."""
        mean = elastic_tensor.averaged(fitted.C, group.rotations)
        C = elastic_tensor.turned(mean, group.axes)
        zero = None if fitted.C_at_zero is None else elastic_tensor.averaged(fitted.C_at_zero, group.rotations)
        at_zero = None if zero is None else Moduli.of(zero)
        return cls(
            ions=ions,
            C_GPa=_matrix(C),
            C_as_fitted_GPa=_matrix(fitted.C),
            residual_GPa=fitted.residual,
            r_squared=fitted.r_squared,
            bend=fitted.bend,
            asymmetry_GPa=float(np.abs(fitted.C - fitted.C.T).max()),
            off_symmetry_GPa=float(np.abs((fitted.C + fitted.C.T) / 2.0 - mean).max()),
            smallest_eigenvalue_GPa=elastic_tensor.smallest_eigenvalue(C),
            moduli=Moduli.of(C),
            K_at_zero_GPa=None if at_zero is None else at_zero.K_GPa or at_zero.K_voigt_GPa,
            G_at_zero_GPa=None if at_zero is None else at_zero.G_GPa or at_zero.G_voigt_GPa,
        )


class Elasticity(Checked):
    """The result: the tensor asked for, and the one of clamped ions beside it.

    Attributes:
        verdict: Of ``tensor``: ``not linear`` where its stresses are no lines at all, as when ions leave for other
            places; ``not at rest`` where ions came to none in a strained cell, and ``tensor`` is of clamped ones; else
            after Born.
        space_group: Over whose point group tensors are averaged.
        axes: Rows x, y, z of the standard frame in the axes of the crystal (IEEE 176-1987; ``symmetry.standard_axes``).
        stress_GPa: Of the unstrained cell, xx yy zz yz xz xy.
        clamped: None where ``tensor`` is that of clamped ions.
        unrested: How far from rest ions stayed in which strained cell; None where they came to rest or were clamped.
    """

    kind: Literal["elastic"] = "elastic"
    verdict: Verdict
    space_group: str
    axes: tuple[tuple[float, float, float], ...]
    stress_GPa: Six
    tensor: Tensor
    clamped: Tensor | None
    unrested: str | None = None


def elasticity(
    crystal: Crystal, calculator: Watched, *, settings: ElasticitySettings, symmetry_tolerance_A: float
) -> Elasticity:
    """Find the elastic tensor of a relaxed crystal.

    Args:
        crystal: Relaxed; its ions are relaxed further to the limit of the strained cells.
        calculator: The potential.
        settings: Which strains, and whether ions relax.
        symmetry_tolerance_A: For the space group [Å].

    Raises:
        SettingsError: The potential gives no stress.
        PotentialError: It fails.
    """
    if "stress" not in calculator.implemented_properties:
        raise SettingsError(
            f"{crystal.name}: the potential gives no stress, so that there are no elastic constants",
            repair="leave 'elastic' out of --properties, or choose another potential",
        )
    strained = _Strained(crystal, calculator, settings=settings)
    group = symmetry(crystal, tolerance_A=symmetry_tolerance_A)
    clamped, relaxed = strained.states()
    of_clamped = Tensor.of(elastic_tensor.fit(clamped), group=group, ions="clamped")
    tensor = Tensor.of(elastic_tensor.fit(relaxed), group=group, ions="relaxed") if relaxed else of_clamped
    x, y, z = ((float(a), float(b), float(c)) for a, b, c in group.axes)
    return Elasticity(
        verdict="not at rest" if strained.unrested else tensor.verdict,
        space_group=group.words,
        axes=(x, y, z),
        stress_GPa=_six(strained.stress_GPa),
        tensor=tensor,
        clamped=of_clamped if relaxed else None,
        unrested=strained.unrested,
    )


def deformation(component: int, strain: float, *, form: Literal["symmetric", "upper"] = "symmetric") -> Array:
    """The (3, 3) deformation F of column vectors that gives one Green–Lagrange strain E = (FᵀF - 1)/2.

    Args:
        component: 0 to 5, in Voigt's order.
        strain: E_xx …, or E_yz … (both of its elements) [1].
        form: Which of those that differ by a rotation.
    """
    i, j = VOIGT_PAIRS[component]
    squared = np.eye(3)
    squared[i, j] = squared[j, i] = squared[i, j] + 2.0 * strain
    if form == "upper":
        return readonly(np.linalg.cholesky(squared).T)
    values, vectors = np.linalg.eigh(squared)
    return readonly(vectors * np.sqrt(values) @ vectors.T)


@dataclass
class _Strained:
    """The strained cells of a crystal and their stresses; once ions do not come to rest, they stay clamped."""

    crystal: Crystal
    calculator: Watched
    settings: ElasticitySettings

    def __post_init__(self) -> None:
        self.unrested: str | None = None
        rested = self._rest(self.crystal, where="the unstrained cell") if self.settings.relax_ions else None
        self._base = rested or self._at(self.crystal)
        self.stress_GPa = _stress(self._base)
        self._done = 0

    @property
    def _relaxes(self) -> bool:
        return self.settings.relax_ions and self.unrested is None

    def states(self) -> tuple[list[StrainState], list[StrainState]]:
        """All six states with clamped ions, and with relaxed ones (none, where these were not wanted or found)."""
        both = [self._state(component) for component in range(6)]
        relaxed = [relaxed for _, relaxed in both if relaxed is not None] if self._relaxes else []
        return [clamped for clamped, _ in both], relaxed

    def _state(self, component: int) -> tuple[StrainState, StrainState | None]:
        strains = self.settings.normal_strains if component < 3 else self.settings.shear_strains
        count = 3 * (len(self.settings.normal_strains) + len(self.settings.shear_strains))
        zero = [(0.0, self.stress_GPa)] if self.settings.equilibrium else []
        clamped, relaxed = list(zero), list(zero)
        known: tuple[float, Array] | None = None
        for strain in sorted(strains, key=lambda one: (abs(one), one)):
            cell = self._base.crystal.cell @ deformation(component, strain, form=self.settings.deformation).T
            placed = Crystal(
                self.crystal.name, self.crystal.species, cell=cell, positions=self._base.crystal.fractional() @ cell
            )
            clamped.append((strain, _stress(self._at(placed))))
            where = f"the cell strained by {strain:g} along {NAMES[component]}"
            if self._relaxes and (rested := self._rest(_shifted(placed, known, strain=strain), where=where)):
                known = (strain, rested.crystal.fractional() - placed.fractional())
                relaxed.append((strain, _stress(rested)))
            self._done += 1
            self.calculator.part(self._done, count)
        return _as_state(component, clamped), _as_state(component, relaxed) if self._relaxes else None

    def _at(self, crystal: Crystal) -> Step:
        from sselmp.statics.watched import atoms_of, evaluated

        return Step(crystal, evaluated(atoms_of(crystal, self.calculator)))

    def _rest(self, crystal: Crystal, *, where: str) -> Step | None:
        """The crystal with its ions at rest in its cell; None, and the reason kept, where they do not come to rest."""
        how = RelaxationSettings(
            optimizer="BFGS", cell="none", fmax_eV_per_A=self.settings.fmax_eV_per_A, maximum_steps=MOST_STEPS
        )
        found = relax(crystal, self.calculator, settings=how)
        if not found.result.converged:
            self.unrested = f"{found.result.reason} in {where}"
            return None
        return found.steps[-1]


def _shifted(placed: Crystal, known: tuple[float, Array] | None, *, strain: float) -> Crystal:
    """A strained crystal whose ions have moved as they did in a smaller strain of its kind, in proportion."""
    if known is None:
        return placed
    fractional = placed.fractional() + known[1] * (strain / known[0])
    return Crystal(placed.name, placed.species, cell=placed.cell, positions=fractional @ placed.cell)


def _as_state(component: int, found: list[tuple[float, Array]]) -> StrainState:
    strains, stresses = zip(*found, strict=True)
    return StrainState(component, readonly(strains), readonly(np.array(stresses)))


def _stress(step: Step) -> Array:
    stress = step.prediction.stress
    if stress is None:
        raise PotentialError(f"{step.crystal.name}: the potential gave no stress")
    return stress * units.EV_PER_A3_IN_GPA


def _six(values: Array) -> Six:
    a, b, c, d, e, f = (float(value) for value in values)
    return a, b, c, d, e, f


def _matrix(C: Array) -> Matrix:
    a, b, c, d, e, f = (_six(row) for row in C)
    return a, b, c, d, e, f
