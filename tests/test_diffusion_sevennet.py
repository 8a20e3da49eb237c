"""The main job for real: SevenNet-0 on Li6PS5Cl through LAMMPS, from a campaign to tables and figures."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from lammps_program import wait_for

pytestmark = [pytest.mark.slow, pytest.mark.potential]
SSELMP = Path(sys.executable).parent / "sselmp"
# Two temperatures of the shipped smoke test are enough to show that a campaign is more than a run.
CAMPAIGN = (Path(__file__).parents[1] / "inputs" / "campaigns" / "smoke.toml").read_text()
ARGUMENTS = ("diffusion", "--potential", "sevennet", "--system", "Li6PS5Cl", "--campaign", "two.toml")


@pytest.fixture(scope="module")
def workplace(tmp_path_factory, lammps_environment):
    """A folder in which the campaign was killed once with SIGKILL, and then brought to its end."""
    del lammps_environment  # must be there
    folder = tmp_path_factory.mktemp("workplace")
    (folder / "two.toml").write_text(CAMPAIGN.replace("[700, 900, 1100]", "[700, 1100]"))
    first = subprocess.Popen(
        [SSELMP, *ARGUMENTS], cwd=folder, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    wait_for(lambda: list(folder.glob("results/**/restarts/20.restart")), seconds=300)
    time.sleep(0.7)  # somewhere between two restart files
    for program in descendants(first.pid):
        os.kill(program, signal.SIGKILL)
    os.killpg(first.pid, signal.SIGKILL)
    first.wait()
    done = subprocess.run([SSELMP, *ARGUMENTS], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return folder, done


def descendants(pid: int) -> list[int]:
    """All programs that a program started, from whichever of its threads, directly or not."""
    below = [int(p) for file in Path(f"/proc/{pid}/task").glob("*/children") for p in file.read_text().split()]
    return below + [q for p in below for q in descendants(p)]


def results(folder: Path) -> Path:
    return folder / "results" / "two" / "sevennet" / "Li6PS5Cl"


def test_the_four_files_and_a_table_come_out(workplace):
    folder, done = workplace
    names = {"transport.json", "transport.csv", "msd.png", "arrhenius.png", "runs"}
    assert {path.name for path in results(folder).iterdir()} == names
    for figure in ("msd.png", "arrhenius.png"):
        assert (results(folder) / figure).read_bytes().startswith(b"\x89PNG")
    assert "D [cm²/s]" in done.stdout
    assert "σ(300 K)" in done.stdout
    assert "means nothing" in done.stdout.replace("mean nothing", "means nothing")


def test_every_frame_is_there_once_though_one_run_was_killed(workplace):
    folder, _ = workplace
    document = json.loads((results(folder) / "transport.json").read_text())
    assert [run["frames"] for run in document["runs"]] == [51, 51]
    segments = [len(list(run.glob("log.*.lammps"))) for run in sorted(results(folder).glob("runs/*"))]
    assert max(segments) == 2  # both, where there are cores enough for two runs at once


def test_manifests_say_what_happened(workplace):
    folder, _ = workplace
    for path in results(folder).glob("runs/*/manifest.json"):
        record = json.loads(path.read_text())
        assert record["state"] == "finished"
        last = record["segments"][-1]
        assert last["exit_code"] == 0
        assert {"lammps", "torch", "sevenn"} <= set(last["versions"])
        if len(record["segments"]) == 2:
            assert record["segments"][0]["exit_code"] is None
            assert last["resumed_from_step"] is None or last["resumed_from_step"] % 10 == 0
    assert any(
        json.loads(path.read_text())["segments"][-1]["resumed_from_step"]
        for path in results(folder).glob("runs/*/manifest.json")
    )


def test_a_second_call_repeats_nothing(workplace):
    folder, _ = workplace
    logs = {path: path.stat().st_mtime_ns for path in folder.rglob("log.*.lammps")}
    again = subprocess.run([SSELMP, *ARGUMENTS], cwd=folder, capture_output=True, text=True, check=False)
    assert again.returncode == 0, again.stderr
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("log.*.lammps")} == logs


def test_two_ranks_run_a_folder_to_its_end(workplace, tmp_path):
    folder, _ = workplace
    prepared = subprocess.run(
        [SSELMP, "prepare", "--campaign", folder / "two.toml"], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    run = tmp_path / prepared.stdout.split()[0]
    done = subprocess.run(
        [SSELMP, "run", run, "--ranks", "2"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    record = json.loads((run / "manifest.json").read_text())
    assert record["state"] == "finished"
    assert record["segments"][0]["ranks"] == 2
