"""Runs in M3GNet's environment: evaluates ten structures through a card, but with matgl 1.2.7's triples of bonds.

matgl up to 4.0 numbered the bonds of a triple among those within the three-body cutoff and looked them up among all.

Usage: ``python m3gnet_old_triples.py CARD``.
"""

import json
import sys

import torch
from ten_structures import TEN, named

from sselmp.potentials.calculators import load_calculator
from sselmp.potentials.cards import load_card


def take_old_triples():
    """Change matgl for this process: angles stay those of the right bonds, all else is looked up as it was then."""
    from matgl.models import _m3gnet as model

    line_graph, angles, kept = model.create_line_graph, model.compute_theta_and_phi, {}

    def old_line_graph(*bonds):
        graph = line_graph(*bonds)
        kept["bonds"] = graph["kept_edge_ids"]
        return {**graph, "line_edge_index": torch.searchsorted(kept["bonds"], graph["line_edge_index"])}

    def old_angles(vectors, lengths, index):
        return angles(vectors[kept["bonds"]], lengths[kept["bonds"]], index)

    model.create_line_graph, model.compute_theta_and_phi = old_line_graph, old_angles


def main():
    calculator = load_calculator(load_card(sys.argv[1]), device="cpu")
    take_old_triples()
    found = {}
    for name in TEN:
        atoms = named(name)
        atoms.calc = calculator
        found[name] = {"energy": atoms.get_potential_energy(), "forces": atoms.get_forces().tolist()}
        found[name]["stress"] = atoms.get_stress().tolist()
    print(json.dumps(found))


if __name__ == "__main__":
    main()
