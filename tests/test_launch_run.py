"""Running a run folder with real LAMMPS: to the end, cut and resumed, interrupted, failing, at its wall time."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from launch_folder import SCRIPT, bridge_potential, make_run_folder

from sselmp import layout, manifest
from sselmp.errors import EnvironmentFaultError, RunError
from sselmp.launch.argv import RunOptions
from sselmp.launch.run import run_folder

pytestmark = pytest.mark.potential
ONE = RunOptions(threads=1)
LONG = 50_000_000  # steps that no test waits for

RUNNER = """
import sys
from pathlib import Path
from sselmp.errors import SselmpError
from sselmp.launch.argv import RunOptions
from sselmp.launch.run import run_folder
try:
    run_folder(Path(sys.argv[1]), options=RunOptions(threads=1), prefix=Path(sys.argv[2]))
except KeyboardInterrupt:
    sys.exit(130)
except SselmpError as error:
    sys.exit(str(error))
"""


def start(folder: Path, prefix: Path) -> subprocess.Popen:
    """Start run_folder in a process of its own, to be signalled."""
    argv = [sys.executable, "-c", RUNNER, str(folder), str(prefix)]
    return subprocess.Popen(argv, start_new_session=True, stderr=subprocess.PIPE, text=True)


def wait_for_restart(folder: Path, *, seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while len(list((folder / layout.RESTARTS).glob("*"))) < 3:
        assert time.monotonic() < end, (folder / layout.PROGRAM_OUTPUT).read_text()
        time.sleep(0.02)


def program_of(folder: Path) -> int:
    return json.loads((folder / layout.LOCK).read_text())["program"]


def ends(pid: int, *, seconds: float = 10.0) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.05)
    return False


def frames(folder: Path, segment: int) -> list[int]:
    lines = (folder / layout.trajectory_name(segment)).read_text().splitlines()
    return [int(lines[i + 1]) for i, line in enumerate(lines[:-1]) if line == "ITEM: TIMESTEP"]


def last_frame(folder: Path, segment: int) -> str:
    return (folder / layout.trajectory_name(segment)).read_text().split("ITEM: TIMESTEP\n")[-1]


def test_a_run_goes_to_its_end_tells_how_far_it_is_and_is_recorded(tmp_path, lammps_environment):
    folder = make_run_folder(tmp_path / "run", total=200)
    said = []
    record = run_folder(folder, options=ONE, on_progress=said.append, prefix=lammps_environment)
    assert record == manifest.read(folder)
    assert record.state == "finished"
    assert (said[-1].step, said[-1].total) == (200, 200)
    (segment,) = record.segments
    assert (segment.index, segment.exit_code, segment.reason, segment.resumed_from_step) == (0, 0, None, None)
    assert segment.ended is not None
    assert {"lammps", "torch", "sevenn", "mpich", "numpy", "ase"} <= set(segment.versions)


def test_a_finished_run_is_left_alone(tmp_path, lammps_environment):
    folder = make_run_folder(tmp_path / "run", total=40)
    run_folder(folder, options=ONE, prefix=lammps_environment)
    before = {path: path.stat().st_mtime_ns for path in folder.iterdir() if path.name != layout.LOCK}
    assert run_folder(folder, options=ONE, prefix=lammps_environment).state == "finished"
    assert {path: path.stat().st_mtime_ns for path in folder.iterdir() if path.name != layout.LOCK} == before


def test_a_run_finished_without_sselmp_is_seen_to_be_finished(tmp_path, lammps_environment):
    folder = make_run_folder(tmp_path / "run", total=40)
    (folder / layout.RESTARTS).mkdir()
    program = lammps_environment / "bin" / "sselmp-lmp"
    subprocess.run([program, "-in", "in.lammps", "-log", "none", "-screen", "none"], cwd=folder, check=True)
    record = run_folder(folder, options=ONE, prefix=lammps_environment)
    assert (record.state, record.segments) == ("finished", ())


def test_a_killed_run_resumes_from_its_last_whole_restart_and_ends_as_an_uncut_one(tmp_path, lammps_environment):
    uncut = make_run_folder(tmp_path / "uncut", total=400, potential=bridge_potential(tmp_path))
    run_folder(uncut, options=ONE, prefix=lammps_environment)

    cut = make_run_folder(tmp_path / "cut", total=400, potential=bridge_potential(tmp_path))
    runner = start(cut, lammps_environment)
    wait_for_restart(cut)
    os.kill(program_of(cut), signal.SIGKILL)
    stderr = runner.communicate()[1]
    record = manifest.read(cut)
    assert record.state == "failed", stderr
    assert "killed by signal 9" in record.segments[0].reason
    newest = max((cut / layout.RESTARTS).glob("*"), key=lambda path: int(path.stem))
    newest.write_bytes(newest.read_bytes()[:-40])  # as if the kill had come while it was written

    record = run_folder(cut, options=ONE, prefix=lammps_environment)
    assert record.state == "finished"
    assert [segment.index for segment in record.segments] == [0, 1]
    assert record.segments[1].resumed_from_step == int(newest.stem) - 20
    assert frames(cut, 1)[0] == record.segments[1].resumed_from_step
    assert last_frame(cut, 1) == last_frame(uncut, 0)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "a scheduler's signal"])
def test_an_interruption_ends_lammps_and_is_recorded_as_stopped(tmp_path, lammps_environment, number):
    folder = make_run_folder(tmp_path / "run", total=LONG, potential=bridge_potential(tmp_path))
    runner = start(folder, lammps_environment)
    wait_for_restart(folder)
    program = program_of(folder)
    os.kill(runner.pid, number)
    assert runner.wait(timeout=30) == 130
    assert ends(program)
    record = manifest.read(folder)
    assert record.state == "stopped"
    assert "run it again to resume" in record.segments[0].reason


def test_a_second_sselmp_on_the_same_folder_is_refused_with_the_firsts_process(tmp_path, lammps_environment):
    folder = make_run_folder(tmp_path / "run", total=LONG, potential=bridge_potential(tmp_path))
    runner = start(folder, lammps_environment)
    wait_for_restart(folder)
    with pytest.raises(RunError, match=f"process {runner.pid}"):
        run_folder(folder, options=ONE, prefix=lammps_environment)
    runner.send_signal(signal.SIGINT)
    runner.wait(timeout=30)


def test_a_program_left_behind_by_a_killed_sselmp_keeps_the_folder_closed(tmp_path, lammps_environment):
    folder = make_run_folder(tmp_path / "run", total=LONG, potential=bridge_potential(tmp_path))
    runner = start(folder, lammps_environment)
    wait_for_restart(folder)
    program = program_of(folder)
    runner.kill()
    runner.wait()
    with pytest.raises(RunError, match=f"still runs(.|\n)*process {program}"):
        run_folder(folder, options=ONE, prefix=lammps_environment)
    os.killpg(program, signal.SIGKILL)
    assert ends(program)
    record = run_folder(folder, options=RunOptions(threads=1, walltime="00:00:01"), prefix=lammps_environment)
    assert "not recorded" in record.segments[0].reason
    assert record.segments[1].resumed_from_step > 0


def test_a_run_at_its_wall_time_is_stopped_in_order_and_resumes(tmp_path, lammps_environment):
    folder = make_run_folder(tmp_path / "run", total=LONG, potential=bridge_potential(tmp_path))
    record = run_folder(folder, options=RunOptions(threads=1, walltime="00:00:01"), prefix=lammps_environment)
    assert (record.state, record.segments[0].exit_code) == ("stopped", 0)
    assert "wall time" in record.segments[0].reason
    again = run_folder(folder, options=RunOptions(threads=1, walltime="00:00:01"), prefix=lammps_environment)
    assert again.segments[1].resumed_from_step >= 20


def test_two_ranks_run_through_mpiexec(tmp_path, lammps_environment):
    if len(os.sched_getaffinity(0)) < 2:
        pytest.skip("two ranks need two cores")
    folder = make_run_folder(tmp_path / "run", total=100)
    record = run_folder(folder, options=RunOptions(ranks=2), prefix=lammps_environment)
    assert (record.state, record.segments[0].ranks) == ("finished", 2)
    assert "on 2 procs for 100 steps" in (folder / layout.log_name(0)).read_text()


def test_a_guards_message_is_the_reason(tmp_path, lammps_environment):
    guard = "print 'sselmp guard: step 7: temperature 9999 K: the run has exploded'\nstopped_by_the_guard\n"
    folder = make_run_folder(tmp_path / "run", total=20, script=SCRIPT.replace("run TOTAL upto", guard))
    with pytest.raises(RunError, match="sselmp guard: step 7: temperature 9999 K"):
        run_folder(folder, options=ONE, prefix=lammps_environment)
    assert manifest.read(folder).state == "failed"


def test_a_lammps_error_is_the_reason(tmp_path, lammps_environment):
    folder = make_run_folder(tmp_path / "run", total=20, potential="pair_style no/such\n")
    with pytest.raises(RunError, match="ERROR: Unrecognized pair style 'no/such'"):
        run_folder(folder, options=ONE, prefix=lammps_environment)


def test_an_exception_of_the_potential_is_the_reason(tmp_path, lammps_environment):
    potential = bridge_potential(tmp_path, sigma="'not a number'")
    folder = make_run_folder(tmp_path / "run", total=20, potential=potential)
    with pytest.raises(RunError, match=r"got:(.*)(Error|refuses)") as caught:
        run_folder(folder, options=ONE, prefix=lammps_environment)
    assert "exit code 1" in str(caught.value)


def test_an_altered_input_is_refused_before_anything_starts(tmp_path, lammps_environment):
    folder = make_run_folder(tmp_path / "run", total=20)
    (folder / layout.INPUT_SCRIPT).write_text("quit\n")
    with pytest.raises(RunError, match="not the file that the manifest recorded"):
        run_folder(folder, options=ONE, prefix=lammps_environment)
    assert manifest.read(folder).segments == ()


def test_a_run_prepared_with_another_potential_is_refused(tmp_path):
    folder = make_run_folder(tmp_path / "run", total=20)
    with pytest.raises(RunError, match="no longer the one that this run was prepared with"):
        run_folder(folder, options=ONE)


def test_a_folder_that_is_no_run_folder_is_left_without_a_lock_file(tmp_path):
    with pytest.raises(RunError, match="not a run folder"):
        run_folder(tmp_path, options=ONE)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("options", "program"), [(ONE, "sselmp-lmp"), (RunOptions(ranks=2, threads=1), "mpiexec")])
def test_an_environment_without_the_program_is_named(tmp_path, options, program):
    folder = make_run_folder(tmp_path / "run", total=20)
    with pytest.raises(EnvironmentFaultError, match=f"no {program} in the environment"):
        run_folder(folder, options=options, prefix=tmp_path / "empty")
    assert manifest.read(folder).state == "prepared"
