"""Runs in a potential's environment: builds small random models through the package's own API and saves them its way.

The authors' weights cannot be had where the tests run; these have the same architectures and file formats, so the real
loading path runs. Usage: python make_small_models.py FAMILY FOLDER. Prints the cards that it wrote beside the files.
"""

import hashlib
import json
import sys
from pathlib import Path

import numpy as np
import torch

ELEMENTS = ["Li", "O", "P", "S", "Cl", "Y"]
NUMBERS = [3, 8, 15, 16, 17, 39]
CARD = """
name = "{name}"
title = "a small random model of the tests"
family = "{family}"
environment = "{family}"
cutoff_A = {cutoff}
message_passing_depth = {depth}
precision = "{precision}"
forces = "{forces}"
stress = true
per_atom_energy = {parts}
elements = {elements}
[weights]
file = "{file}"
sha256 = "{sha256}"
licence = "none"
[options]
{options}
"""


def write_card(name, file, *, family, precision="float32", forces="conservative", options="", **facts):
    facts = {"parts": "true", "elements": json.dumps(ELEMENTS), **facts}
    sha256 = hashlib.sha256(file.read_bytes()).hexdigest()
    text = CARD.format(
        name=name, family=family, precision=precision, forces=forces, options=options, file=file, sha256=sha256, **facts
    )
    path = file.parent / f"{name}.toml"
    path.write_text(text)
    return str(path)


def mace_model(numbers, *, r_max, **rest):
    import mace.calculators  # noqa: F401 - first: without what it does to the process e3nn 0.4.4 cannot be imported
    from e3nn import o3
    from mace import modules

    interaction = modules.interaction_classes["RealAgnosticResidualInteractionBlock"]
    return modules.ScaleShiftMACE(
        r_max=r_max,
        num_bessel=8,
        num_polynomial_cutoff=5,
        max_ell=2,
        interaction_cls=interaction,
        interaction_cls_first=interaction,
        num_interactions=2,
        num_elements=len(numbers),
        hidden_irreps=o3.Irreps("8x0e + 8x1o"),
        MLP_irreps=o3.Irreps("8x0e"),
        gate=torch.nn.functional.silu,
        avg_num_neighbors=20.0,
        atomic_numbers=numbers,
        correlation=2,
        **rest,
    )


def make_mace(folder):
    rng = np.random.default_rng(0)
    scales = {"atomic_inter_scale": 30.0, "atomic_inter_shift": 0.1}
    one = mace_model(NUMBERS, r_max=4.5, atomic_energies=rng.normal(-3, 1, 6), **scales)
    two = mace_model(
        NUMBERS,
        r_max=4.5,
        atomic_energies=rng.normal(-3, 1, (2, 6)),
        atomic_inter_scale=[30.0, 20.0],
        atomic_inter_shift=[0.1, -0.2],
        heads=["pbe", "r2scan"],
    )
    torch.save(one, folder / "one.model")
    torch.save(two, folder / "two.model")
    facts = {"family": "mace", "cutoff": 4.5, "depth": 2}
    return [
        write_card("single", folder / "one.model", **facts),
        write_card("double", folder / "one.model", precision="float64", **facts),
        write_card("first-head", folder / "two.model", precision="float64", options='head = "pbe"', **facts),
        write_card("second-head", folder / "two.model", precision="float64", options='head = "r2scan"', **facts),
    ]


def mattersim_model(file, *, blocks, scale):
    from mattersim.forcefield.m3gnet.m3gnet import M3Gnet
    from mattersim.forcefield.m3gnet.scaling import AtomScaling
    from mattersim.forcefield.potential import Potential

    model = M3Gnet(num_blocks=blocks, units=32, max_l=4, max_n=4, cutoff=5.0, threebody_cutoff=4.0, device="cpu")
    shift = torch.linspace(-5, 0, model.max_z + 1)
    model.set_normalizer(
        AtomScaling(init_scale=scale, init_shift=shift, max_z=model.max_z, device="cpu", verbose=False)
    )
    Potential(model, device="cpu").save(str(file))


def make_mattersim(folder):
    mattersim_model(folder / "small.pth", blocks=2, scale=200.0)
    return [write_card("small", folder / "small.pth", family="mattersim", cutoff=5.0, depth=2)]


def make_orb(folder):
    from orb_models.forcefield import pretrained

    cards = []
    for name, build, card in (
        ("conservative", pretrained.orb_v3_conservative_architecture, "orb-v3-conservative-inf-omat"),
        ("direct", pretrained.orb_v3_direct_architecture, "orb-v3-direct-inf-omat"),
        ("v2", pretrained.orb_v2_architecture, "orb-v2"),
    ):
        file = folder / f"{name}.ckpt"
        torch.save(build(device="cpu").state_dict(), file)
        facts = {
            "family": "orb",
            "cutoff": 6.0,
            "depth": 15 if name == "v2" else 5,
            "parts": "false",
            "forces": "conservative" if name == "conservative" else "direct",
            "options": f'model = "{card}"',
        }
        cards.append(write_card(name, file, **facts))
        if name == "conservative":
            cards.append(write_card("conservative-double", file, precision="float64", **facts))
    return cards


def main():
    family, folder = sys.argv[1], Path(sys.argv[2]).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(1)
    cards = {"mace": make_mace, "mattersim": make_mattersim, "orb": make_orb}[family](folder)
    print(json.dumps({Path(card).stem: card for card in cards}))


if __name__ == "__main__":
    main()
