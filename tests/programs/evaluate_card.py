"""Runs in a potential's environment: evaluates structures through a card, prints JSON with what it did to the process.

Usage: ``python evaluate_card.py CARD [STRUCTURE...]``; without structures ten, the first of them again at the end.
"""

import contextlib
import io
import json
import os
import random
import sys

import numpy as np
import torch
from ten_structures import TEN, named

from sselmp.potentials.calculators import load_calculator
from sselmp.potentials.cards import load_card


def process_state():
    """What other code of the process could notice, as strings."""
    return {
        "dtype": str(torch.get_default_dtype()),
        "grad": str(torch.is_grad_enabled()),
        "threads": str(torch.get_num_threads()),
        "matmul": torch.get_float32_matmul_precision(),
        "deterministic": str(torch.are_deterministic_algorithms_enabled()),
        "torch random": str(torch.get_rng_state().sum()),
        "numpy random": str(np.random.get_state()),
        "random": str(random.getstate()),
        "environment": str(sorted(os.environ.items())),
    }


def evaluate(calculator, name):
    atoms = named(name)
    before = atoms.todict()
    calculator.calculate(atoms, ["energy", "forces", "stress"], ["positions"])
    results = calculator.results
    after = atoms.todict()
    return {
        "atoms": len(atoms),
        "unchanged": all(np.array_equal(before[key], after[key]) for key in before) and set(before) == set(after),
        "plain": type(results["energy"]) is float and results["forces"].dtype == results["stress"].dtype == np.float64,
        **{key: np.asarray(value).tolist() for key, value in results.items()},
    }


def main():
    card = load_card(sys.argv[1])
    torch.manual_seed(1)
    before = process_state()
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        calculator = load_calculator(card, device="cpu")
        found = {name: evaluate(calculator, name) for name in sys.argv[2:] or (*TEN, TEN[0])}
    after = process_state()
    changed = [key for key in before if before[key] != after[key]]
    print(json.dumps({"found": found, "changed": changed, "printed": printed.getvalue()}))


if __name__ == "__main__":
    main()
