"""Runs in a potential's environment: loads one card after another, prints JSON with each one's refusal or null.

Usage: ``python load_cards.py DEVICE CARD...``.
"""

import json
import sys

from sselmp.errors import SselmpError
from sselmp.potentials.calculators import load_calculator
from sselmp.potentials.cards import load_card


def refusal(card, device):
    try:
        load_calculator(load_card(card), device=device)
    except SselmpError as error:
        return str(error)
    return None


print(json.dumps({card: refusal(card, sys.argv[1]) for card in sys.argv[2:]}))
