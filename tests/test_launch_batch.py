"""Batches of run folders with real LAMMPS: as each alone, and one killed, failing or refused leaves the others."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from batch_folders import ALUMINIUM, COPPER, METALS, Metal, make_card, make_folder
from lammps_program import wait_for

from sselmp import layout, manifest
from sselmp.errors import RunError, SettingsError, SselmpError
from sselmp.launch import batch
from sselmp.launch.argv import RunOptions
from sselmp.launch.batch import Told, dealt, found_devices, refuse_unbatchable, run_batches
from sselmp.launch.lock import locked
from sselmp.launch.run import run_folder
from sselmp.manifest import Manifest

pytestmark = pytest.mark.potential
ONE = RunOptions(threads=1)
LONG = 50_000_000  # steps that no test waits for
RUNNER = """
import sys
from pathlib import Path
from sselmp.launch.argv import RunOptions
from sselmp.launch.batch import Told, run_batches
told = Told(on_wait=lambda *_: None, on_progress=lambda *_: None, on_end=lambda *_: None)
folders = [Path(name) for name in sys.argv[2:]]
try:
    run_batches(folders, options=RunOptions(threads=1), told=told, prefix=Path(sys.argv[1]))
except KeyboardInterrupt:
    sys.exit(130)
"""


@dataclass
class Ended:
    """What a batch said of its runs."""

    how: dict[str, Manifest | SselmpError] = field(default_factory=dict)

    def told(self) -> Told:
        """Who takes it down."""
        return Told(
            on_wait=lambda *_: None,
            on_progress=lambda *_: None,
            on_end=lambda folder, how: self.how.update({folder.name: how}),
        )

    def states(self) -> dict[str, str]:
        """How each ended, an error as ``failed``."""
        return {name: "failed" if isinstance(how, SselmpError) else how.state for name, how in self.how.items()}


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory, lammps_environment) -> dict[str, Path]:
    """Each metal's run alone, with its own potential."""
    home = tmp_path_factory.mktemp("alone")
    card = make_card(home)
    folders = {metal.element: make_folder(home / metal.element, card, metal) for metal in METALS}
    for folder in folders.values():
        assert run_folder(folder, options=ONE, prefix=lammps_environment).state == "finished"
    return folders


@pytest.fixture(autouse=True)
def temporary(tmp_path, monkeypatch) -> Path:
    """Where servers keep their socket, which nothing else shares."""
    folder = tmp_path / "t"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def three(tmp_path: Path, *, steps: int | None = None) -> list[Path]:
    card = make_card(tmp_path)
    return [make_folder(tmp_path / metal.element, card, metal, steps=steps) for metal in METALS]


def last_frame(folder: Path) -> str:
    newest = max(folder.glob("trajectory.*"), key=lambda path: int(path.name.split(".")[1]))
    return newest.read_text().split("ITEM: TIMESTEP\n")[-1]


def at_work(folder: Path, *, restarts: int = 2) -> bool:
    return len(list((folder / layout.RESTARTS).glob("*"))) >= restarts


def program_of(folder: Path) -> int | None:
    return json.loads((folder / layout.LOCK).read_text())["program"]


def servers(starter: int | None = None) -> list[int]:
    """Batch servers that a process has started, by default this one: other tests, and other people, have their own."""
    by = str(starter or os.getpid())
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            words = (entry / "cmdline").read_bytes().decode().split("\0")
        except OSError:
            continue
        if "sselmp.bridge.batch_program" in words and words[words.index("--starter") + 1] == by:
            found.append(int(entry.name))
    return found


def gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def when(condition, action) -> threading.Thread:
    """Do something in another thread once a condition holds."""

    def act() -> None:
        wait_for(condition)
        action()

    thread = threading.Thread(target=act)
    thread.start()
    return thread


@pytest.mark.slow
def test_runs_of_other_metals_cells_and_lengths_go_in_a_batch_as_each_goes_alone(
    tmp_path, lammps_environment, undisturbed, temporary
):
    ended = Ended()
    folders = three(tmp_path)
    run_batches(folders, options=ONE, size=2, told=ended.told(), prefix=lammps_environment)  # the third joins late
    assert ended.states() == dict.fromkeys(undisturbed, "finished")
    for folder in folders:
        assert last_frame(folder) == last_frame(undisturbed[folder.name])
        (segment,) = manifest.read(folder).segments
        assert segment.batched
        assert "evaluated by a batch server" in (folder / layout.log_name(0)).read_text()
    assert list(temporary.iterdir()) == []
    assert servers() == []


