"""What the phonons of a crystal are, as a record with units in its keys; finds none of it."""

from __future__ import annotations

from typing import Literal

from sselmp.settings import Checked

Vector = tuple[float, float, float]
Numbers = tuple[float, ...]
Verdict = Literal["stable", "imaginary", "imaginary where interpolated"]


class Mode(Checked):
    """One mode.

    Attributes:
        frequency_THz: Negative where it is imaginary [THz].
        q: Wave vector in units of the primitive cell's reciprocal vectors.
        where: In words, such as ``X`` or ``between Γ and X``.
        commensurate: Whether its wave fits into the supercell; else it is interpolated.
    """

    frequency_THz: float
    q: Vector
    where: str
    commensurate: bool


class Piece(Checked):
    """A straight piece of the path through the Brillouin zone.

    Attributes:
        begin: Name of its first wave vector, such as ``Γ``.
        end: Name of its last.
        q: (n, 3) wave vectors in units of the primitive cell's reciprocal vectors.
        distance_per_A: (n,) from the path's beginning, jumps left out, without 2π [1/Å].
        frequencies_THz: (n, modes), ascending; negative where imaginary [THz].
    """

    begin: str
    end: str
    q: tuple[Vector, ...]
    distance_per_A: Numbers
    frequencies_THz: tuple[Numbers, ...]


class ElementDensity(Checked):
    """The part of an element in the density of states, (n,) [1/THz per primitive cell]."""

    element: str
    states_per_THz: Numbers


class DensityOfStates(Checked):
    """Density of states of the primitive cell, whose integral is three times its atoms.

    Attributes:
        frequency_THz: (n,) [THz]; imaginary ones are negative.
        total_states_per_THz: (n,) [1/THz].
        elements: Its parts, by the squares of the displacements of each element's atoms.
    """

    frequency_THz: Numbers
    total_states_per_THz: Numbers
    elements: tuple[ElementDensity, ...]


class Thermal(Checked):
    """Harmonic thermal properties at constant volume, (T,) each, for a mole of atoms.

    Attributes:
        temperature_K: [K].
        free_energy_kJ_per_mol: Of the vibrations, with the zero-point energy [kJ per mole of atoms].
        entropy_J_per_K_mol: [J/K per mole of atoms].
        heat_capacity_J_per_K_mol: [J/K per mole of atoms]; 3R = 24.94 where all modes are classical.
        zero_point_energy_meV_per_atom: [meV].
        imaginary_share: Of the mesh's modes, which are left out of all of this: where it is not zero these are no
            thermal properties of the crystal.
    """

    temperature_K: Numbers
    free_energy_kJ_per_mol: Numbers
    entropy_J_per_K_mol: Numbers
    heat_capacity_J_per_K_mol: Numbers
    zero_point_energy_meV_per_atom: float
    imaginary_share: float


class Quality(Checked):
    """How good the forces were, before their force constants were made to obey what all force constants obey.

    Attributes:
        residual_force_eV_per_A: Largest force in the supercell before an atom was moved [eV/Å]; subtracted.
        sum_rule_eV_per_A2: Largest sum of an atom's force constants, zero if a shift of the crystal costs nothing.
        asymmetry_eV_per_A2: Largest difference between the force constants of a pair and of its exchange, zero for
            forces that are the gradient of an energy.
        acoustic_at_gamma_THz: The three modes at Γ that should be zero [THz].
    """

    residual_force_eV_per_A: float
    sum_rule_eV_per_A2: float
    asymmetry_eV_per_A2: float
    acoustic_at_gamma_THz: Vector


class Phonons(Checked):
    """The result.

    Attributes:
        verdict: ``imaginary``: at a wave vector that fits into the supercell; ``imaginary where interpolated``: only
            between such, where a larger supercell may say otherwise.
        reason: In words, with the numbers that decided.
        space_group: As its displacements were chosen by.
        primitive_cell: Rows a, b, c [Å], to whose reciprocal vectors all wave vectors refer.
        species: Of the atoms of the primitive cell.
        supercell: Repetitions of the structure's own cell.
        supercell_atoms: Its number of atoms.
        image_distance_A: Least distance between an atom and its own image in the supercell [Å].
        displacements: Number of supercells with an atom moved.
        before_symmetrisation: What the forces themselves say.
        acoustic_at_gamma_THz: The three modes at Γ that are zero, after the sum rule was imposed [THz].
        gamma_THz: All modes at Γ, ascending [THz].
        lowest: The lowest mode of all that were looked at, acoustic ones at Γ left aside.
        lowest_commensurate: The lowest one that is not interpolated, acoustic ones at Γ left aside.
        mesh: Wave vectors along the reciprocal vectors, Γ not among them.
    """

    kind: Literal["phonons"] = "phonons"
    verdict: Verdict
    reason: str
    space_group: str
    primitive_cell: tuple[Vector, Vector, Vector]
    species: tuple[str, ...]
    supercell: tuple[int, int, int]
    supercell_atoms: int
    image_distance_A: float
    displacements: int
    before_symmetrisation: Quality
    acoustic_at_gamma_THz: Vector
    gamma_THz: Numbers
    lowest: Mode
    lowest_commensurate: Mode | None
    bands: tuple[Piece, ...]
    density: DensityOfStates
    thermal: Thermal
    mesh: tuple[int, int, int]
