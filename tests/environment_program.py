"""Runs programs of tests/programs in a potential's environment, and holds what two of them say against each other."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import numpy as np
import pytest
from lammps_program import LammpsProgram

from sselmp.inputs.datafile import data_text
from sselmp.structures.systems import load_system

PROGRAMS = Path(__file__).parent / "programs"
SCRIPT = """
units metal
atom_style atomic
read_data {data}
pair_style sselmp {card}
pair_coeff * * Li P S Cl
thermo 1
thermo_style custom step temp pe
thermo_modify format float %.15g
velocity all create 1200 4321 mom yes
fix 1 all nvt temp 600 600 0.1
run {steps}
write_data end.data nocoeff
"""


def answer(prefix: Path, program: str, *arguments: str | Path, **variables: str | Path) -> dict:
    """The JSON that a program prints last; it must succeed."""
    argv = [str(part) for part in (prefix / "bin" / "python", PROGRAMS / program, *arguments)]
    threads = {"OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE"}
    environment = {**os.environ, **threads, **{key: str(value) for key, value in variables.items()}}
    done = subprocess.run(argv, env=environment, capture_output=True, text=True, check=False, timeout=1800)
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])


def assert_close(found: dict, expected: dict, *, energy: float, forces: float, stress: float | None = None) -> None:
    """Compare two answers structure by structure: eV/atom, eV/Å and eV/Å³."""
    assert set(found) == set(expected)
    for name, value in expected.items():
        atoms = len(value["forces"])
        assert found[name]["energy"] / atoms == pytest.approx(value["energy"] / atoms, abs=energy), name
        assert np.array(found[name]["forces"]) == pytest.approx(np.array(value["forces"]), abs=forces), name
        if stress is not None:
            assert np.array(found[name]["stress"]) == pytest.approx(np.array(value["stress"]), abs=stress), name


def assert_leaves_no_trace(said: dict, home: Path) -> None:
    """Of evaluate_card.py: inputs, process, standard output and home folder are as they were; results are plain."""
    assert said["changed"] == []
    assert said["printed"] == ""
    assert list(home.iterdir()) == []
    assert all(one["unchanged"] and one["plain"] for one in said["found"].values())


def assert_steps_of_lammps_have_the_energies_of_ase(prefix: Path, card: str, *, folder: Path, steps: int) -> None:
    """A few steps of NVT of Li6PS5Cl: the first and the last energy are those of the card's ASE calculator."""
    start, end = folder / "start.data", folder / "end.data"
    start.write_text(data_text(load_system("Li6PS5Cl").crystal, type_order=("Li", "P", "S", "Cl")))
    program = LammpsProgram(prefix=prefix, folder=folder)
    program.works(SCRIPT.format(data=start, card=card, steps=steps))
    rows = program.thermo()
    said = answer(prefix, "evaluate_card.py", card, start, end)["found"]
    assert rows[:, 0].tolist() == list(range(steps + 1))
    energies = [rows[0, 2] / 52, rows[-1, 2] / 52]
    assert energies == pytest.approx([said[str(path)]["energy"] / 52 for path in (start, end)], abs=1e-6)
    assert abs(rows[-1, 2] - rows[0, 2]) > 1e-3
