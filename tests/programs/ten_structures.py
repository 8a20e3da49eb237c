"""Ten structures by name for programs that compare calculators, and LAMMPS data files by their path."""

import numpy as np
from ase import Atoms
from ase.build import make_supercell
from ase.io import read

from sselmp.potentials.golden import structure
from sselmp.structures.crystallography import Site, from_crystallography
from sselmp.structures.systems import load_system

CHLORIDES = ("LiCl-rocksalt-5.14", "LiCl-distorted", "LiCl-unwrapped", "Li3YCl6")
SULFIDES = ("Li2S-distorted", "Li2S-oblique", "Li6PS5Cl-ordered", "Li6PS5Cl-hot")
OXIDES = ("Li2O-rattled", "Li3PO4")
TEN = (*CHLORIDES, *SULFIDES, *OXIDES)

# Pmn21, numbers of the Materials Project's mp-13725
PHOSPHATE = [
    Site("Li", "2a", (0.0, 0.84452, 0.509417)),
    Site("Li", "4b", (0.252873, 0.326434, 0.508363)),
    Site("P", "2a", (0.0, 0.175739, 0.00142)),
    Site("O", "2a", (0.0, 0.181604, 0.685191)),
    Site("O", "2a", (0.0, 0.896492, 0.102126)),
    Site("O", "4b", (0.207138, 0.313509, 0.10701)),
]
OXIDE = [Site("Li", "8c", (0.25, 0.25, 0.25)), Site("O", "4a", (0.0, 0.0, 0.0))]


def atoms_of(crystal):
    return Atoms(crystal.species, positions=crystal.positions, cell=crystal.cell, pbc=True)


def by_symmetry(sites, space_group, lengths):
    cell = (*lengths, 90, 90, 90)
    return atoms_of(from_crystallography("made", sites, space_group=space_group, cell_parameters=cell))


def rattled(atoms, *, scale, seed):
    """The atoms, each moved by normal deviates of ``scale`` Å."""
    atoms.positions += np.random.default_rng(seed).normal(scale=scale, size=atoms.positions.shape)
    return atoms


def unwrapped():
    """Every other atom left out of its cell, as LAMMPS may have it."""
    atoms = rattled(structure("LiCl-rocksalt-5.14"), scale=0.05, seed=4)
    atoms.positions[::2] += 2 * atoms.cell[0] - atoms.cell[2]
    return atoms


def oblique():
    """Two cells of Li2S in a strongly triclinic one: angles of 54, 66 and 42 degrees."""
    made = make_supercell(structure("Li2S-5.72"), [[1, 0, 0], [1, 1, 0], [1, 1, 2]])
    made.set_cell(made.cell.array @ [[1.02, 0, 0], [0.05, 0.98, 0], [-0.04, 0.03, 1]], scale_atoms=True)
    return rattled(made, scale=0.1, seed=3)


MADE = {
    "LiCl-unwrapped": unwrapped,
    "Li3YCl6": lambda: atoms_of(load_system("Li3YCl6").crystal),
    "Li2S-oblique": oblique,
    "Li6PS5Cl-hot": lambda: rattled(structure("Li6PS5Cl-ordered"), scale=0.1, seed=1),
    "Li2O-rattled": lambda: rattled(by_symmetry(OXIDE, 225, (4.62, 4.62, 4.62)), scale=0.05, seed=2),
    "Li3PO4": lambda: by_symmetry(PHOSPHATE, 31, (6.176136, 5.296402, 4.922448)),
}


def named(name):
    """ASE atoms of one of the ten, of a golden structure, or of a data file."""
    if name.endswith(".data"):
        return read(name, format="lammps-data", atom_style="atomic", units="metal", sort_by_id=True)
    return MADE[name]() if name in MADE else structure(name)
