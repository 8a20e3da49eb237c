"""Runs in a potential's environment: evaluates a LAMMPS data file with the package's own ASE calculator, prints JSON.

Independent of sselmp on purpose: SevenNet is loaded by its documented entry point, not through a card.
"""

import json
import sys

import numpy as np
from ase.io import read
from ase.optimize import FIRE
from sevenn.calculator import SevenNetCalculator


def evaluate(atoms):
    return {
        "energy": float(atoms.get_potential_energy()),
        "energies": atoms.calc.results["energies"].tolist(),
        "forces": atoms.get_forces().tolist(),
        "stress": atoms.get_stress(voigt=True).tolist(),
    }


def strained_energies(atoms, size=1e-3):
    """dE/d(strain) by central differences for the six symmetric strains, in ASE's Voigt order [eV]."""
    derivative = []
    for i, j in ((0, 0), (1, 1), (2, 2), (1, 2), (0, 2), (0, 1)):
        energies = []
        for sign in (1, -1):
            strain = np.eye(3)
            strain[i, j] += sign * size / 2
            strain[j, i] += sign * size / 2
            moved = atoms.copy()
            moved.set_cell(atoms.cell @ strain, scale_atoms=True)
            moved.calc = atoms.calc
            energies.append(float(moved.get_potential_energy()))
        derivative.append((energies[0] - energies[1]) / (2 * size))
    return derivative


def main():
    files, wanted = sys.argv[2:], sys.argv[1].split(",")
    calculator = SevenNetCalculator("7net-0", device="cpu")
    found = {}
    for file in files:
        atoms = read(file, format="lammps-data", atom_style="atomic", units="metal", sort_by_id=True)
        atoms.calc = calculator
        found[file] = evaluate(atoms)
        if "strain" in wanted:
            found[file]["strain"] = strained_energies(atoms)
        if "minimum" in wanted:
            FIRE(atoms, logfile=None).run(fmax=0.005, steps=200)
            found[file]["minimum"] = float(atoms.get_potential_energy())
    print(json.dumps(found))


if __name__ == "__main__":
    main()
