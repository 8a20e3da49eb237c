"""Evaluates the runs of a batch by the fast path on a processor; prints answers, errors and sets made, as JSON."""

from __future__ import annotations

import json

import numpy as np
import torch

from sselmp.bridge.batch_potential import BatchPotential, Wanted
from sselmp.bridge.forces import Answer
from sselmp.potentials import golden
from sselmp.potentials.cards import load_card
from sselmp.potentials.fast import groups

NAMES = ("Li2S-distorted", "LiCl-distorted", "C2H2O2-triclinic")


def wanted(name: str, seed: int) -> Wanted:
    """A run with the atoms of a golden structure, moved."""
    atoms = golden.structure(name)
    atoms.positions += np.random.default_rng(seed).normal(0.0, 0.05, atoms.positions.shape)
    numbers = _NUMBERS.setdefault(name, np.array(atoms.numbers, dtype=np.int32))
    return Wanted(name, numbers, np.ones(3, dtype=bool), atoms.positions, atoms.cell.array, energies=False)


_NUMBERS: dict[str, np.ndarray] = {}


def main() -> None:
    """Print what became of rounds in which all ask, one is late, one explodes and one has left."""
    torch.set_num_threads(1)
    card = load_card("sevennet")
    fast, plain = BatchPotential(card, path="fast"), BatchPotential(card)
    said: dict[str, object] = {"paths": [fast.path, plain.path]}

    def both(asked: list[Wanted]) -> list[dict[str, object]]:
        rows = []
        for one, other in zip(fast.evaluate(asked), plain.evaluate(asked), strict=True):
            if isinstance(one, Answer) and isinstance(other, Answer):
                apart = float(np.abs(one.forces - other.forces).max()), abs(one.energy - other.energy)
                rows.append({"apart": apart, "virial": float(np.abs(one.virial - other.virial).max())})
            else:
                rows.append({"error": str(one), "plain": str(other)})
        return rows

    made = groups.FastGroups._group
    sets = []

    def noted(self: groups.FastGroups, asked: dict) -> object:
        group = made(self, asked)
        sets.append([sorted(group.members), id(group)])
        return group

    groups.FastGroups._group = noted
    said["all"] = both([wanted(name, 1) for name in NAMES])
    said["late"] = both([wanted(name, 2) for name in NAMES[1:]])
    said["again"] = both([wanted(name, 3) for name in NAMES])
    exploded = wanted(NAMES[1], 4)
    exploded.positions[2, 0] = np.nan
    said["exploded"] = both([wanted(NAMES[0], 4), exploded, wanted(NAMES[2], 4)])
    groups.PATIENCE = 2
    said["left"] = [both([wanted(NAMES[0], seed)]) for seed in (5, 6, 7, 8)]
    numbers: dict[int, int] = {}
    said["sets"] = [[names, numbers.setdefault(which, len(numbers))] for names, which in sets]
    print(json.dumps(said))


if __name__ == "__main__":
    main()