@pytest.mark.slow
def test_one_run_killed_leaves_the_others_and_resumes_alone_as_if_it_had_never_been(
    tmp_path, lammps_environment, undisturbed
):
    folders = three(tmp_path)
    killed = folders[0]
    ended = Ended()
    killing = when(lambda: at_work(killed), lambda: os.kill(program_of(killed), signal.SIGKILL))
    run_batches(folders, options=ONE, told=ended.told(), prefix=lammps_environment)
    killing.join()
    assert ended.states() == {"Cu": "failed", "Al": "finished", "Au": "finished"}
    assert "killed by signal 9" in manifest.read(killed).segments[0].reason
    for folder in folders[1:]:
        assert last_frame(folder) == last_frame(undisturbed[folder.name])

    record = run_folder(killed, options=ONE, prefix=lammps_environment)
    assert record.state == "finished"
    assert [segment.batched for segment in record.segments] == [True, False]
    assert 0 < record.segments[1].resumed_from_step < COPPER.steps
    assert last_frame(killed) == last_frame(undisturbed["Cu"])


def test_a_run_whose_potential_fails_and_one_that_is_in_use_leave_the_others(tmp_path, lammps_environment, undisturbed):
    card = make_card(tmp_path)
    argon = Metal("Ar", lattice_A=5.3, mass=39.948, box="0 2 0 2 0 2", steps=20)  # which EMT does not know
    folders = [
        make_folder(tmp_path / "Ar", card, argon),
        make_folder(tmp_path / "Al", card, ALUMINIUM),
        make_folder(tmp_path / "Cu", card, COPPER),
    ]
    ended = Ended()
    with locked(folders[2]):
        run_batches(folders, options=ONE, told=ended.told(), prefix=lammps_environment)
    assert ended.states() == {"Ar": "failed", "Al": "finished", "Cu": "failed"}
    assert "potential emt failed" in str(ended.how["Ar"])
    assert "Ar" in manifest.read(folders[0]).segments[0].reason
    assert "another sselmp is at work" in str(ended.how["Cu"])
    assert last_frame(folders[1]) == last_frame(undisturbed["Al"])


@pytest.mark.slow
def test_a_killed_server_ends_all_runs_with_the_reason_and_they_resume(tmp_path, lammps_environment, undisturbed):
    folders = three(tmp_path)[:2]
    ended = Ended()
    killing = when(lambda: all(at_work(folder) for folder in folders), lambda: os.kill(servers()[0], signal.SIGKILL))
    run_batches(folders, options=ONE, told=ended.told(), prefix=lammps_environment)
    killing.join()
    assert ended.states() == {"Cu": "failed", "Al": "failed"}
    for folder in folders:
        assert "the program that evaluates it for this batch has ended" in str(ended.how[folder.name])
        assert "killed by signal 9" in str(ended.how[folder.name])
        assert "the server that evaluates this batch's potential has ended" in manifest.read(folder).segments[0].reason
        assert program_of(folder) is None
    again = Ended()
    run_batches(folders, options=ONE, told=again.told(), prefix=lammps_environment)
    assert again.states() == {"Cu": "finished", "Al": "finished"}
    for folder in folders:
        assert last_frame(folder) == last_frame(undisturbed[folder.name])


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL], ids=["Ctrl-C", "sselmp killed"])
def test_no_program_outlives_its_sselmp_and_all_can_be_resumed(tmp_path, lammps_environment, number):
    folders = three(tmp_path, steps=LONG)[:2]
    argv = [sys.executable, "-c", RUNNER, str(lammps_environment), *map(str, folders)]
    runner = subprocess.Popen(argv, start_new_session=True)
    at: list[int] = []
    try:
        wait_for(lambda: all(at_work(folder) for folder in folders))
        at = [program_of(folder) for folder in folders] + servers(runner.pid)
        assert len(at) == 3
        os.kill(runner.pid, number)
        runner.wait(timeout=60)
        wait_for(lambda: all(gone(pid) for pid in at), seconds=20)
    finally:  # a test that fails must not leave long runs behind
        for pid in (runner.pid, *at, *servers(runner.pid)):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        runner.wait()
    states = {manifest.read(folder).state for folder in folders}
    assert states == ({"stopped"} if number == signal.SIGINT else {"running"})
    record = run_folder(folders[0], options=RunOptions(threads=1, walltime="00:00:01"), prefix=lammps_environment)
    assert record.state == "stopped"
    assert record.segments[1].resumed_from_step > 0


