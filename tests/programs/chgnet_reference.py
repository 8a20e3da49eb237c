"""Runs in CHGNet's environment: evaluates ten structures by CHGNet's documented entry points, prints JSON.

Usage: ``python chgnet_reference.py MODEL``.
"""

import json
import sys

from chgnet.model import CHGNet
from chgnet.model.dynamics import CHGNetCalculator
from pymatgen.io.ase import AseAtomsAdaptor
from ten_structures import TEN, named


def main():
    model = CHGNet.load(model_name=sys.argv[1], use_device="cpu", verbose=False)
    calculator = CHGNetCalculator(model=model, use_device="cpu")
    atoms = [named(name) for name in TEN]
    batch = model.predict_structure([AseAtomsAdaptor.get_structure(one) for one in atoms])
    found = {}
    for name, one, predicted in zip(TEN, atoms, batch, strict=True):
        one.calc = calculator
        found[name] = {
            "energy": float(one.get_potential_energy()),
            "forces": one.get_forces().tolist(),
            "stress": one.get_stress(voigt=True).tolist(),
            "energy of a batch": float(predicted["e"]) * len(one),
            "forces of a batch": predicted["f"].tolist(),
        }
    print(json.dumps(found))


if __name__ == "__main__":
    main()
