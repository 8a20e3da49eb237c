"""Runs in a potential's environment: what adapters leave behind, and their forces by differences; prints JSON.

Usage: python check_small_models.py CARD... (cards of make_small_models.py).
"""

import json
import os
import random
import sys
import warnings
from pathlib import Path

import numpy as np
from ase.calculators.calculator import Calculator

from sselmp.potentials.calculators import load_calculator
from sselmp.potentials.cards import load_card
from sselmp.potentials.golden import structure

UNSAFE = "TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD"
MATPLOTLIB = {".cache/matplotlib", ".config/matplotlib"}  # where it keeps its font list, whoever imports it


def state():
    """What the process looks like to everyone else in it."""
    import torch

    return {
        "dtype": str(torch.get_default_dtype()),
        "matmul": torch.get_float32_matmul_precision(),
        "tf32": torch.backends.cuda.matmul.allow_tf32,
        "grad": torch.is_grad_enabled(),
        "threads": torch.get_num_threads(),
        "deterministic": torch.are_deterministic_algorithms_enabled(),
        "torch random": int(torch.get_rng_state().sum()),
        "numpy random": int(np.random.get_state()[1].sum()),
        "python random": hash(random.getstate()),
        "unsafe loading": os.environ.get(UNSAFE),
        "warnings": [str(entry) for entry in warnings.filters],
        "properties of every ASE calculator": list(Calculator.implemented_properties),
    }


def evaluate(calculator, atoms):
    asked = atoms.copy()
    asked.calc = calculator
    energy, forces = asked.get_potential_energy(), asked.get_forces()
    return {"energy": float(energy), "forces": forces.tolist(), "stress": asked.get_stress(voigt=True).tolist()}


def slope(calculator, atoms, change, *, step):
    """-dE/ds by central differences along a change of the atoms by s."""
    energies = []
    for sign in (1, -1):
        moved = change(atoms.copy(), sign * step)
        moved.calc = calculator
        energies.append(float(moved.get_potential_energy()))
    return -(energies[0] - energies[1]) / (2 * step)


def differences(calculator, atoms, *, step):
    """Forces along a random direction [eV/Å] and six stresses [eV/Å³], as told and by differences of the energy."""
    way = np.random.default_rng(5).normal(size=(len(atoms), 3))
    way /= np.linalg.norm(way)
    told = evaluate(calculator, atoms)

    def along(moved, size):
        moved.positions += size * way
        return moved

    def strained(i, j):
        def change(moved, size):
            strain = np.eye(3)
            strain[i, j] += size / 2
            strain[j, i] += size / 2
            moved.set_cell(moved.cell @ strain, scale_atoms=True)
            return moved

        return change

    pairs = ((0, 0), (1, 1), (2, 2), (1, 2), (0, 2), (0, 1))
    volume = atoms.get_volume()
    return {
        "force": float((np.array(told["forces"]) * way).sum()),
        "force by differences": slope(calculator, atoms, along, step=step),
        "stress": told["stress"],
        "stress by differences": [-slope(calculator, atoms, strained(*p), step=step) / volume for p in pairs],
    }


def check(card):
    before = state()
    calculator = load_calculator(card)
    loaded = state()
    atoms = structure("LiCl-distorted")
    atoms.info["note"] = 1
    copy = atoms.copy()
    atoms.calc = calculator
    atoms.get_stress()
    results = calculator.results
    return {
        "before": before,
        "after loading": loaded,
        "after evaluating": state(),
        "same input": bool(
            np.array_equal(atoms.positions, copy.positions)
            and np.array_equal(atoms.cell.array, copy.cell.array)
            and np.array_equal(atoms.numbers, copy.numbers)
            and atoms.info == copy.info
            and set(atoms.arrays) == set(copy.arrays)
        ),
        "kinds": {key: [type(value).__name__, str(np.asarray(value).dtype)] for key, value in results.items()},
        "sum of energies": float(np.sum(results.get("energies", np.nan))),
        "energy": results["energy"],
        "differences": differences(
            calculator, structure("LiCl-distorted"), step=1e-4 if card.precision == "float64" else 0.01
        ),
    }


def in_home():
    home = Path(os.environ["HOME"])
    made = [str(path.relative_to(home)) for path in home.rglob("*") if path.is_file()]
    return sorted(name for name in made if not any(name.startswith(known) for known in MATPLOTLIB))


def main():
    import torch

    torch.manual_seed(5)
    found = {Path(path).stem: check(load_card(path)) for path in sys.argv[1:]}
    folders = [str(path) for path in Path(os.environ["HOME"]).rglob("*mattersim*")]
    print(json.dumps({"cards": found, "home": in_home() + folders}))


if __name__ == "__main__":
    main()
