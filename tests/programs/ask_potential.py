"""Runs in a potential's environment: evaluates a LAMMPS data file with a card's ASE calculator and prints JSON."""

import json
import sys

from ase.io import read

from sselmp.potentials.calculators import load_calculator
from sselmp.potentials.cards import load_card


def main():
    atoms = read(sys.argv[2], format="lammps-data", atom_style="atomic", units="metal", sort_by_id=True)
    atoms.calc = load_calculator(load_card(sys.argv[1]))
    energy, forces, stress = atoms.get_potential_energy(), atoms.get_forces(), atoms.get_stress(voigt=True)
    print(json.dumps({"energy": energy, "forces": forces.tolist(), "stress": stress.tolist()}))


if __name__ == "__main__":
    main()
