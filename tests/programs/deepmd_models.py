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


def by_the_package(file):
    from deepmd.calculator import DP

    calculator = DP(file)

    def evaluate(atoms):
        atoms.calc = calculator
        stress = atoms.get_stress().tolist() if atoms.pbc.all() else None
        return {"energy": atoms.get_potential_energy(), "forces": atoms.get_forces().tolist(), "stress": stress}

    return evaluate


def by_the_script(file):
    import torch

    model = torch.jit.load(file, map_location="cpu")
    order = model.get_type_map()

    def evaluate(atoms):
        positions = torch.tensor(atoms.positions.reshape(1, -1), dtype=torch.float64)
        types = torch.tensor([[order.index(symbol) for symbol in atoms.symbols]])
        box = torch.tensor(atoms.cell.array.reshape(1, 9), dtype=torch.float64) if atoms.pbc.all() else None
        with torch.jit.optimized_execution(should_optimize=False):
            found = model(positions, types, box)
        stress = None
        if box is not None:
            s = -found["virial"].detach().numpy().reshape(3, 3) / atoms.get_volume()
            stress = [s[0, 0], s[1, 1], s[2, 2], s[1, 2], s[0, 2], s[0, 1]]
        return {
            "energy": float(found["energy"].detach()),
            "forces": found["force"].detach().numpy()[0].tolist(),
            "stress": stress,
        }

    return evaluate


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
    reference = by_the_script(file) if file.endswith(".pth") else by_the_package(file)
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
