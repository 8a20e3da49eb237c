"""The only place that knows phonopy: displaced supercells, force constants, frequencies; judges nothing.

It runs beside the command line and not in a potential's environment, which has no phonopy.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from sselmp.cells import Array, readonly
from sselmp.errors import PotentialError, StructureError
from sselmp.statics.phonon_result import Quality
from sselmp.structures.crystal import Crystal
from sselmp.structures.supercell import Factors

DOS_POINTS = 201


@dataclass(frozen=True)
class Modes:
    """Modes on a mesh and their density.

    Attributes:
        frequencies_THz: (wave vectors, modes) [THz]; negative where imaginary.
        q: (wave vectors, 3).
        axis_THz: (n,) [THz].
        density_per_THz: (atoms of the primitive cell, n) [1/THz].
    """

    frequencies_THz: Array
    q: Array
    axis_THz: Array
    density_per_THz: Array


class LatticeDynamics:
    """A crystal with its ions at rest, its displaced supercells and, once their forces are given, its vibrations.

    Wave vectors are in units of the reciprocal vectors of ``primitive``, frequencies in THz.

    Args:
        crystal: At rest.
        factors: Of the supercell.
        displacement_A: By which an atom is moved [Å].
        symmetry_tolerance_A: Within which symmetry is found, by which displacements are chosen [Å].

    Raises:
        StructureError: No symmetry can be made of the crystal.
    """

    def __init__(
        self, crystal: Crystal, factors: Factors, *, displacement_A: float, symmetry_tolerance_A: float
    ) -> None:
        from phonopy import Phonopy
        from phonopy.structure.atoms import PhonopyAtoms

        self.name, self.factors = crystal.name, factors
        vectors = crystal.cell * np.sign(np.linalg.det(crystal.cell))  # right-handed, of the same lattice
        cell = PhonopyAtoms(symbols=list(crystal.species), cell=vectors, positions=crystal.positions)
        try:
            with warnings.catch_warnings():  # that its primitive cell has other axes, which the record says
                warnings.filterwarnings("ignore", message="primitive_matrix defaulted")
                self._phonopy = Phonopy(cell, np.diag(factors), primitive_matrix="auto", symprec=symmetry_tolerance_A)
            self._phonopy.generate_displacements(distance=displacement_A)
        except (RuntimeError, ValueError, TypeError, AttributeError) as error:
            raise StructureError(
                f"{crystal.name}: phonopy makes no supercell of it",
                got=f"{type(error).__name__}: {error}",
                repair="another relaxation.symmetry_tolerance_A, in --settings",
            ) from error

    @cached_property
    def primitive(self) -> Crystal:
        """The primitive cell."""
        return self._crystal(self._phonopy.primitive)

    @cached_property
    def supercell(self) -> Crystal:
        """The supercell in which no atom is moved."""
        return self._crystal(self._phonopy.supercell)

    @cached_property
    def displaced(self) -> tuple[Crystal, ...]:
        """The supercells with one atom moved, as few as symmetry lets."""
        return tuple(self._crystal(one) for one in self._phonopy.supercells_with_displacements)

    @property
    def space_group(self) -> str:
        """In words, such as ``Fm-3m (225)``."""
        symbol, number = str(self._phonopy.primitive_symmetry.get_international_table()).split()
        return f"{symbol} {number}"

    @cached_property
    def translations(self) -> Array:
        """(3, 3) whole numbers: rows are the supercell's vectors in units of the primitive ones."""
        return readonly(np.rint(self.supercell.cell @ np.linalg.inv(self.primitive.cell)))

    def commensurate(self) -> Array:
        """(n, 3) all wave vectors that fit into the supercell, Γ among them, each from −1/2 to 1/2."""
        from phonopy.harmonic.dynmat_to_fc import get_commensurate_points

        found = np.array(get_commensurate_points(np.rint(self.translations).astype(np.int64).T))
        return readonly(found - np.rint(found))

    def take(self, forces: Sequence[Array]) -> Quality:
        """Make force constants of forces, and make them obey the sum rule and the exchange of pairs.

        Args:
            forces: (n, 3) each [eV/Å]: of ``supercell``, then of ``displaced``.

        Raises:
            PotentialError: The forces determine no force constants.
        """
        at_rest = np.asarray(forces[0])
        self._phonopy.forces = np.array([np.asarray(one) - at_rest for one in forces[1:]])
        try:
            self._phonopy.produce_force_constants(show_drift=False)
        except (RuntimeError, ValueError, np.linalg.LinAlgError) as error:
            raise PotentialError(
                f"{self.name}: phonopy makes no force constants of the forces", got=str(error)
            ) from error
        raw = np.array(self._phonopy.force_constants)
        quality = Quality(
            residual_force_eV_per_A=float(np.linalg.norm(at_rest, axis=1).max()),
            sum_rule_eV_per_A2=float(max(np.abs(raw.sum(axis=0)).max(), np.abs(raw.sum(axis=1)).max())),
            asymmetry_eV_per_A2=float(np.abs(raw - raw.transpose(1, 0, 3, 2)).max()),
            acoustic_at_gamma_THz=acoustic(self.frequencies(np.zeros((1, 3)))[0]),
        )
        self._phonopy.symmetrize_force_constants(show_drift=False)
        return quality

    def frequencies(self, q: Array) -> Array:
        """(n, modes) frequencies at wave vectors (n, 3), ascending; negative where imaginary [THz]."""
        return readonly(self._phonopy.run_qpoints(q).frequencies)

    def on_mesh(self, numbers: tuple[int, int, int]) -> Modes:
        """The modes on a regular mesh that leaves out Γ where the numbers are even, and their density by atom."""
        mesh = self._phonopy.run_mesh(list(numbers), is_mesh_symmetry=False, with_eigenvectors=True)
        frequencies = np.array(mesh.frequencies)
        least, most = float(frequencies.min()), float(frequencies.max())
        margin = 0.02 * (most - least)
        low = 0.0 if least >= 0 else least - margin
        pitch = (most + margin - low) / (DOS_POINTS - 1)
        found = self._phonopy.run_projected_dos(freq_min=low, freq_max=most + 1.5 * margin, freq_pitch=pitch)
        axis = np.array(found.frequency_points)
        return Modes(readonly(frequencies), readonly(mesh.qpoints), readonly(axis), readonly(found.projected_dos))

    def _crystal(self, cell: Any) -> Crystal:  # noqa: ANN401 - a class of phonopy
        return Crystal(self.name, tuple(cell.symbols), cell=cell.cell, positions=cell.positions)


def acoustic(frequencies: Array) -> tuple[float, float, float]:
    """The three modes nearest to zero of those at Γ, ascending [THz]."""
    first, second, third = sorted(sorted(map(float, frequencies), key=abs)[:3])
    return first, second, third


def others(frequencies: Array) -> Array:
    """The modes at Γ without the three nearest to zero, ascending [THz]."""
    return np.sort(np.array(sorted(map(float, frequencies), key=abs)[3:]))
