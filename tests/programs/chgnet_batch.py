"""Runs in CHGNet's environment: evaluates ten structures as one batch by CHGNet's own function, prints JSON.

Usage: ``python chgnet_batch.py MODEL``.
"""

import json
import sys

from chgnet.model import CHGNet
from pymatgen.io.ase import AseAtomsAdaptor
from ten_structures import TEN, named


def main():
    model = CHGNet.load(model_name=sys.argv[1], use_device="cpu", verbose=False)
    atoms = [named(name) for name in TEN]
    batch = model.predict_structure([AseAtomsAdaptor.get_structure(one) for one in atoms])
    found = {
        name: {"energy": float(predicted["e"]) * len(one), "forces": predicted["f"].tolist()}
        for name, one, predicted in zip(TEN, atoms, batch, strict=True)
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main()
