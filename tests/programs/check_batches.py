"""Runs in a potential's environment: several configurations at once beside one after another; prints JSON.

Usage: python check_batches.py CARD...
"""

import json
import random
import sys

import numpy as np
from ase.build import bulk

from sselmp.errors import SselmpError
from sselmp.potentials.batches import BatchedPotential
from sselmp.potentials.calculators import load_calculator
from sselmp.potentials.cards import load_card
from sselmp.potentials.golden import structure


def configurations():
    """Cells of other sizes, shapes, elements and numbers of atoms, one with its atoms outside the cell."""
    far = structure("LiCl-distorted")
    far.positions[::3] += far.cell[0] - 2 * far.cell[2]
    sheared = bulk("LiCl", "rocksalt", a=5.2, cubic=True)
    sheared.set_cell(sheared.cell @ np.array([[1.05, 0, 0], [0.2, 0.97, 0], [0, -0.15, 1.0]]), scale_atoms=True)
    sheared.rattle(0.1, seed=3)
    primitive = bulk("LiCl", "rocksalt", a=5.2)
    primitive.rattle(0.1, seed=4)
    return [structure("LiCl-distorted"), primitive, structure("Li2S-distorted"), far, sheared]


def state():
    import torch

    return [
        str(torch.get_default_dtype()),
        torch.is_grad_enabled(),
        torch.get_float32_matmul_precision(),
        int(torch.get_rng_state().sum()),
        int(np.random.get_state()[1].sum()),
        hash(random.getstate()),
    ]


def as_lists(one):
    return {
        "energy": one.energy,
        "forces": one.forces.tolist(),
        "stress": None if one.stress is None else one.stress.tolist(),
        "energies": None if one.energies is None else one.energies.tolist(),
    }


def check(path):
    card = load_card(path)
    potential, calculator = BatchedPotential(card), load_calculator(card)
    asked = [c for c in configurations() if not card.elements or set(c.symbols) <= set(card.elements)]
    copies = [one.copy() for one in asked]
    before = state()
    together = potential.evaluate(asked)
    after = state()
    alone = []
    for atoms in asked:
        copy = atoms.copy()
        copy.calc = calculator
        results = {
            "energy": float(copy.get_potential_energy()),
            "forces": copy.get_forces().tolist(),
            "stress": copy.get_stress().tolist() if card.stress else None,
            "energies": calculator.results["energies"].tolist() if card.per_atom_energy else None,
        }
        alone.append(results)
    open_cell = asked[0].copy()
    open_cell.set_pbc([True, True, False])
    try:
        potential.evaluate([asked[1], open_cell])
        refusal = None
    except SselmpError as error:
        refusal = str(error)
    return {
        "at once": potential.at_once,
        "together": [as_lists(one) for one in together],
        "alone": alone,
        "again": [as_lists(one) for one in potential.evaluate(asked[::-1])][::-1],
        "one": as_lists(potential.evaluate(asked[:1])[0]),
        "unchanged": all(
            np.array_equal(a.positions, b.positions) and np.array_equal(a.cell, b.cell) and a.calc is None
            for a, b in zip(asked, copies, strict=True)
        ),
        "state": [before, after],
        "open": refusal,
    }


print(json.dumps({path: check(path) for path in sys.argv[1:]}))
