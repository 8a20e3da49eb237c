"""Runs in a potential's environment: asks for what it should not evaluate, prints JSON with the refusals or null.

Usage: ``python refuse_atoms.py CARD``.
"""

import json
import sys

from sselmp.errors import PotentialError
from sselmp.potentials.calculators import load_calculator
from sselmp.potentials.cards import load_card
from sselmp.potentials.golden import structure


def refusal(calculator, atoms):
    try:
        calculator.calculate(atoms, ["energy", "forces", "stress"], ["positions"])
    except PotentialError as error:
        return str(error)
    return None


def main():
    calculator = load_calculator(load_card(sys.argv[1]), device="cpu")
    slab, gas = structure("LiCl-distorted"), structure("LiCl-distorted")
    slab.pbc = (True, True, False)
    gas.set_cell(gas.cell.array * 4, scale_atoms=True)
    print(json.dumps({"slab": refusal(calculator, slab), "gas": refusal(calculator, gas)}))


if __name__ == "__main__":
    main()
