"""The rendered files kept under tests/golden, one a variant of the templates; run this file to write them anew."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from argon_folder import argon, identity

from sselmp.inputs.render import render
from sselmp.inputs.script import PotentialValues, script_values

GOLDEN = Path(__file__).parent / "golden"
NPT = {"ensemble": "npt"}
MTK = {"ensemble": "npt", "barostat": "mtk"}

# name → (whether the cell is triclinic, relaxation, settings of the dynamics)
CASES: dict[str, tuple[bool, str, dict]] = {
    "nvt-berendsen": (False, "none", {}),
    "nvt-nose-hoover": (False, "positions", {"thermostat": "nose-hoover"}),
    "nvt-csvr": (False, "isotropic", {"thermostat": "csvr"}),
    "nvt-triclinic": (True, "triclinic", {"equilibration_ps": 0.0}),
    "npt-berendsen": (False, "anisotropic", {**NPT}),
    "npt-berendsen-csvr": (False, "none", {**NPT, "thermostat": "csvr"}),
    "npt-mtk": (False, "none", {**MTK, "thermostat": "nose-hoover", "pressure_bar": 1.01325}),
    "npt-mtk-triclinic": (True, "none", {**MTK, "thermostat": "nose-hoover"}),
    "npt-mtk-csvr-triclinic": (True, "none", {**MTK, "thermostat": "csvr"}),
    "npt-mtk-berendsen": (False, "none", {**MTK}),
    "nve": (False, "none", {"ensemble": "nve", "equilibration_ps": 0.0}),
}


def script(name: str) -> str:
    """in.lammps of one case, with a placeholder for sselmp's version."""
    sheared, relax, dynamics = CASES[name]
    crystal = argon(sheared=sheared)
    values = script_values(identity(crystal, relax=relax, **dynamics), crystal, elements=crystal.elements)
    return render("in.lammps.j2", dataclasses.replace(values, version="VERSION"))


POTENTIALS = {
    "potential-bridge.lmp": "",
    "potential-native.lmp": "model.pb",
    "potential-e3gnn.lmp": "model.pt",
    "potential-e3gnn-parallel.lmp": "model",
    "potential-mliap.lmp": "model.pt",
}


def potential(name: str) -> str:
    """potential.lmp of one route."""
    values = PotentialValues(
        title="SevenNet-0",
        card="sevennet",
        elements=("Li", "P", "S", "Cl"),
        environment="sevennet",
        messages=5,
        model=POTENTIALS[name],
    )
    return render(f"{name}.j2", values)


if __name__ == "__main__":
    for case in CASES:
        (GOLDEN / f"{case}.in.lammps").write_text(script(case))
    for name in POTENTIALS:
        (GOLDEN / name).write_text(potential(name))
