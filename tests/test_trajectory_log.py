"""Thermodynamic tables out of logs that real LAMMPS wrote."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sselmp.errors import TrajectoryError
from sselmp.trajectory.log import read_thermo

RECORDED = Path(__file__).parent / "data" / "lj_restart"


def test_a_log_gives_named_columns_and_the_minimisation_before_the_run_vanishes():
    found = read_thermo([RECORDED / "uncut.log"])
    assert found.columns[:4] == ("Step", "Time", "Temp", "PotEng")
    assert found.column("Step").tolist() == list(range(0, 201, 10))
    assert found.column("Temp")[1] == pytest.approx(117.67033)


def test_the_logs_of_a_resumed_run_give_the_rows_of_the_uncut_one():
    whole = read_thermo([RECORDED / "uncut.log"])
    stitched = read_thermo([RECORDED / "log.0.lammps", RECORDED / "log.1.lammps"])
    assert stitched.column("Step").tolist() == whole.column("Step").tolist()
    for name in ("Temp", "PotEng", "Volume", "Xy"):
        assert stitched.column(name) == pytest.approx(whole.column(name), rel=1e-6)


@pytest.mark.parametrize("cut", [1, 7, 60, 150, 155])
def test_a_truncated_last_line_is_ignored(tmp_path, cut):
    text = (RECORDED / "uncut.log").read_text()
    path = tmp_path / "log.0.lammps"
    row_150 = text.index("\n       150 ")
    path.write_text(text[: row_150 + cut])
    assert read_thermo([path]).column("Step").tolist() == list(range(0, 150, 10))


def test_warnings_between_the_rows_are_passed_over(tmp_path):
    path = tmp_path / "log"
    path.write_text("Step Temp\n0 1.5\nWARNING: something\n10 2.5\nLoop time of 1\n20 99\n")
    assert read_thermo([path]).values.tolist() == [[0, 1.5], [10, 2.5]]


def test_two_runs_that_share_a_step_give_it_once(tmp_path):
    path = tmp_path / "log"
    path.write_text("Step Temp\n0 1\n10 2\nLoop time of 1\nStep Temp\n10 3\n20 4\nLoop time of 1\n")
    assert read_thermo([path]).values.tolist() == [[0, 1], [10, 3], [20, 4]]


def test_a_column_that_is_absent_is_answered_with_the_nearest():
    with pytest.raises(TrajectoryError, match="did you mean 'Temp'"):
        read_thermo([RECORDED / "uncut.log"]).column("temp")


def test_a_log_without_a_table_is_refused(tmp_path):
    path = tmp_path / "log"
    path.write_text("LAMMPS\nERROR: no\n")
    with pytest.raises(TrajectoryError, match="no thermodynamic output"):
        read_thermo([path])
    with pytest.raises(TrajectoryError, match="cannot read"):
        read_thermo([tmp_path / "absent"])


def test_the_values_cannot_be_written_to():
    with pytest.raises(ValueError, match="read-only"):
        read_thermo([RECORDED / "uncut.log"]).values[0, 0] = np.nan
