"""Several run folders at once: how cores are shared, and that one failure or a Ctrl-C leaves the others in order."""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path

import pytest
from lammps_program import wait_for
from launch_folder import make_run_folder

from sselmp import manifest
from sselmp.errors import RunError, SettingsError
from sselmp.launch.argv import RunOptions
from sselmp.launch.several import has_gpu, run_folders, shared


@pytest.mark.parametrize(
    ("options", "runs", "cores", "expected"),
    [
        (RunOptions(), 3, 2, (2, 1)),  # two single-threaded runs, then the third
        (RunOptions(), 1, 2, (1, None)),  # all cores for the only one
        (RunOptions(), 6, 16, (4, 4)),
        (RunOptions(), 2, 16, (2, 8)),
        (RunOptions(ranks=2), 3, 2, (1, None)),
        (RunOptions(ranks=2), 3, 8, (3, 1)),
        (RunOptions(threads=2), 3, 2, (1, 2)),
        (RunOptions(threads=2), 3, 4, (2, 2)),
    ],
)
def test_runs_share_the_cores_without_ever_exceeding_them(options, runs, cores, expected):
    together, chosen = shared(options, runs=runs, cores=cores, gpu=False)
    assert (together, chosen.threads) == expected
    assert together * chosen.ranks * (chosen.threads or 1) <= cores


def test_one_run_at_a_time_on_a_gpu_unless_more_are_asked_for():
    assert shared(RunOptions(), runs=6, cores=16, gpu=True) == (1, RunOptions())
    assert shared(RunOptions(), runs=6, cores=16, gpu=True, at_once=3)[0] == 3
    assert not has_gpu({"CUDA_VISIBLE_DEVICES": ""})


def test_more_than_the_cores_for_one_run_is_refused():
    with pytest.raises(SettingsError, match="cores"):
        shared(RunOptions(ranks=3), runs=1, cores=2, gpu=False)


def three_folders(tmp_path: Path, *, total: int) -> list[Path]:
    return [make_run_folder(tmp_path / name, total=total) for name in ("first", "second", "third")]


def test_a_failing_folder_is_told_and_the_others_run(tmp_path, lammps_environment):
    folders = three_folders(tmp_path, total=60)
    make_run_folder(folders[1], total=60, potential="pair_style nonsense\n")
    ended, seen = {}, set()
    run_folders(
        folders,
        options=RunOptions(),
        at_once=2,
        on_progress=lambda folder, _: seen.add(folder),
        on_end=lambda folder, how: ended.update({folder: how}),
        prefix=lammps_environment,
    )
    assert isinstance(ended[folders[1]], RunError)
    assert "nonsense" in str(ended[folders[1]])
    assert ended[folders[0]].state == ended[folders[2]].state == "finished"
    assert {folders[0], folders[2]} <= seen


def test_ctrl_c_ends_all_programs_and_records_it(tmp_path, lammps_environment):
    folders = three_folders(tmp_path, total=50_000_000)

    def interrupt_when_two_run() -> None:
        wait_for(lambda: sum((f / "restarts" / "40.restart").is_file() for f in folders) == 2)
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=interrupt_when_two_run).start()
    with pytest.raises(KeyboardInterrupt):
        run_folders(
            folders,
            options=RunOptions(threads=1),
            at_once=2,
            on_progress=lambda *_: None,
            on_end=lambda *_: None,
            prefix=lammps_environment,
        )
    assert [manifest.read(folder).state for folder in folders] == ["stopped", "stopped", "prepared"]
