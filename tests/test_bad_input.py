"""Bad cards, weights and requests as a user meets them: one clear message, its exit code, and no traceback."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest
from lammps_program import LammpsProgram

from sselmp import layout
from sselmp.potentials import builder
from sselmp.preflight import record

CARD = 'extends = "sevennet"\nname = "mine"\n'
OWN_WEIGHTS = '[weights]\nfile = "mine.pth"\nsha256 = "{sha256}"\n'
CUDA = """
units metal
atom_style atomic
atom_modify map array
region box block 0 5 0 5 0 5
create_box 1 box
create_atoms 1 single 1 1 1
mass 1 6.94
pair_style sselmp sevennet device cuda:7
pair_coeff * * Li
run 0
"""


def sselmp(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    argv = [Path(sys.executable).parent / "sselmp", *arguments]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", layout.WEIGHTS_VARIABLE: str(folder / "weights")}
    return subprocess.run(argv, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def assert_one_message(done: subprocess.CompletedProcess[str], *words: str, code: int) -> None:
    said = done.stdout + done.stderr
    assert done.returncode == code, said
    for word in words:
        assert word in said, said
    assert "Traceback" not in said
    assert said.count("error:") <= 1


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (f"{CARD}cutof_A = 5.0\n", ("mine.toml: there is no setting 'cutof_A'", "did you mean 'cutoff_A'")),
        (f'{CARD}cutoff_A = "5 nm"\n', ("mine.toml", "cutoff_A", "valid number")),
        (f'{CARD}energy_reference = "PBE in kcal/mol"\n', ("mine.toml", "energy_reference", "'PBE+U'")),
        (f'{CARD}family = "sevenet"\n', ("no family of potentials 'sevenet'", "did you mean 'sevennet'")),
        (f'{CARD}environment = "chgnet"\n', ("environment 'chgnet' is not made for the family 'sevennet'", "sevennet")),
        (f'{CARD}environment = "sevenet"\n', ("no environment 'sevenet'", "did you mean 'sevennet'")),
        (f'{CARD}elements = ["Li", "P", "S"]\n', ("the potential 'mine' does not know Cl", "its 3 elements: Li P S")),
        ('extends = "sevenet"\nname = "mine"\n', ("extends names no shipped card", "did you mean 'sevennet'")),
    ],
    ids=["key", "unit", "reference", "family", "other environment", "no environment", "element", "extends"],
)
def test_a_card_that_cannot_be_used_is_a_users_fault(tmp_path, text, words):
    (tmp_path / "mine.toml").write_text(text)
    done = sselmp(tmp_path, "prepare", "--potential", "mine.toml", "--campaign", "smoke")
    assert_one_message(done, *words, code=2)
    assert not (tmp_path / "results").exists()


def test_weights_with_another_hash_are_refused_before_anything_is_started(tmp_path):
    (tmp_path / "mine.pth").write_bytes(b"another file")
    (tmp_path / "mine.toml").write_text(CARD + OWN_WEIGHTS.format(sha256="0" * 64))
    done = sselmp(tmp_path, "preflight", "mine.toml", "--quick")
    found = hashlib.sha256(b"another file").hexdigest()
    words = ("mine.pth is not the file of weights that the card 'mine' names; it was not loaded", found, "0" * 64)
    assert_one_message(done, *words, code=1)
    assert not (tmp_path / "results").exists()


def test_a_preflight_fetches_weights_that_are_missing_or_says_what_to_place_where(tmp_path):
    url = "http://127.0.0.1:9/best.pth"  # nobody answers there
    table = f'[weights]\nsource = "folder"\nfile = "models/best.pth"\nurl = "{url}"\nsha256 = "{"0" * 64}"\n'
    (tmp_path / "mine.toml").write_text(CARD + table)
    done = sselmp(tmp_path, "preflight", "mine.toml", "--quick")
    place = str(tmp_path / "weights" / "models" / "best.pth")
    assert_one_message(done, "could not get best.pth", url, "0" * 64, place, code=1)
    (tmp_path / "mine.toml").write_text(CARD + table.replace(f'url = "{url}"\n', ""))
    done = sselmp(tmp_path, "preflight", "mine.toml", "--quick")
    assert_one_message(
        done, "the weights of 'mine' are missing", "best.pth", "0" * 64, str(tmp_path / "weights"), code=1
    )


@pytest.mark.slow
@pytest.mark.potential
@pytest.mark.parametrize("what", ["cut in half", "of another family"])
def test_a_checkpoint_that_the_family_cannot_use_fails_the_preflight_with_its_reason(
    tmp_path, lammps_environment, what
):
    shipped = builder.site_packages(lammps_environment) / "sevenn" / "pretrained_potentials"
    whole = (shipped / "SevenNet_0__11Jul2024" / "checkpoint_sevennet_0.pth").read_bytes()
    script = "import sys, torch; torch.save({'model.x': torch.zeros(3)}, sys.argv[1])"  # as ORB's checkpoints are
    if what == "cut in half":
        (tmp_path / "mine.pth").write_bytes(whole[: len(whole) // 2])
    else:
        subprocess.run([lammps_environment / "bin" / "python", "-c", script, tmp_path / "mine.pth"], check=True)
    done = sselmp(tmp_path, "preflight", "sevennet", "--weights", "mine.pth", "--quick")
    assert_one_message(done, "FAILED: loading", code=1)
    (path,) = layout.preflight_folder(tmp_path / "results").iterdir()
    (check,) = record.read(path).failures()
    assert "mine.pth cannot be loaded as a SevenNet checkpoint" in check.words
    assert "allowed: a whole checkpoint written by sevenn" in check.words


@pytest.mark.potential
def test_a_gpu_that_is_not_there_is_refused_in_lammps(lammps: LammpsProgram):
    done = lammps.run(CUDA)
    assert done.returncode == 1
    assert "the device 'cuda:7' is not there" in done.stdout + done.stderr
    assert "use device 'cpu'" in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
