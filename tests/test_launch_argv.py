"""The command line and environment variables of one start."""

from __future__ import annotations

from pathlib import Path

import pytest

from sselmp.errors import SettingsError
from sselmp.launch.argv import RunOptions, Start, command, threads_per_rank

PREFIX = Path("/env")


def test_a_first_start_passes_the_segment_and_no_restart():
    made = command(PREFIX, Start(0), options=RunOptions(), cores=4)
    assert " ".join(made.argv) == "/env/bin/sselmp-lmp -in in.lammps -log none -screen none -var segment 0"


def test_a_resumption_names_its_restart_and_the_wall_time():
    start = Start(3, restart="restarts/500.restart")
    made = command(PREFIX, start, options=RunOptions(walltime="00:10:00"), cores=4)
    assert " ".join(made.argv).endswith("-var segment 3 -var resume restarts/500.restart -var walltime 00:10:00")


def test_several_ranks_start_through_the_environments_own_mpiexec():
    made = command(PREFIX, Start(0), options=RunOptions(ranks=2), cores=4)
    assert made.argv[:4] == ("/env/bin/mpiexec", "-n", "2", "/env/bin/sselmp-lmp")
    assert made.threads == 2


@pytest.mark.parametrize(("ranks", "cores", "threads"), [(1, 1, 1), (1, 8, 8), (3, 8, 2), (8, 8, 1)])
def test_cores_are_shared_evenly_among_the_ranks(ranks, cores, threads):
    made = command(PREFIX, Start(0), options=RunOptions(ranks=ranks), cores=cores)
    assert made.environment["OMP_NUM_THREADS"] == made.environment["MKL_NUM_THREADS"] == str(threads)


@pytest.mark.parametrize(
    "options",
    [RunOptions(ranks=3), RunOptions(threads=3), RunOptions(ranks=2, threads=2)],
    ids=["ranks", "threads", "both"],
)
def test_more_threads_than_cores_are_refused(options):
    with pytest.raises(SettingsError, match="at most 2, the cores"):
        threads_per_rank(options, cores=2)


@pytest.mark.parametrize("options", [RunOptions(ranks=0), RunOptions(threads=0), RunOptions(ranks=-1)])
def test_fewer_than_one_rank_or_thread_is_refused(options):
    with pytest.raises(SettingsError, match="at least one"):
        threads_per_rank(options, cores=2)


@pytest.mark.parametrize("walltime", ["10", "1:2:3", "00:60:00", "00:00:00", "tomorrow", "01:00:00; rm"])
def test_a_wall_time_that_is_not_hours_minutes_seconds_is_refused(walltime):
    with pytest.raises(SettingsError, match="HH:MM:SS"):
        command(PREFIX, Start(0), options=RunOptions(walltime=walltime), cores=2)


def test_the_environments_programs_come_first_and_foreign_packages_stay_out():
    ours = {"PATH": "/usr/bin", "PYTHONPATH": "/other", "PYTHONHOME": "/other", "HOME": "/home/me"}
    made = command(PREFIX, Start(0), options=RunOptions(), cores=1, variables=ours)
    assert made.environment["PATH"] == "/env/bin:/usr/bin"
    assert made.environment["HOME"] == "/home/me"
    assert made.environment["GOMP_SPINCOUNT"] == "3000"
    assert not {"PYTHONPATH", "PYTHONHOME"} & set(made.environment)