def test_a_potential_that_cannot_be_loaded_fails_all_and_starts_none(tmp_path, lammps_environment):
    folders = three(tmp_path)
    (tmp_path / "emt.toml").write_text((tmp_path / "emt.toml").read_text().replace("emt:EMT", "emt:NoSuch"))
    ended = Ended()
    run_batches(folders, options=ONE, told=ended.told(), prefix=lammps_environment)
    assert set(ended.states().values()) == {"failed"}
    assert "there is no class 'NoSuch'" in str(ended.how["Cu"])
    assert all(manifest.read(folder).segments == () for folder in folders)


def test_what_cannot_be_batched_is_refused_before_anything_starts(tmp_path):
    folder = make_folder(tmp_path / "Cu", make_card(tmp_path), COPPER)
    record = manifest.read(folder)
    with pytest.raises(SettingsError, match="--batch and --at-once"):
        refuse_unbatchable({folder: record}, ONE, at_once=2)
    with pytest.raises(SettingsError, match="one MPI rank"):
        refuse_unbatchable({folder: record}, RunOptions(ranks=2), at_once=None)
    other = record.model_copy(update={"identity": record.identity.model_copy(update={"route": "e3gnn"})})
    with pytest.raises(SettingsError, match=r"route 'e3gnn'(.|\n)*route 'bridge'"):
        refuse_unbatchable({folder: other}, ONE, at_once=None)
    with pytest.raises(RunError, match="not a run folder"):
        run_batches([tmp_path], options=ONE, told=Ended().told())
    run_batches([], options=ONE, told=Ended().told())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--batch", "--at-once", "2"], "--batch and --at-once are two ways"),
        (["--batch-size", "2", "--ranks", "2"], "a run in a batch has one MPI rank"),
        (["--batch", "--threads", "999"], "more threads than cores"),
        (["--batch-size", "0"], "--batch-size"),
    ],
)
def test_the_command_refuses_what_cannot_be_had_in_one_message(tmp_path, options, message):
    folder = make_folder(tmp_path / "Cu", make_card(tmp_path), COPPER)
    program = Path(sys.executable).parent / "sselmp"
    done = subprocess.run([program, "run", folder, *options], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert manifest.read(folder).state == "prepared"


def test_folders_are_dealt_to_devices_card_by_card():
    cards = {Path(name): "a" for name in "123"} | {Path("4"): "b"}
    assert [[(g.card, g.device, len(g.folders)) for g in queue] for queue in dealt(cards, ["auto"])] == [
        [("a", "auto", 3), ("b", "auto", 1)]
    ]
    first, second = dealt(cards, ["cuda:0", "cuda:1"])
    assert [(g.card, g.folders) for g in first] == [("a", (Path("1"), Path("3"))), ("b", (Path("4"),))]
    assert [(g.card, g.device, g.folders) for g in second] == [("a", "cuda:1", (Path("2"),))]
    assert len(dealt({Path("1"): "a"}, ["cuda:0", "cuda:1"])) == 1


def test_several_gpus_are_each_a_device_and_one_or_none_is_left_to_the_potential(monkeypatch, tmp_path):
    for name in ("nvidiactl", "nvidia0", "nvidia1", "nvidia-uvm"):
        (tmp_path / name).touch()
    monkeypatch.setattr("sselmp.launch.several.NVIDIA", tmp_path / "nvidiactl")
    monkeypatch.setattr(batch, "DEVICES", tmp_path)
    assert found_devices({}) == ("cuda:0", "cuda:1")
    assert found_devices({"CUDA_VISIBLE_DEVICES": "3,5,7"}) == ("cuda:0", "cuda:1", "cuda:2")
    assert found_devices({"CUDA_VISIBLE_DEVICES": "1"}) == ("auto",)
    assert found_devices({"CUDA_VISIBLE_DEVICES": ""}) == ("auto",)
