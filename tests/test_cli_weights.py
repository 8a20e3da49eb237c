"""`sselmp weights` as a user meets it, with a real server for the downloads."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from file_server import FileServer, serving

from sselmp.errors import PotentialError
from sselmp.potentials.cards import load_card
from sselmp.potentials.weights import find_weights

CONTENT = os.urandom(600_000)
SHA256 = hashlib.sha256(CONTENT).hexdigest()
Command = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def server() -> Iterator[FileServer]:
    with serving(CONTENT) as served:
        yield served


@pytest.fixture
def weights(tmp_path) -> Command:
    """Calls ``sselmp weights`` with a weights' folder of its own."""
    variables = {**os.environ, "SSELMP_WEIGHTS": str(tmp_path / "weights"), "NO_PROXY": "127.0.0.1"}

    def call(*arguments: str) -> subprocess.CompletedProcess[str]:
        argv = [Path(sys.executable).parent / "sselmp", "weights", *arguments]
        return subprocess.run(argv, cwd=tmp_path, env=variables, capture_output=True, text=True, check=False)

    return call


def card(folder: Path, url: str, *, pinned: bool = True) -> str:
    hashed = f'sha256 = "{SHA256}"' if pinned else 'unpinned_reason = "not published"'
    text = f"""
extends = "sevennet"
name = "mine"
[weights]
source = "folder"
file = "models/best.pth"
url = "{url}"
{hashed}
"""
    (folder / "mine.toml").write_text(text)
    return "mine.toml"


def test_weights_are_fetched_once_and_listed_and_verified(weights, server, tmp_path):
    name = card(tmp_path, server.url)
    assert "missing" in weights("list", name).stdout
    assert weights("verify", name).returncode == 1
    done = weights("fetch", name)
    assert done.returncode == 0, done.stderr
    file = tmp_path / "weights" / "models" / "best.pth"
    assert file.read_bytes() == CONTENT
    assert f"mine: verified {file}" in done.stdout
    assert "best.pth" in done.stderr  # the bar
    assert weights("fetch", name).returncode == 0
    assert len(server.asked) == 1
    assert weights("verify", name).stdout == f"mine: verified {file}\n"


def test_a_cut_download_is_continued_by_the_same_command(weights, server, tmp_path):
    name = card(tmp_path, server.url)
    server.cut_after = 200_000
    done = weights("fetch", name)
    assert done.returncode == 1
    assert "will be continued" in done.stderr
    assert "Traceback" not in done.stderr
    server.cut_after = None
    assert weights("fetch", name).returncode == 0
    assert server.asked[-1] == "bytes=200000-"


def test_altered_weights_are_refused_by_verify_and_not_overwritten_by_fetch(weights, server, tmp_path):
    name = card(tmp_path, server.url)
    file = tmp_path / "weights" / "best.pth"
    file.parent.mkdir()
    file.write_bytes(b"altered")
    for command in ("verify", "fetch"):
        done = weights(command, name)
        assert done.returncode == 1
        assert "altered" in done.stdout + done.stderr or "not the file of weights" in done.stderr
    assert file.read_bytes() == b"altered"
    assert server.asked == []


def test_weights_without_a_published_hash_are_pinned_by_their_user(weights, server, tmp_path):
    name = card(tmp_path, server.url, pinned=False)
    assert "missing" in weights("pin", name).stderr or "not pinned" in weights("pin", name).stderr
    done = weights("fetch", name)
    assert done.returncode == 1
    assert "sselmp weights pin mine" in done.stderr
    assert weights("pin", name, "--sha256", "0" * 64).returncode == 1
    done = weights("pin", name, "--sha256", SHA256.upper())
    assert done.returncode == 0, done.stderr
    assert f"sha256 {SHA256}" in done.stdout
    assert weights("verify", name).returncode == 0
    assert weights("fetch", name).returncode == 0
    assert len(server.asked) == 1


def test_pinning_asks_first_and_a_card_with_a_hash_cannot_be_pinned(weights, server, tmp_path):
    name = card(tmp_path, server.url, pinned=False)
    weights("fetch", name)
    assert weights("pin", name).returncode == 130  # nobody answers
    assert not (tmp_path / "weights" / "sselmp-pins.json").exists()
    assert weights("pin", name, "--yes").returncode == 0
    assert "leaves nothing to pin" in weights("pin", "sevennet").stderr


def test_fetch_wants_to_know_what(weights):
    assert weights("fetch").returncode == 2
    assert "did you mean 'sevennet'" in weights("fetch", "sevenet").stderr


