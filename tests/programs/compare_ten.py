"""Runs in a potential's environment: ten structures through cards and as the packages document it; prints JSON.

Usage: ``python compare_ten.py CARD...``. Structures with elements that a card does not know are left out. The package
is asked after all adapters, so that nothing that it does to the process can help or harm them.
"""

import json
import sys

from entry_points import documented
from ten_structures import TEN, named

from sselmp.potentials.calculators import load_calculator
from sselmp.potentials.cards import load_card


def through(calculator):
    def evaluate(atoms):
        calculator.calculate(atoms, ["energy", "forces", "stress"], ["positions"])
        found = calculator.results
        return {"energy": found["energy"], **{key: found[key].tolist() for key in ("forces", "stress")}}

    return evaluate


def known(card):
    return [name for name in TEN if set(named(name).symbols) <= set(card.elements)]


def main():
    cards = [load_card(name) for name in sys.argv[1:]]
    found = {}
    for card in cards:
        ours = through(load_calculator(card, device="cpu"))
        found[card.name] = {"ours": {name: ours(named(name)) for name in known(card)}}
    for card in cards:
        theirs = documented(card)
        found[card.name]["theirs"] = {name: theirs(named(name)) for name in known(card)}
    print(json.dumps(found))


if __name__ == "__main__":
    main()
