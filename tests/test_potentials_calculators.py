"""Calculators: any of ASE's by a card, and SevenNet-0 in its own environment."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import ase.build
import numpy as np
import pytest
from ase.calculators.lj import LennardJones

from sselmp.errors import EnvironmentFaultError, PotentialError
from sselmp.potentials.calculators import load_calculator
from sselmp.potentials.cards import Card, load_card

LJ = {"calculator": "ase.calculators.lj:LennardJones", "sigma": 3.4, "epsilon": 0.0104, "rc": 8.0}

SALT = """
import json, sys
import numpy as np
from ase.build import bulk
from sselmp.errors import SselmpError
from sselmp.potentials.calculators import load_calculator
from sselmp.potentials.cards import load_card
card = load_card("sevennet")
atoms = bulk("LiCl", "rocksalt", 5.1, cubic=True)
atoms.rattle(0.1, seed=1)
"""


def ase_card(options: dict) -> Card:
    free = {"family": "ase", "weights": None, "elements": (), "options": options, "golden": ()}
    return load_card("sevennet").model_copy(update=free)


def in_environment(prefix: Path, script: str) -> dict:
    """Run a script in a potential's environment; it prints JSON as its last line."""
    variables = {**os.environ, "OMP_NUM_THREADS": "1"}
    argv = [prefix / "bin" / "python", "-W", "error::UserWarning:__main__", "-c", SALT + script]
    done = subprocess.run(argv, capture_output=True, text=True, check=False, env=variables)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_a_card_names_any_ase_calculator_with_its_options():
    atoms = ase.build.bulk("Ar", "fcc", 5.3, cubic=True).repeat(3)
    atoms.rattle(0.1, seed=2)
    atoms.calc = load_calculator(ase_card(LJ))
    ours = atoms.get_forces()
    atoms.calc = LennardJones(sigma=3.4, epsilon=0.0104, rc=8.0)
    np.testing.assert_array_equal(ours, atoms.get_forces())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "must name an ASE calculator"),
        ({"calculator": "ase.calculators.lj"}, "must name an ASE calculator"),
        ({"calculator": 7}, "must name an ASE calculator"),
        ({"calculator": "ase.calculators.lj:NoSuch"}, "no class 'NoSuch' in ase.calculators.lj"),
        ({"calculator": "ase.calculators.lj:np"}, "no class 'np'"),
        ({**LJ, "sigmaa": 1.0}, r"no option 'sigmaa'(.|\n)*did you mean 'sigma'"),
    ],
)
def test_options_that_name_no_calculator_are_refused(options, message):
    with pytest.raises(PotentialError, match=message):
        load_calculator(ase_card(options))


def test_a_module_that_is_not_installed_is_the_environments_fault():
    with pytest.raises(EnvironmentFaultError, match="sselmp env build sevennet"):
        load_calculator(ase_card({"calculator": "no_such_module:Class"}))


@pytest.mark.potential
def test_sevennet_gives_an_energy_for_each_atom_and_forces_that_are_its_gradient(lammps_environment):
    got = in_environment(
        lammps_environment,
        """
atoms.calc = load_calculator(card)
energy, forces = atoms.get_potential_energy(), atoms.get_forces()
parts, step, slope = atoms.calc.results["energies"], 0.01, []
for sign in (1, -1):
    moved = atoms.copy()
    moved.calc = atoms.calc
    moved.positions[3, 1] += sign * step
    slope.append(moved.get_potential_energy())
print(json.dumps({"energy": energy, "sum": float(parts.sum()), "atoms": len(atoms), "parts": len(parts),
                  "force": float(forces[3, 1]), "slope": -(slope[0] - slope[1]) / (2 * step)}))
""",
    )
    assert got["parts"] == got["atoms"] == 8
    assert got["sum"] == pytest.approx(got["energy"], abs=1e-5)
    assert abs(got["force"]) > 0.01
    assert got["slope"] == pytest.approx(got["force"], abs=2e-3)  # float32 energies, central difference


@pytest.mark.potential
def test_loading_and_asking_sevennet_leaves_torchs_global_state_as_it_was(lammps_environment):
    got = in_environment(
        lammps_environment,
        """
import torch
def look():
    return {"dtype": str(torch.get_default_dtype()), "threads": torch.get_num_threads(),
            "grad": torch.is_grad_enabled(), "matmul": torch.get_float32_matmul_precision(),
            "deterministic": torch.are_deterministic_algorithms_enabled(), "tf32": torch.backends.cudnn.allow_tf32,
            "random": torch.get_rng_state().sum().item(), "numpy": float(np.random.get_state()[1].sum())}
torch.manual_seed(5)
before = look()
atoms.calc = load_calculator(card)
atoms.get_stress()
print(json.dumps([before, look()]))
""",
    )
    before, after = got
    assert after == before


@pytest.mark.potential
def test_a_pickle_with_another_hash_is_never_executed(lammps_environment, tmp_path):
    got = in_environment(
        lammps_environment,
        f"""
import hashlib, os, pathlib, pickle
class Bomb:
    def __reduce__(self):
        return (pathlib.Path.touch, (pathlib.Path({str(tmp_path / "executed")!r}),))
file = pathlib.Path({str(tmp_path / "w.pth")!r})
import torch
torch.save({{"config": Bomb()}}, file)
os.environ["SSELMP_WEIGHTS"] = str(file.parent)
made = file.parent / "executed"
said = []
for sha256 in ("0" * 64, hashlib.sha256(file.read_bytes()).hexdigest()):
    weights = card.weights.model_copy(update={{"source": "folder", "package": None, "file": "w.pth", "sha256": sha256}})
    try:
        load_calculator(card.model_copy(update={{"weights": weights}}))
    except Exception as error:
        said.append([type(error).__name__, made.exists()])
print(json.dumps(said))
""",
    )
    assert got[0] == ["PotentialError", False]
    assert got[1][1]  # the same file with its hash in the card is loaded, so the check is what kept it out


@pytest.mark.potential
def test_a_card_that_contradicts_its_checkpoint_or_asks_for_what_is_not_there_is_refused(lammps_environment):
    got = in_environment(
        lammps_environment,
        """
import torch
said = []
cases = [({"cutoff_A": 6.0}, "cpu"), ({"message_passing_depth": 3}, "cpu"), ({"precision": "float64"}, "cpu"),
         ({"elements": ("Li", "Po")}, "cpu"), ({"options": {"model": "mpa"}}, "cpu"), ({}, "cuda")]
for changed, device in cases:
    try:
        load_calculator(card.model_copy(update=changed), device=device)
        said.append("loaded")
    except SselmpError as error:
        said.append(str(error))
print(json.dumps({"said": said, "gpu": torch.cuda.is_available()}))
""",
    )
    *cards, options, cuda = got["said"]
    for key, message in zip(("cutoff_A", "message_passing_depth", "precision", "elements"), cards, strict=True):
        assert f"contradicts its checkpoint: {key}" in message
    assert "no option 'model'" in options
    assert "'cuda' is not there" in cuda or got["gpu"]
