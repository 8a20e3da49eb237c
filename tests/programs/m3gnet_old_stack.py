"""Prints what the authors' stack gives for ten structures: runs where matgl 1.2.7, DGL 2.1.0 and torch 2.2.1 are.

No environment of sselmp holds that stack: tests/recorded/m3gnet-matgl-1.2.7.json was made once by
    python m3gnet_old_stack.py MODELS/M3GNet-MP-2021.2.8-PES MODELS/M3GNet-MatPES-PBE-v2025.1-PES
where MODELS is a folder of matgl's models.
"""

import json
import sys
from importlib.metadata import version
from pathlib import Path

import matgl
from matgl.ext.ase import PESCalculator
from ten_structures import TEN, named


def rounded(values):
    return [[float(f"{value:.8g}") for value in row] for row in values]


def main():
    recorded = {"stack": {name: version(name) for name in ("matgl", "dgl", "torch", "ase", "numpy", "pymatgen")}}
    for folder in sys.argv[1:]:
        calculator = PESCalculator(matgl.load_model(folder), stress_unit="eV/A3", use_voigt=True)
        recorded[Path(folder).name] = {}
        for name in TEN:
            atoms = named(name)
            atoms.calc = calculator
            recorded[Path(folder).name][name] = {
                "energy": float(atoms.get_potential_energy()),
                "forces": rounded(atoms.get_forces()),
                "stress": rounded([atoms.get_stress()])[0],
            }
    print(json.dumps(recorded))


if __name__ == "__main__":
    main()
