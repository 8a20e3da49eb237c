"""Runs in a potential's environment: gives an adapter what it must refuse and prints its messages as JSON.

Usage: python refuse_small_models.py FAMILY CARD (of make_small_models.py). Every file has the hash that its card says,
so that the family sees it.
"""

import hashlib
import json
import pathlib
import sys
import types
from pathlib import Path

import torch

from sselmp.errors import SselmpError
from sselmp.potentials.calculators import load_calculator
from sselmp.potentials.cards import load_card

folder = Path()


class Bomb:
    """Touches a file if it is unpickled."""

    def __reduce__(self):
        return (pathlib.Path.touch, (folder / "executed",))


def with_file(card, path):
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    return card.model_copy(update={"weights": card.weights.model_copy(update={"file": str(path), "sha256": sha256})})


def saved(card, content, name):
    torch.save(content, folder / name)
    return with_file(card, folder / name)


def cut(card, fraction):
    whole = Path(card.weights.file).read_bytes()
    path = folder / f"cut-{fraction}"
    path.write_bytes(whole[: int(len(whole) * fraction)])
    return with_file(card, path)


def of_a_missing_package(card):
    """A model pickled by a package that is not installed here, as SevenNet's or MACE's would be elsewhere."""
    module = types.ModuleType("other_family")
    sys.modules["other_family"] = module
    exec("class Model:\n    pass", vars(module))  # noqa: S102 - the class must live in the module that then goes away
    made = saved(card, module.Model(), "missing-package.pt")
    del sys.modules["other_family"]
    return made


def of_every_family(card):
    text = folder / "text.pt"
    text.write_text("404: not found")
    return {
        "cut in half": cut(card, 0.5),
        "cut at its end": cut(card, 0.999),
        "empty": cut(card, 0.0),
        "text": with_file(card, text),
        "tensors of another family": saved(card, {"a.weight": torch.zeros(3)}, "tensors.pt"),
        "a list": saved(card, [1, 2], "list.pt"),
        "a plain network": saved(card, torch.nn.Linear(2, 2), "network.pt"),
        "of a missing package": of_a_missing_package(card),
        "no weights": card.model_copy(update={"weights": None}),
        "option": card.model_copy(update={"options": {**card.options, "haed": "pbe"}}),
        "cutoff": card.model_copy(update={"cutoff_A": card.cutoff_A + 1}),
        "depth": card.model_copy(update={"message_passing_depth": card.message_passing_depth + 1}),
        "forces": card.model_copy(update={"forces": "direct" if card.forces == "conservative" else "conservative"}),
    }


def of_mace(card):
    two = with_file(card, Path(card.weights.file).with_name("two.model"))
    return {
        "head": two.model_copy(update={"options": {"head": "r2scn"}}),
        "no head": two,
        "elements": card.model_copy(update={"elements": (*card.elements, "Fe")}),
    }


def of_mattersim(card):
    whole = torch.load(card.weights.file, weights_only=True)
    lost = {**whole, "model": {k: v for k, v in whole["model"].items() if not k.startswith("graph_conv.1")}}
    other = {**whole, "model_args": {**whole["model_args"], "units": 16}}
    return {
        "parameters missing": saved(card, lost, "lost.pt"),
        "other sizes": saved(card, other, "sizes.pt"),
        "bomb": saved(card, {**whole, "model": Bomb()}, "bomb.pt"),
        "precision": card.model_copy(update={"precision": "float64"}),
        "elements": card.model_copy(update={"elements": (*card.elements, "Lr")}),
    }


def of_orb(card):
    direct = card.model_copy(update={"forces": "direct", "options": {"model": "orb-v3-direct-inf-omat"}})
    whole = torch.load(Path(card.weights.file).with_name("direct.ckpt"), weights_only=True)
    lost = {name: value for name, value in whole.items() if not name.startswith("heads.forces")}
    return {
        "no model": card.model_copy(update={"options": {}}),
        "unknown model": card.model_copy(update={"options": {"model": "orb-v3-conservative-inf-omta"}}),
        "molecules only": card.model_copy(update={"options": {"model": "orb-v3-conservative-omol"}}),
        "conservative as direct": direct,
        "random heads": saved(direct, lost, "lost.ckpt"),
        "older architecture": direct.model_copy(update={"options": {"model": "orb-v2"}}),
        "bomb": saved(card, {"model.x": Bomb()}, "bomb.pt"),
        "energies of atoms": card.model_copy(update={"per_atom_energy": True}),
    }


def main():
    global folder  # noqa: PLW0603 - one folder for all files of this program
    family, card = sys.argv[1], load_card(sys.argv[2])
    folder = Path(sys.argv[2]).parent / "refused"
    folder.mkdir()
    cases = of_every_family(card) | {"mace": of_mace, "mattersim": of_mattersim, "orb": of_orb}[family](card)
    said = {}
    for name, given in {**cases, "gpu": card}.items():
        device = "cuda:7" if name == "gpu" else "cpu"
        try:
            load_calculator(given, device=device)
            said[name] = "loaded"
        except SselmpError as error:
            said[name] = f"{type(error).__name__}: {error}"
    print(json.dumps({"said": said, "executed": (folder / "executed").exists()}))


if __name__ == "__main__":
    main()