def prepared(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    argv = [Path(sys.executable).parent / "sselmp", "prepare", "--campaign", "smoke", *arguments]
    return subprocess.run(argv, cwd=folder, capture_output=True, text=True, check=False)


def test_a_checkpoint_of_ones_own_becomes_a_card_that_its_runs_name(tmp_path):
    file = tmp_path / "my model.pth"
    file.write_bytes(CONTENT)
    done = prepared(tmp_path, "--potential", "sevennet", "--weights", "my model.pth")
    assert done.returncode == 0, done.stderr
    (card,) = (tmp_path / "results" / "cards").iterdir()
    assert card.name == f"sevennet-my-model-{SHA256[:8]}.toml"
    loaded = load_card(str(card))
    assert find_weights(loaded) == file
    assert (loaded.family, loaded.golden, loaded.energy_reference) == ("sevennet", (), "custom")
    run = tmp_path / done.stdout.splitlines()[0]
    assert run.parts[-4] == card.stem
    assert str(card) in (run / "potential.lmp").read_text()


def test_the_card_of_ones_own_checkpoint_keeps_what_its_user_has_stated(tmp_path):
    file = tmp_path / "mine.pth"
    file.write_bytes(CONTENT)
    prepared(tmp_path, "--potential", "sevennet", "--weights", "mine.pth")
    (card,) = (tmp_path / "results" / "cards").iterdir()
    card.write_text(card.read_text().replace("[weights]", "cutoff_A = 6.0\n[weights]"))
    assert prepared(tmp_path, "--potential", "sevennet", "--weights", "mine.pth").returncode == 0
    assert load_card(str(card)).cutoff_A == 6.0


def test_another_checkpoint_is_another_card_and_one_that_is_not_there_is_said(tmp_path):
    file = tmp_path / "mine.pth"
    for content in (b"one", b"other"):
        file.write_bytes(content)
        prepared(tmp_path, "--potential", "sevennet", "--weights", "mine.pth")
    assert len(list((tmp_path / "results" / "cards").iterdir())) == 2
    done = prepared(tmp_path, "--potential", "sevennet", "--weights", "none.pth")
    assert (done.returncode, "no file of weights none.pth" in done.stderr) == (2, True)
    done = prepared(tmp_path, "--potential", "sevenet", "--weights", "mine.pth")
    assert (done.returncode, "did you mean 'sevennet'" in done.stderr) == (2, True)


FILES = ("state.pt", "model.pt", "model.json")


def model_folder(folder: Path, *names: str) -> Path:
    folder.mkdir()
    for name in names:
        (folder / name).write_bytes(name.encode())
    return folder


def test_a_checkpoint_of_ones_own_must_state_what_no_file_tells_and_is_told_where(tmp_path):
    model_folder(tmp_path / "mine", *FILES)
    command = ("--potential", "m3gnet", "--weights", "mine/state.pt")
    done = prepared(tmp_path, *command)
    (card,) = (tmp_path / "results" / "cards").iterdir()
    assert done.returncode == 2
    for words in (
        "must state the option 'messages_summed_at' itself",
        "'destination'",
        "'source'",
        "LiCl",
        f"cards/{card.name}",
    ):
        assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert not list(tmp_path.rglob("in.lammps"))
    with card.open("a") as stream:
        stream.write('[options]\nmessages_summed_at = "source"\n')
    done = prepared(tmp_path, *command)
    assert done.returncode == 0, done.stderr
    assert load_card(str(card)).options == {"messages_summed_at": "source"}


def test_the_card_of_a_model_in_several_files_names_the_hash_of_each(tmp_path):
    folder = model_folder(tmp_path / "my model", *FILES)
    prepared(tmp_path, "--potential", "m3gnet", "--weights", "my model/model.pt")
    (card,) = (tmp_path / "results" / "cards").iterdir()
    assert card.name.startswith("m3gnet-my-model-")
    with card.open("a") as stream:
        stream.write('[options]\nmessages_summed_at = "source"\n')
    assert find_weights(load_card(str(card))) == folder / "state.pt"
    (folder / "model.pt").write_bytes(b"altered")
    with pytest.raises(PotentialError, match=r"model\.pt is not the file of weights"):
        find_weights(load_card(str(card)))
    prepared(tmp_path, "--potential", "m3gnet", "--weights", "my model/model.pt")
    assert len(list((tmp_path / "results" / "cards").iterdir())) == 2


def test_a_model_in_several_files_of_which_one_is_absent_is_refused(tmp_path):
    model_folder(tmp_path / "part", "state.pt", "model.json")
    done = prepared(tmp_path, "--potential", "m3gnet", "--weights", "part/state.pt")
    assert (done.returncode, "no model.pt beside it" in done.stderr) == (2, True)
    (tmp_path / "other.pt").write_bytes(b"x")
    done = prepared(tmp_path, "--potential", "m3gnet", "--weights", "other.pt")
    assert (done.returncode, "one of state.pt, model.pt, model.json" in done.stderr) == (2, True)
