"""Choosing the newest restart that LAMMPS wrote to its end, on real restart files cut everywhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from sselmp.launch.restarts import is_intact, newest_restart

SCRIPT = """
units metal
atom_style atomic
lattice fcc 5.3
region box block 0 3 0 3 0 3
create_box 1 box
create_atoms 1 box
mass 1 39.948
pair_style lj/cut 5.0
pair_coeff * * 0.0104 3.4
velocity all create 60 1
fix integrate all nvt temp 60 60 0.1
restart 10 restarts/*.restart
run 30
"""


@pytest.fixture
def restarts(lammps, tmp_path) -> Path:
    folder = tmp_path / "restarts"
    folder.mkdir()
    lammps.works(SCRIPT, "-log", "none", "-screen", "none")
    assert sorted(p.name for p in folder.iterdir()) == ["10.restart", "20.restart", "30.restart"]
    return folder


@pytest.mark.potential
def test_a_restart_cut_anywhere_is_passed_over(restarts, tmp_path):
    newest = restarts / "30.restart"
    whole = newest.read_bytes()
    assert newest_restart(tmp_path).step == 30
    cuts = [*range(0, len(whole), 300), 16, 17, 32, len(whole) - 16, len(whole) - 1]
    for size in cuts:
        newest.write_bytes(whole[:size])
        assert not is_intact(newest), f"cut at {size} of {len(whole)} bytes"
        assert newest_restart(tmp_path).path == "restarts/20.restart"
    newest.write_bytes(whole)
    assert newest_restart(tmp_path).path == "restarts/30.restart"


@pytest.mark.potential
def test_steps_are_compared_as_numbers_and_other_names_are_ignored(restarts, tmp_path):
    whole = (restarts / "30.restart").read_bytes()
    for name in ("9.restart", "100.restart", "200.restart.part", "x.restart", "-5.restart", "0300.restart"):
        (restarts / name).write_bytes(whole)
    assert newest_restart(tmp_path).step == 100


def test_no_restart_is_none(tmp_path):
    assert newest_restart(tmp_path) is None
    (tmp_path / "restarts").mkdir()
    (tmp_path / "restarts" / "10.restart").write_bytes(b"")
    assert newest_restart(tmp_path) is None
