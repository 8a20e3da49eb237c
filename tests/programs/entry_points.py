"""What each package's own documentation says to do with a model, for programs that hold an adapter against it.

Nothing of sselmp's adapters is used here. Two packages are not taken at their word, since they are wrong or cannot:

* matgl 4 sums the messages of edges at the wrong end for M3GNet's published weights. Its own calculator is used, with
  the sums going to the other end and nothing else changed; recorded/m3gnet-matgl-1.2.7.json has what the authors' stack
  gives.
* deepmd-kit 3.2.0 fails on the DPA-3 file. The file holds its own code, which ``torch.jit.load`` runs.
"""

import os
import sys
from pathlib import Path

import numpy as np

SEVENNET = {"sevennet": "7net-0", "sevennet-l3i5": "7net-l3i5", "sevennet-mf-0": "7net-mf-0"}
CHGNET = {"chgnet": "0.3.0", "chgnet-r2scan": "r2scan"}
UNSAFE = "TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD"


def sevennet(card, _):
    from sevenn.calculator import SevenNetCalculator

    modal = {"modal": card.options["modal"]} if card.options else {}
    return SevenNetCalculator(SEVENNET[card.name], device="cpu", **modal)


def chgnet(card, _):
    from chgnet.model import CHGNet
    from chgnet.model.dynamics import CHGNetCalculator

    model = CHGNet.load(model_name=CHGNET[card.name], use_device="cpu", verbose=False)
    return CHGNetCalculator(model=model, use_device="cpu")


def m3gnet(_, file):
    import matgl
    from matgl.ext.ase import PESCalculator
    from matgl.layers import _graph_convolution as layers

    told, add = layers.M3GNetGraphConv.node_update_, layers.scatter_add

    def update(self, edge_index, *others):
        layers.scatter_add = lambda messages, _, **where: add(messages, edge_index[1], **where)
        try:
            return told(self, edge_index, *others)
        finally:
            layers.scatter_add = add

    layers.M3GNetGraphConv.node_update_ = update
    return PESCalculator(matgl.load_model(file.parent), stress_unit="eV/A3", use_voigt=True)


def deepmd(_, file):
    if file.suffix == ".pth":
        return by_its_script(file)
    from deepmd.calculator import DP

    return DP(str(file))


def mace(card, file):
    os.environ[UNSAFE] = "1"  # as importing mace does, which our adapter has undone
    from mace.calculators import MACECalculator

    head = {"head": card.options["head"]} if card.options else {}
    return MACECalculator(model_paths=str(file), device="cpu", default_dtype=card.precision, **head)


def mattersim(_, file):
    from mattersim.forcefield import MatterSimCalculator

    return MatterSimCalculator(load_path=str(file), device="cpu")


def orb(card, file):
    from orb_models.forcefield import pretrained
    from orb_models.forcefield.calculator import ORBCalculator

    make = pretrained.ORB_PRETRAINED_MODELS[card.options["model"]]
    precision = {"float32": "float32-highest", "float64": "float64"}[card.precision]
    return ORBCalculator(make(weights_path=str(file), device="cpu", precision=precision, compile=False), device="cpu")


def by_its_script(file):
    """An evaluation of atoms by the TorchScript in a file."""
    import torch

    model = torch.jit.load(file, map_location="cpu")
    order = model.get_type_map()

    def evaluate(atoms):
        positions = torch.tensor(atoms.positions.reshape(1, -1), dtype=torch.float64)
        types = torch.tensor([[order.index(symbol) for symbol in atoms.symbols]])
        box = torch.tensor(atoms.cell.array.reshape(1, 9), dtype=torch.float64) if atoms.pbc.all() else None
        with torch.jit.optimized_execution(should_optimize=False):
            found = model(positions, types, box)
        stress = None
        if box is not None:
            s = -found["virial"].detach().numpy().reshape(3, 3) / atoms.get_volume()
            stress = [s[0, 0], s[1, 1], s[2, 2], s[1, 2], s[0, 2], s[0, 1]]
        forces = found["force"].detach().numpy()[0].tolist()
        return {"energy": float(found["energy"].detach()), "forces": forces, "stress": stress}

    return evaluate


def documented(card):
    """A function from ASE atoms to energy [eV], forces [eV/Å] and, in a crystal, stress [eV/Å³], for a card's model."""
    file = Path(card.weights.file)
    if card.weights.source == "folder":
        file = Path(os.environ["SSELMP_WEIGHTS"]) / file
    if torch := sys.modules.get("torch"):
        torch.set_default_dtype(torch.float32)  # some packages leave it as they like
    makers = {made.__name__: made for made in (sevennet, chgnet, m3gnet, deepmd, mace, mattersim, orb)}
    made = makers[card.family](card, file)
    if not hasattr(made, "get_potential_energy"):
        return made

    def evaluate(atoms):
        asked = atoms.copy()
        asked.calc = made
        forces = np.asarray(asked.get_forces()).tolist()
        stress = asked.get_stress(voigt=True).tolist() if atoms.pbc.all() else None
        return {"energy": float(asked.get_potential_energy()), "forces": forces, "stress": stress}

    return evaluate
