"""Runs in a DeePMD environment: a model through its card beside the authors' own entry point; prints JSON.

The reference is deepmd-kit's calculator for a TensorFlow graph, and the script itself for TorchScript.
Usage: python deepmd_models.py CARD FILE STRUCTURE...
"""

import json
import os
import random
import sys
from pathlib import Path

import numpy as np
from entry_points import documented

from sselmp.errors import PotentialError
from sselmp.potentials.calculators import load_calculator
from sselmp.potentials.cards import load_card
from sselmp.potentials.golden import structure


def atoms_of(name):
    """A golden structure, or one of them doubled, moved out of its cell or isolated."""
    base, _, change = name.partition("+")
    atoms = structure(base)
    if change == "unwrapped":
        atoms.positions += atoms.cell.array.sum(axis=0) * 3
    if change == "doubled":
        atoms = atoms.repeat((1, 1, 2))
    if change == "isolated":
        atoms.pbc = False
    return atoms


def through_the_card(calculator):
    def evaluate(atoms):
        before = atoms.todict()
        calculator.calculate(atoms, ["energy", "forces", "stress"], ["positions"])
        after = atoms.todict()
        results = calculator.results
        return {
            "energy": results["energy"],
            "forces": results["forces"].tolist(),
            "stress": results["stress"].tolist() if "stress" in results else None,
            "energies": results["energies"].tolist(),
            "unchanged": all(np.array_equal(before[key], after[key]) for key in before),
        }

    return evaluate


def process_state():
    state = {"numpy": str(np.random.get_state()), "random": str(random.getstate()), "variables": dict(os.environ)}
    if "torch" in sys.modules:
        import torch

        state |= {
            "dtype": str(torch.get_default_dtype()),
            "grad": torch.is_grad_enabled(),
            "optimize": torch._C._get_graph_executor_optimize(),
            "generator": float(torch.get_rng_state().sum()),
        }
    return state


def refused(action):
    try:
        action()
    except PotentialError as error:
        return str(error)
    return "not refused"


def main():
    card, file, *names = sys.argv[1:]
    card = load_card(card)
    if file.endswith(".pth"):
        import torch  # noqa: F401 - so that its state is compared too
    before = process_state()
    calculator = load_calculator(card)
    ours = through_the_card(calculator)
    answers = {"ours": {name: ours(atoms_of(name)) for name in names}}
    after = process_state()
    answers["changed"] = [key for key in before if before[key] != after[key]]
    reference = documented(card)
    answers["reference"] = {name: reference(atoms_of(name)) for name in names}
    half, foreign = Path(f"half{Path(file).suffix}"), structure("NaCl-rocksalt-5.64")
    half.write_bytes(Path(file).read_bytes()[: Path(file).stat().st_size // 2])
    from sselmp.potentials.families import deepmd

    slab = structure("LiCl-rocksalt-5.14")
    slab.pbc = (True, True, False)
    foreign.symbols[0] = "Og" if "Na" in card.elements else "Na"
    foreign.symbols[1] = "X" if foreign.symbols[0] == "Og" else "Li"
    answers["refused"] = {
        "half": refused(lambda: deepmd.load(card, half, device="cpu")),
        "device": refused(lambda: deepmd.load(card, Path(file), device="cuda")),
        "slab": refused(lambda: ours(slab)),
        "element": refused(lambda: ours(foreign)),
        "cutoff": refused(lambda: deepmd.load(card.model_copy(update={"cutoff_A": 5.0}), Path(file), device="cpu")),
    }
    print(json.dumps(answers))


if __name__ == "__main__":
    main()
