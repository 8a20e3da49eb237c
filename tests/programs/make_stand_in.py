"""Runs in a potential's environment: saves a random model that the shipped card of its family fits, for ``--weights``.

Usage: ``python make_stand_in.py mace|mattersim|orb FILE``. Nothing in it is trained: it stands in for weights that
could not be had, so that loading, preflight and a short run are real. Elements, cutoff and message passing are the
card's.
"""

import sys
from pathlib import Path

import numpy as np
import torch
from ase.data import atomic_numbers
from make_small_models import mace_model, mattersim_model

from sselmp.potentials.cards import load_card


def make_mace(file):
    card = load_card("mace")
    numbers = sorted(atomic_numbers[element] for element in card.elements)
    energies = np.random.default_rng(0).normal(-3, 1, len(numbers))
    scales = {"atomic_inter_scale": 60.0, "atomic_inter_shift": 0.1}
    torch.save(mace_model(numbers, r_max=card.cutoff_A, atomic_energies=energies, **scales), file)


def make_mattersim(file):
    mattersim_model(file, blocks=load_card("mattersim").message_passing_depth, scale=200.0)


def make_orb(file):
    from orb_models.forcefield import pretrained

    torch.save(pretrained.orb_v3_conservative_architecture(device="cpu").state_dict(), file)


def main():
    family, file = sys.argv[1], Path(sys.argv[2])
    torch.manual_seed(1)
    {"mace": make_mace, "mattersim": make_mattersim, "orb": make_orb}[family](file)


if __name__ == "__main__":
    main()
