"""No run starts before its potential has passed a preflight on its system, unless the user says so in as many words."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from sselmp import manifest
from sselmp.launch import preflight
from sselmp.potentials.cards import load_card
from sselmp.preflight import record

SYSTEM = """
title = "CuAu, ordered: ASE's effective medium theory knows both"
mobile_species = "Cu"
citation = "none"
[charges]
Cu = 0
Au = 0
[crystallography]
space_group = 123
a_A = 2.80
c_A = 3.67
[[crystallography.sites]]
species = "Au"
wyckoff = "1a"
position = [0.0, 0.0, 0.0]
[[crystallography.sites]]
species = "Cu"
wyckoff = "1d"
position = [0.5, 0.5, 0.5]
"""
CAMPAIGN = """
title = "three steps"
potentials = ["emt.toml"]
systems = ["CuAu/system.toml"]
temperatures_K = [300]
preflight = "quick"
[cell]
supercell = [2, 2, 2]
[dynamics]
timestep_fs = 1.0
equilibration_ps = 0.0
production_ps = 0.01
[output]
thermo_every = 1
trajectory_every = 1
"""
CARD = """
name = "{name}"
title = "a calculator of ASE"
family = "ase"
environment = "sevennet"
cutoff_A = {cutoff}
message_passing_depth = 1
precision = "float64"
forces = "conservative"
stress = true
per_atom_energy = true
[options]
calculator = "{calculator}"
"""


@pytest.fixture
def folder(tmp_path, lammps_environment):
    """A working folder with a system, a campaign, a right potential, and one that takes all elements for one."""
    del lammps_environment  # must be there
    (tmp_path / "CuAu").mkdir()
    (tmp_path / "CuAu" / "system.toml").write_text(SYSTEM)
    (tmp_path / "mine.toml").write_text(CAMPAIGN)
    (tmp_path / "emt.toml").write_text(CARD.format(name="emt", cutoff=5.6, calculator="ase.calculators.emt:EMT"))
    lennard_jones = CARD.format(name="lj", cutoff=6.0, calculator="ase.calculators.lj:LennardJones")
    (tmp_path / "lj.toml").write_text(lennard_jones + "sigma = 2.3\nepsilon = 0.3\nrc = 6.0\nsmooth = true\n")
    return tmp_path


def sselmp(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    program = Path(sys.executable).parent / "sselmp"
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    return subprocess.run(
        [program, *arguments], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


def records(folder: Path) -> list[Path]:
    return sorted(folder.glob("results/preflight/*.json"))


def runs(folder: Path) -> list[Path]:
    return sorted(folder.glob("results/mine/*/CuAu/runs/*"))


def test_the_command_prints_a_page_and_keeps_a_record(folder):
    done = sselmp(folder, "preflight", "emt.toml", "--system", "CuAu/system.toml")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "passed" in done.stdout
    assert "parity" in done.stdout
    (path,) = records(folder)
    found = record.read(path)
    card = load_card(str(folder / "emt.toml"))
    assert path.name.startswith("emt-CuAu-")
    assert found.passed
    assert (found.potential_sha256, found.level, found.atoms) == (card.physics_sha256(), "full", 2)
    assert record.find(path.parent, card, system="CuAu", elements=("Cu", "Au"), level="quick") == path
    assert record.find(path.parent, card, system="CuAu", elements=("Cu",), level="quick") is None
    assert record.find(path.parent, card, system="other", elements=("Cu", "Au"), level="quick") is None
    other = card.model_copy(update={"options": {**card.options, "asap_cutoff": True}})
    assert record.find(path.parent, other, system="CuAu", elements=("Cu", "Au"), level="quick") is None


def test_a_potential_that_fails_makes_the_command_fail_and_names_the_check(folder):
    done = sselmp(folder, "preflight", "lj.toml", "--system", "CuAu/system.toml", "--quick")
    assert done.returncode == 1
    assert "FAILED: elements" in done.stdout
    (path,) = records(folder)
    assert not record.read(path).passed


def test_a_run_carries_out_the_preflight_once_and_keeps_its_record(folder):
    done = sselmp(folder, "run", "--campaign", "mine.toml")
    assert done.returncode == 0, done.stderr
    (path,), (run,) = records(folder), runs(folder)
    found = manifest.read(run)
    assert found.state == "finished"
    assert (found.preflight.level, found.preflight.passed) == ("quick", True)
    assert (run / "preflight.json").read_bytes() == path.read_bytes()
    assert preflight.carries(run, level="quick")
    assert not preflight.carries(run, level="full")

    before = path.stat().st_mtime_ns
    (folder / "mine.toml").write_text(CAMPAIGN.replace("[300]", "[300, 400]"))
    again = sselmp(folder, "run", "--campaign", "mine.toml")
    assert again.returncode == 0, again.stderr
    assert [p.stat().st_mtime_ns for p in records(folder)] == [before]
    assert all(manifest.read(one).preflight.passed for one in runs(folder))


def test_a_run_folder_takes_its_preflight_with_it(folder, tmp_path_factory):
    sselmp(folder, "run", "--campaign", "mine.toml")
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "run"
    shutil.copytree(runs(folder)[0], elsewhere)
    assert preflight.carries(elsewhere, level="quick")
    text = (elsewhere / "preflight.json").read_text()
    (elsewhere / "preflight.json").write_text(text.replace("emt", "tme"))
    assert not preflight.carries(elsewhere, level="quick")


def test_a_potential_that_fails_is_refused_and_nothing_is_started(folder):
    for _ in range(2):  # by a new preflight, and by its record
        done = sselmp(folder, "run", "--campaign", "mine.toml", "--potential", "lj.toml")
        assert done.returncode == 1
        assert "failed its preflight on CuAu" in done.stderr
        assert "elements" in done.stderr
        assert "--skip-preflight" in done.stderr
    (run,) = runs(folder)
    assert manifest.read(run).state == "prepared"
    assert not list(run.glob("log.*"))


def test_skipping_is_possible_in_as_many_words_and_the_manifest_says_so(folder):
    done = sselmp(folder, "run", "--campaign", "mine.toml", "--potential", "lj.toml", "--skip-preflight")
    assert done.returncode == 0, done.stderr
    assert "preflight is skipped" in done.stderr
    (run,) = runs(folder)
    written = json.loads((run / "manifest.json").read_text())
    assert written["state"] == "finished"
    assert written["preflight"] == {"level": "skip", "passed": False, "sha256": None}
    assert records(folder) == []


def test_a_named_run_folder_asks_for_what_its_campaign_asked(folder):
    assert sselmp(folder, "prepare", "--campaign", "mine.toml").returncode == 0
    (run,) = runs(folder)
    assert manifest.read(run).preflight == manifest.Preflight(level="quick")
    done = sselmp(folder, "run", str(run))
    assert done.returncode == 0, done.stderr
    (path,) = records(folder)
    assert record.read(path).level == "quick"
    assert record.read(path).atoms == 16  # the system is the user's own: its run's cell is what there is


def test_a_record_that_cannot_be_read_is_refused(folder):
    sselmp(folder, "preflight", "emt.toml", "--system", "CuAu/system.toml", "--quick")
    (path,) = records(folder)
    path.write_text(path.read_text()[:200])
    done = sselmp(folder, "run", "--campaign", "mine.toml")
    assert done.returncode == 1
    assert "is not the record of a preflight" in done.stderr
