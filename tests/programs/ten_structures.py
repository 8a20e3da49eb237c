"""Ten structures by name for programs that compare calculators, and LAMMPS data files by their path."""

import numpy as np
from ase.build import make_supercell
from ase.io import read

from sselmp.potentials.golden import structure

ROCKSALT = ("LiCl-rocksalt-5.14", "LiCl-distorted", "NaCl-rocksalt-5.64")
SULFIDES = ("Li2S-5.72", "Li2S-distorted", "Li6PS5Cl-ordered")
MADE = ("argyrodite-hot", "argyrodite-sheared", "Li2S-supercell", "NaCl-unwrapped")
TEN = (*ROCKSALT, *SULFIDES, *MADE)


def rattled(atoms, *, scale, seed):
    """The atoms, each moved by normal deviates of ``scale`` Å."""
    atoms.positions += np.random.default_rng(seed).normal(scale=scale, size=atoms.positions.shape)
    return atoms


def named(name):
    """ASE atoms of one of the ten, or of a data file."""
    if name.endswith(".data"):
        return read(name, format="lammps-data", atom_style="atomic", units="metal", sort_by_id=True)
    if name == "argyrodite-hot":
        return rattled(structure("Li6PS5Cl-ordered"), scale=0.1, seed=1)
    if name == "argyrodite-sheared":
        atoms = structure("Li6PS5Cl-ordered")
        atoms.set_cell(atoms.cell.array @ [[1.02, 0, 0], [0.05, 0.98, 0], [-0.04, 0.03, 1]], scale_atoms=True)
        return rattled(atoms, scale=0.05, seed=2)
    if name == "Li2S-supercell":
        return rattled(make_supercell(structure("Li2S-5.72"), np.diag([2, 1, 1])), scale=0.05, seed=3)
    if name == "NaCl-unwrapped":
        atoms = rattled(structure("NaCl-rocksalt-5.64"), scale=0.05, seed=4)
        atoms.positions[::2] += 2 * atoms.cell[0] - atoms.cell[2]
        return atoms
    return structure(name)
