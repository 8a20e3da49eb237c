"""Crystals and calculators for the tests of static properties, small and with answers known by other means."""

from __future__ import annotations

import numpy as np
from ase.build import bulk
from ase.calculators.emt import EMT
from ase.calculators.morse import MorsePotential

from sselmp.statics.settings import RelaxationSettings
from sselmp.statics.watched import Watched
from sselmp.structures.crystal import Crystal

TIGHT = RelaxationSettings(fmax_eV_per_A=1e-4, stress_tolerance_GPa=1e-3, optimizer="BFGS")
DEPTH, LENGTH, WIDTH = 0.4, 2.6, 5.0  # of the Morse bond [eV], [Å], [1]


def crystal(atoms, name="metal"):
    return Crystal(name, tuple(atoms.get_chemical_symbols()), cell=atoms.cell.array, positions=atoms.positions)


def emt():
    return Watched(EMT())


def neighbours_only():
    """Morse between nearest neighbours of fcc only, at the minimum of the bond, and the constant of the bond."""
    calculator = MorsePotential(epsilon=DEPTH, r0=LENGTH, rho0=WIDTH, rcut1=1.25, rcut2=1.35)
    lattice = LENGTH * np.sqrt(2.0)
    return crystal(bulk("Cu", "fcc", a=lattice)), Watched(calculator), 2.0 * DEPTH * (WIDTH / LENGTH) ** 2


def low_symmetry():
    """Two atoms in a triclinic cell without mirror or axis, whose ions move when it is strained."""
    atoms = bulk("Ni", "hcp", a=2.45, c=4.0)
    atoms.symbols[1] = "Pd"
    atoms.set_cell(
        atoms.cell.array @ (np.eye(3) + np.random.default_rng(3).normal(scale=0.03, size=(3, 3))), scale_atoms=True
    )
    return atoms


def rotation(seed=5):
    """A proper rotation at random, (3, 3); vectors are rows: ``vectors @ rotation``."""
    turn, _ = np.linalg.qr(np.random.default_rng(seed).normal(size=(3, 3)))
    return turn * np.sign(np.linalg.det(turn))
