"""What happens around a program that misbehaves when it is stopped; a shell script stands in for LAMMPS here only."""

from __future__ import annotations

import os
import time

import pytest
from launch_folder import make_run_folder, make_stand_in

from sselmp import layout, manifest, programs
from sselmp.launch import run
from sselmp.launch.argv import RunOptions
from sselmp.launch.run import run_folder

ONE = RunOptions(threads=1)
ROWS = 'printf "Step Time Temp\\n0 0 60\\n10 0.02 61\\n" > log.0.lammps\necho $$ > pid\n'


def raise_interrupt(progress) -> None:
    raise KeyboardInterrupt(progress.step)


def is_gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def test_a_program_that_ignores_ctrl_c_and_termination_is_killed(tmp_path, monkeypatch):
    monkeypatch.setattr(run, "INTERRUPT_GRACE_S", 0.3)
    monkeypatch.setattr(run, "TERMINATE_GRACE_S", 0.3)
    folder = make_run_folder(tmp_path / "run", total=20)
    prefix = make_stand_in(tmp_path / "env", f"trap '' INT TERM\n{ROWS}while true; do sleep 0.1; done")
    with pytest.raises(KeyboardInterrupt):
        run_folder(folder, options=ONE, on_progress=raise_interrupt, prefix=prefix)
    assert is_gone(int((folder / "pid").read_text()))
    record = manifest.read(folder)
    assert (record.state, record.segments[0].exit_code) == ("stopped", -9)


def test_a_program_that_ends_on_ctrl_c_is_given_the_time_to(tmp_path):
    folder = make_run_folder(tmp_path / "run", total=20)
    prefix = make_stand_in(tmp_path / "env", f"trap 'touch saved; exit 130' INT\n{ROWS}while true; do sleep 0.1; done")
    with pytest.raises(KeyboardInterrupt):
        run_folder(folder, options=ONE, on_progress=raise_interrupt, prefix=prefix)
    assert (folder / "saved").is_file()
    assert manifest.read(folder).segments[0].exit_code == 130


def test_a_fault_in_the_watching_itself_ends_the_program_and_is_recorded(tmp_path):
    def fault(_progress) -> None:
        raise ZeroDivisionError("in the progress bar")

    folder = make_run_folder(tmp_path / "run", total=20)
    prefix = make_stand_in(tmp_path / "env", f"{ROWS}while true; do sleep 0.1; done")
    with pytest.raises(ZeroDivisionError):
        run_folder(folder, options=ONE, on_progress=fault, prefix=prefix)
    assert is_gone(int((folder / "pid").read_text()))
    record = manifest.read(folder)
    assert record.state == "failed"
    assert "ZeroDivisionError in sselmp: in the progress bar" in record.segments[0].reason


def test_exit_code_0_without_the_file_that_the_last_step_writes_is_not_finished(tmp_path):
    folder = make_run_folder(tmp_path / "run", total=20)
    record = run_folder(folder, options=ONE, prefix=make_stand_in(tmp_path / "env", ROWS))
    assert (record.state, record.segments[0].exit_code) == ("stopped", 0)


def test_the_file_of_the_last_step_with_another_exit_code_is_a_failure(tmp_path):
    folder = make_run_folder(tmp_path / "run", total=20)
    prefix = make_stand_in(tmp_path / "env", f"{ROWS}touch {layout.FINISHED}\necho 'the last words'\nexit 3")
    with pytest.raises(run.RunError, match="exit code 3; it printed last: the last words"):
        run_folder(folder, options=ONE, prefix=prefix)
    assert manifest.read(folder).state == "failed"


def test_each_start_has_a_segment_of_its_own_even_where_no_manifest_recorded_the_last(tmp_path):
    folder = make_run_folder(tmp_path / "run", total=20)
    (folder / layout.trajectory_name(4)).write_text("")
    record = run_folder(folder, options=ONE, prefix=make_stand_in(tmp_path / "env", "exit 0"))
    assert record.segments[0].index == 5


def test_a_process_id_used_again_elsewhere_does_not_close_a_folder(tmp_path):
    folder = make_run_folder(tmp_path / "run", total=20)
    elsewhere = programs.start(["sleep", "30"], environment=os.environ, folder=tmp_path, output=tmp_path / "out")
    noted = f'{{"sselmp": 1, "program": {elsewhere.pid}, "host": "{os.uname().nodename}"}}'
    (folder / layout.LOCK).write_text(noted)
    time.sleep(0.1)
    assert run_folder(folder, options=ONE, prefix=make_stand_in(tmp_path / "env", "exit 0")).state == "stopped"
    elsewhere.signal(run.signal.SIGKILL)
    elsewhere.exit_code(wait_s=5.0)
