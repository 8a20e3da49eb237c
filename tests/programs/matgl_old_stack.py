"""Prints what an authors' stack from before matgl 3 gives for ten structures.

No environment of sselmp holds one. With a folder MODELS of matgl's models, what tests/recorded holds was made once by
    python matgl_old_stack.py MODELS/M3GNet-MP-2021.2.8-PES MODELS/M3GNet-MatPES-PBE-v2025.1-PES
with matgl 1.2.7, DGL 2.1.0 and torch 2.2.1 (m3gnet-matgl-1.2.7.json), and by
    python matgl_old_stack.py MODELS/TensorNet-MatPES-PBE-v2025.1-PES
with matgl 2.0.4 and its PyG backend (tensornet-matgl-2.0.4.json; torch 2.13.0, above that matgl's bound of 2.7.0).
"""

import contextlib
import json
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import matgl
from matgl.ext.ase import PESCalculator
from ten_structures import TEN, named


def stack():
    found = {}
    for name in ("matgl", "dgl", "torch-geometric", "torch", "ase", "numpy", "pymatgen"):
        with contextlib.suppress(PackageNotFoundError):
            found[name] = version(name)
    return found


def rounded(values):
    return [[float(f"{value:.8g}") for value in row] for row in values]


def main():
    recorded = {"stack": stack()}
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
