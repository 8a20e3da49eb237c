"""A potential of a known family is a card alone, a new family a card and one short file: both for real, in LAMMPS."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from ase.calculators.morse import MorsePotential
from lammps_program import LammpsProgram

from sselmp import files
from sselmp.potentials import builder
from sselmp.potentials.cards import load_card
from sselmp.potentials.golden import structure

ROOT = Path(__file__).parents[1]
ADAPTER = Path(__file__).parent / "families" / "morse.py"
PARAMETERS = {"epsilon": 0.4, "r0": 2.6, "rho0": 4.5, "rcut1": 4.0, "rcut2": 5.0}
KNOWN = """
name = "mine"
extends = "sevennet"
weights = {{ file = "{file}", sha256 = "{sha256}" }}
options = {{ modal = "PBE" }}
"""
NEW = """
name = "morse"
title = "Morse between all atoms"
family = "morse"
environment = "sevennet"
cutoff_A = 5.0
message_passing_depth = 1
precision = "float64"
forces = "conservative"
stress = true
per_atom_energy = true
elements = ["Li", "Cl"]
weights = {{ file = "{file}", sha256 = "{sha256}" }}
[[golden]]
structure = "LiCl-distorted"
energy_eV = {energy}
forces_eV_per_A = {forces}
stress_eV_per_A3 = {stress}
recorded_with = "ase.calculators.morse.MorsePotential itself"
"""
ONE_STEP = """
units metal
atom_style atomic
atom_modify map array sort 0 0
box tilt large
read_data licl.data
pair_style sselmp {card}
pair_coeff * * Li Cl
mass 1 6.94
mass 2 35.45
thermo_style custom step pe
thermo_modify format float %.15g
run 0
write_dump all custom f.dump id fx fy fz modify sort id format float %.15g
"""


def in_lammps(lammps: LammpsProgram, card: Path | str, **variables: str) -> tuple[float, np.ndarray]:
    """Energy and forces of a distorted rock salt through LAMMPS."""
    from ase.io import write

    write(lammps.folder / "licl.data", structure("LiCl-distorted"), format="lammps-data", specorder=["Li", "Cl"])
    argv = lammps.argv(ONE_STEP.format(card=card))
    environment = {**lammps.environment(), **variables}
    done = subprocess.run(argv, cwd=lammps.folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return float(lammps.thermo()[-1][1]), lammps.table("f.dump")[:, 1:4]


@pytest.mark.potential
def test_a_potential_of_a_known_family_is_a_card_of_five_lines(lammps, tmp_path):
    shipped = builder.site_packages(lammps.prefix) / "sevenn" / "pretrained_potentials"
    file = shipped / "SevenNet_MF_0" / "checkpoint_sevennet_mf_0.pth"
    card = tmp_path / "mine.toml"
    card.write_text(KNOWN.format(file=file, sha256=files.sha256(file)))
    assert len(card.read_text().split("\n")) <= 6
    assert load_card(str(card)).golden == ()  # nothing is known of it but what it says itself
    energy, forces = in_lammps(lammps, card)
    recorded = load_card("sevennet-mf-0").golden[0]  # with the authors' own stack
    assert recorded.structure == "LiCl-distorted"
    assert energy == pytest.approx(recorded.energy_eV, abs=1e-4)
    np.testing.assert_allclose(forces[:4], recorded.forces_eV_per_A, atol=1e-4)
    assert abs(energy - load_card("sevennet").golden[0].energy_eV) > 1e-2  # another potential than the one it extends


@pytest.fixture
def checkout(tmp_path) -> Path:
    """A copy of sselmp with one adapter and one card more, and nothing else changed."""
    made = tmp_path / "checkout"
    for name in ("sselmp", "potentials"):
        shutil.copytree(ROOT / name, made / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ADAPTER, made / "sselmp" / "potentials" / "families")
    parameters = made / "potentials" / "morse.json"
    parameters.write_text(json.dumps(PARAMETERS))
    atoms = structure("LiCl-distorted")
    atoms.calc = MorsePotential(**PARAMETERS)
    values = {
        "energy": atoms.get_potential_energy(),
        "forces": atoms.get_forces().tolist(),
        "stress": atoms.get_stress().tolist(),
    }
    text = NEW.format(file="morse.json", sha256=files.sha256(parameters), **values)
    (made / "potentials" / "morse.toml").write_text(text)
    return made


def with_copy(checkout: Path) -> dict[str, str]:
    return {"PYTHONPATH": str(checkout), "SSELMP_HOME": str(checkout)}


def test_the_adapter_of_the_new_family_is_short():
    assert len(ADAPTER.read_text().splitlines()) < 120


def test_a_new_family_is_listed_once_its_card_and_adapter_are_there(checkout):
    script = "import sys; sys.argv = ['sselmp', 'potentials', '--markdown']; from sselmp.cli.main import main; main()"
    argv = [sys.executable, "-c", script]
    environment = {**os.environ, **with_copy(checkout)}
    done = subprocess.run(argv, cwd=checkout, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "| `morse` | Morse between all atoms |" in done.stdout


@pytest.mark.potential
def test_a_new_family_runs_in_lammps_and_passes_its_preflight(checkout, lammps):
    atoms = structure("LiCl-distorted")
    atoms.calc = MorsePotential(**PARAMETERS)
    energy, forces = in_lammps(lammps, "morse", **with_copy(checkout))
    assert energy == pytest.approx(atoms.get_potential_energy(), abs=1e-9)
    np.testing.assert_allclose(forces, atoms.get_forces(), atol=1e-9)
    assert np.abs(forces).max() > 0.1
    told = lammps.folder / "licl.json"
    content = {"name": "LiCl", "species": list(atoms.symbols), "cell": atoms.cell.tolist(), "level": "quick"}
    told.write_text(json.dumps({**content, "positions": atoms.positions.tolist()}))
    argv = [lammps.prefix / "bin" / "python", "-m", "sselmp.preflight.program", "morse", told, "found.json"]
    environment = {**lammps.environment(), **with_copy(checkout)}
    done = subprocess.run(argv, cwd=lammps.folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    checks = json.loads((lammps.folder / "found.json").read_text())["checks"]
    assert len(checks) > 10
    failed = {check["name"]: check["words"] for check in checks if not check["passed"]}
    assert set(failed) == {"elements"}, failed  # one Morse for all pairs: it must be seen that it tells no elements
