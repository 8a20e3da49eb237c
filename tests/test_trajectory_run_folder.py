"""A run folder's facts and trajectory."""

from __future__ import annotations

import numpy as np
import pytest
import walks

from sselmp import layout
from sselmp.errors import RunError, TrajectoryError
from sselmp.trajectory.run_folder import read_facts, read_run, segment_files


@pytest.fixture
def record():
    return walks.trajectory(walks.walk(np.random.default_rng(1), frames=40), spacing_ps=0.5)


def test_a_finished_run_gives_its_frames_facts_and_the_mean_temperature_of_its_production(tmp_path, record):
    run = read_run(walks.run_folder(tmp_path, temperature_K=700, seed=3, record=record))
    assert (run.facts.temperature_K, run.facts.seed, run.facts.mobile_species) == (700, 3, "Li")
    assert run.facts.charges["Li"] == 1.0
    assert run.facts.finished
    assert run.trajectory.spacing_ps == pytest.approx(0.5)
    assert run.trajectory.positions == pytest.approx(record.positions, abs=1e-7)
    assert run.measured_temperature_K == pytest.approx(705)  # the equilibration's rows say 1100


def test_segments_are_read_in_the_order_of_their_numbers_not_of_their_names(tmp_path):
    for number in (0, 2, 10, 1):
        (tmp_path / layout.trajectory_name(number)).touch()
    (tmp_path / "trajectory.old.lammpstrj").touch()
    names = [path.name for path in segment_files(tmp_path, layout.trajectory_name)]
    assert names == [layout.trajectory_name(number) for number in (0, 1, 2, 10)]


def test_lammps_own_mark_makes_a_run_finished_whatever_the_manifest_says(tmp_path, record):
    folder = walks.run_folder(tmp_path, temperature_K=700, record=record, finished=False)
    assert read_facts(folder).state == "stopped"
    (folder / layout.FINISHED).write_text("step 490\n")
    assert read_facts(folder).finished


def test_a_run_that_was_only_prepared_has_facts_and_no_trajectory(tmp_path):
    folder = walks.run_folder(tmp_path, temperature_K=700, record=None)
    assert read_facts(folder).state == "prepared"
    with pytest.raises(TrajectoryError, match="no trajectory file"):
        read_run(folder)


def test_a_run_without_a_log_is_read_and_has_no_measured_temperature(tmp_path, record):
    folder = walks.run_folder(tmp_path, temperature_K=700, record=record)
    (folder / layout.log_name(0)).unlink()
    assert read_run(folder).measured_temperature_K is None


def test_a_folder_without_a_manifest_is_not_a_run_folder(tmp_path):
    with pytest.raises(RunError, match="not a run folder"):
        read_facts(tmp_path)
