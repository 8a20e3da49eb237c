"""The command line as a user meets it: exit codes, one clear message, nothing half-written."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
CAMPAIGN = (ROOT / "inputs" / "campaigns" / "smoke.toml").read_text()

BROKEN_CIF = "data_x\n_cell_length_a 5.0\nloop_\n_atom_site_label\n_atom_site_fract_x\nLi1 0.0 0.0\n"
OVERLAP = "two\n1.0\n5 0 0\n0 5 0\n0 0 5\nLi Cl\n1 1\nDirect\n0 0 0\n0.01 0 0\n"
UNKNOWN_ELEMENT = "salt\n1.0\n6 0 0\n0 6 0\n0 0 6\nRa Cl\n1 2\nDirect\n0 0 0\n0.5 0.5 0\n0.5 0 0.5\n"


def sselmp(*arguments: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    program = Path(sys.executable).parent / "sselmp"
    return subprocess.run(
        [program, *arguments],
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def campaign(folder: Path, *changes: tuple[str, str]) -> str:
    """A campaign file like ``smoke`` with some text replaced."""
    text = CAMPAIGN
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    (folder / "mine.toml").write_text(text)
    return "mine.toml"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--potential", "sevenet"], "there is no potential 'sevenet'"),
        (["--potential", "sevenet"], "did you mean 'sevennet'"),
        (["--system", "Li6PS5CI"], "did you mean 'Li6PS5Cl'?"),
        (["--campaign", "quik"], "did you mean 'quick'?"),
        (["--system", "missing.cif"], "missing.cif"),
        (["--campaign", "missing.toml"], "there is no campaign file missing.toml"),
        (["--potentail", "x"], "No such option"),
    ],
)
def test_a_name_that_does_not_exist_is_a_users_fault_and_the_nearest_is_offered(tmp_path, arguments, message):
    done = sselmp("prepare", *arguments, folder=tmp_path)
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "results").exists()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("temperatures_K = [700", "temperatures_K = [0"), "temperatures_K.0"),
        (("temperatures_K = [700", "temperatures_K = [-300"), "greater than 0"),
        (("timestep_fs = 2.0", "timestep_fs = 0"), "dynamics.timestep_fs"),
        (("timestep_fs = 2.0", "timestep_fs = -1.0"), "greater than 0"),
        (("timestep_fs", "timestep_sf"), "did you mean 'timestep_fs'?"),
        (('"nvt"', '"nvtt"'), "dynamics.ensemble"),
        (("seeds = [1]", "seeds = [1"), "not valid TOML"),
    ],
)
def test_a_wrong_setting_is_named(tmp_path, change, message):
    done = sselmp("prepare", "--campaign", campaign(tmp_path, change), folder=tmp_path)
    assert done.returncode == 2
    assert message in done.stderr
    assert not (tmp_path / "results").exists()


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("broken.cif", BROKEN_CIF, "broken.cif"),
        ("POSCAR", OVERLAP, "overlap"),
        ("salt.vasp", UNKNOWN_ELEMENT, "does not know Ra"),
    ],
)
def test_a_structure_that_cannot_be_used_is_refused(tmp_path, name, text, message):
    (tmp_path / name).write_text(text)
    mine = campaign(tmp_path, ("[relaxation]", '[transport]\nmobile_species = "Cl"\n\n[relaxation]'))
    done = sselmp("prepare", "--system", f"./{name}", "--campaign", mine, folder=tmp_path)
    assert done.returncode == 2, done.stderr
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "results").exists()


def test_preparing_twice_gives_the_same_folders_and_other_settings_give_others(tmp_path):
    first = sselmp("prepare", "--campaign", "smoke", folder=tmp_path)
    again = sselmp("prepare", "--campaign", "smoke", folder=tmp_path)
    assert first.returncode == 0, first.stderr
    assert first.stdout == again.stdout
    assert len(first.stdout.split()) == 3
    mine = campaign(tmp_path, ("production_ps = 0.1", "production_ps = 0.2"))
    other = sselmp("prepare", "--campaign", mine, folder=tmp_path)
    assert not {Path(p).name for p in other.stdout.split()} & {Path(p).name for p in first.stdout.split()}


def test_an_altered_run_folder_is_refused_with_the_reason(tmp_path):
    folder = Path(sselmp("prepare", "--campaign", "smoke", folder=tmp_path).stdout.split()[0])
    script = tmp_path / folder / "in.lammps"
    script.write_text(script.read_text().replace("0.002", "0.004"))
    for arguments in (["run", str(folder)], ["prepare", "--campaign", "smoke"]):
        done = sselmp(*arguments, folder=tmp_path)
        assert done.returncode == 1
        assert "in.lammps is not the file that the manifest recorded" in done.stderr


def test_a_folder_that_is_no_run_folder_is_refused_and_left_as_it_is(tmp_path):
    done = sselmp("run", str(tmp_path), folder=tmp_path)
    assert done.returncode == 1
    assert "is not a run folder" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_more_ranks_than_cores_are_refused(tmp_path, lammps_environment):
    del lammps_environment  # must be ready, or the first complaint is about that
    sselmp("prepare", "--campaign", "smoke", folder=tmp_path)
    done = sselmp("run", "--campaign", "smoke", "--ranks", "4096", folder=tmp_path)
    assert done.returncode == 2
    assert "cores" in done.stderr


def test_analysing_before_running_says_so(tmp_path):
    done = sselmp("analyze", "--campaign", "smoke", folder=tmp_path)
    assert done.returncode != 0
    assert "no run has a trajectory" in done.stderr
    assert not list(tmp_path.rglob("transport.*"))


def test_every_command_explains_itself(tmp_path):
    done = sselmp("--help", folder=tmp_path)
    for command in ("diffusion", "prepare", "run", "analyze", "potentials", "systems", "campaigns"):
        assert command in done.stdout
        own = sselmp(command, "--help", folder=tmp_path)
        assert own.returncode == 0
        assert "Usage: sselmp" in own.stdout
    assert "700 900 1100" in sselmp("campaigns", folder=tmp_path).stdout
    assert "Li6PS5Cl" in sselmp("systems", folder=tmp_path).stdout
    assert sselmp("--version", folder=tmp_path).stdout.startswith("sselmp 0.")


def test_a_card_with_altered_weights_is_refused_before_they_are_loaded(tmp_path, lammps_environment):
    card = (ROOT / "potentials" / "sevennet.toml").read_text()
    digest = next(line for line in card.splitlines() if line.startswith("sha256"))
    (tmp_path / "altered.toml").write_text(card.replace(digest, f'sha256 = "{"0" * 64}"'))
    prepared = sselmp("prepare", "--potential", "altered.toml", "--campaign", "smoke", folder=tmp_path)
    folder = tmp_path / prepared.stdout.split()[0]
    done = subprocess.run(
        [lammps_environment / "bin" / "sselmp-lmp", "-in", "in.lammps", "-log", "none"],
        cwd=folder, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert "sha256" in done.stderr
    assert "0000000000" in done.stderr
