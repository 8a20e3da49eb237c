"""What the rendered in.lammps does in real LAMMPS, with solid argon and LAMMPS's own Lennard-Jones."""

from __future__ import annotations

import re
import shutil
import time
from pathlib import Path

import numpy as np
import pytest
from argon_folder import argon, fill, frames, identity, kill_when, lammps_cell, run, start

from sselmp import layout

DETERMINISTIC_NVT = {"thermostat": "nose-hoover"}
NPT = {"ensemble": "npt", "barostat": "mtk"}


def thermo(folder: Path, segment: int = 0) -> np.ndarray:
    """Rows of the production's thermo table."""
    text = (folder / layout.log_name(segment)).read_text().split("sselmp stage: production\n")[-1]
    rows = [line.split() for line in text.splitlines()]
    return np.array([[float(w) for w in row] for row in rows if len(row) == 14 and row[0].isdigit()])


def lattice_constant() -> float:
    """a of fcc argon [Å] at the minimum of its lattice sum, for the potential of the run folders."""
    halves = np.array([n for n in np.ndindex(9, 9, 9) if sum(n) % 2 == 0]) - 4.0  # fcc, in units of a / 2

    def energy(a: float) -> float:
        distance = a / 2 * np.linalg.norm(halves, axis=1)
        near = distance[(distance > 0) & (distance < 7.0)]
        return float(np.sum((3.4 / near) ** 12 - (3.4 / near) ** 6 - (3.4 / 7.0) ** 12 + (3.4 / 7.0) ** 6))

    grid = np.arange(5.1, 5.5, 1e-4)
    return float(grid[np.argmin([energy(a) for a in grid])])


@pytest.mark.parametrize("sheared", [False, True])
@pytest.mark.parametrize(
    "dynamics",
    [
        {"thermostat": "berendsen"},
        {"thermostat": "nose-hoover"},
        {"thermostat": "csvr"},
        {"thermostat": "berendsen", **NPT},
        {"thermostat": "nose-hoover", **NPT},
        {"thermostat": "csvr", **NPT},
    ],
    ids=lambda d: "-".join(d.values()),
)
def test_every_ensemble_runs_in_orthogonal_and_triclinic_cells_and_says_when_it_is_finished(
    tmp_path, lammps_environment, dynamics, sheared
):
    crystal = argon(sheared=sheared)
    folder = fill(tmp_path / "run", identity(crystal, **dynamics), crystal)
    output = run(folder, lammps_environment)
    assert (folder / layout.FINISHED).read_text() == "finished at step 200\n"
    assert "WARNING" not in output
    found = frames(folder / layout.trajectory_name(0))
    assert sorted(found) == list(range(40, 201, 10))  # production only, first frame at its first step
    assert "ITEM: ATOMS id type element xsu ysu zsu" in found[40]
    assert ("xy xz yz" in found[40]) == sheared
    assert [int(row[0]) for row in thermo(folder)] == sorted(found)


@pytest.mark.parametrize("thermostat", ["berendsen", "nose-hoover", "csvr"])
def test_berendsens_barostat_goes_with_every_thermostat_in_an_orthogonal_cell(tmp_path, lammps_environment, thermostat):
    crystal = argon()
    run_identity = identity(crystal, ensemble="npt", barostat="berendsen", thermostat=thermostat)
    folder = fill(tmp_path / "run", run_identity, crystal)
    run(folder, lammps_environment)
    lengths = thermo(folder)[-1, 8:11]
    assert np.ptp(lengths) > 1e-6  # the three lengths are free of one another


def test_a_killed_nose_hoover_run_that_is_resumed_repeats_the_uncut_run_bit_for_bit(tmp_path, lammps_environment):
    crystal = argon(repeats=6)
    run_identity = identity(crystal, **DETERMINISTIC_NVT)
    uncut = fill(tmp_path / "uncut", run_identity, crystal)
    cut = fill(tmp_path / "cut", run_identity, crystal)
    run(uncut, lammps_environment)
    kill_when(start(cut, lammps_environment), cut / layout.restart_name(120))
    assert not (cut / layout.FINISHED).exists()
    run(cut, lammps_environment, segment=1, resume=layout.restart_name(100))
    whole = frames(uncut / layout.trajectory_name(0))
    first, second = (frames(cut / layout.trajectory_name(k)) for k in (0, 1))
    assert min(second) == 100
    stitched = {step: text for step, text in first.items() if step < 100} | second
    assert list(stitched) == list(whole)  # none lost, none doubled
    assert stitched == whole
    last = layout.restart_name(200)
    assert (cut / last).read_bytes() == (uncut / last).read_bytes()  # momenta, images and thermostat too


@pytest.mark.parametrize("thermostat", ["berendsen", "csvr"])
def test_other_thermostats_in_nvt_resume_exactly_too(tmp_path, lammps_environment, thermostat):
    crystal = argon()
    uncut = fill(tmp_path / "uncut", identity(crystal, thermostat=thermostat), crystal)
    run(uncut, lammps_environment)
    cut = shutil.copytree(uncut, tmp_path / "cut", ignore=shutil.ignore_patterns("*.lammpstrj", "finished.txt"))
    run(cut, lammps_environment, segment=1, resume=layout.restart_name(100))
    assert frames(cut / layout.trajectory_name(1)).items() <= frames(uncut / layout.trajectory_name(0)).items()


def test_a_resumed_triclinic_npt_run_repeats_the_uncut_one_to_rounding(tmp_path, lammps_environment):
    crystal = argon(sheared=True)
    uncut = fill(tmp_path / "uncut", identity(crystal, thermostat="nose-hoover", **NPT), crystal)
    run(uncut, lammps_environment)
    cut = shutil.copytree(uncut, tmp_path / "cut", ignore=shutil.ignore_patterns("*.lammpstrj", "finished.txt"))
    run(cut, lammps_environment, segment=1, resume=layout.restart_name(100))
    whole, resumed = thermo(uncut), thermo(cut, 1)
    assert np.ptp(whole[:, 11]) > 1e-3  # the angles are free
    np.testing.assert_allclose(resumed, whole[-len(resumed) :], rtol=1e-7, atol=1e-7)


def test_a_run_cut_in_its_equilibration_finishes_it_before_the_production(tmp_path, lammps_environment):
    crystal = argon()
    uncut = fill(tmp_path / "uncut", identity(crystal, **DETERMINISTIC_NVT), crystal)
    run(uncut, lammps_environment)
    cut = shutil.copytree(uncut, tmp_path / "cut", ignore=shutil.ignore_patterns("*.lammpstrj", "finished.txt"))
    run(cut, lammps_environment, segment=1, resume=layout.restart_name(20))
    assert frames(cut / layout.trajectory_name(1)) == frames(uncut / layout.trajectory_name(0))


def test_a_run_without_equilibration_dumps_from_step_zero(tmp_path, lammps_environment):
    crystal = argon()
    folder = fill(tmp_path / "run", identity(crystal, equilibration_ps=0.0), crystal)
    run(folder, lammps_environment)
    assert sorted(frames(folder / layout.trajectory_name(0))) == list(range(0, 161, 10))


def test_a_run_out_of_wall_time_leaves_a_restart_of_its_last_step_and_goes_on_from_it(tmp_path, lammps_environment):
    crystal = argon(repeats=6)
    folder = fill(tmp_path / "run", identity(crystal, production_ps=40.0), crystal)
    begun = time.monotonic()
    output = run(folder, lammps_environment, walltime="00:00:01")
    assert time.monotonic() - begun < 30
    assert not (folder / layout.FINISHED).exists()
    assert "sselmp guard:" not in output
    steps = sorted(int(path.stem) for path in (folder / layout.RESTARTS).iterdir())
    stopped_at = int(re.findall(r"^Loop time of \S+ on 1 procs for (\d+) steps", output, re.M)[-1]) + 40
    assert steps[-1] == stopped_at < 20040
    resumed = run(folder, lammps_environment, segment=1, resume=layout.restart_name(steps[-1]), walltime="00:00:01")
    assert re.search(rf"^\s+{stopped_at}\s", resumed, re.M)


def test_the_guard_stops_a_run_that_gets_too_hot_and_says_so(tmp_path, lammps_environment):
    crystal = argon(a=4.6)  # compressed: its energy turns to heat
    folder = fill(tmp_path / "run", identity(crystal, guard=1.01, thermostat_time_fs=1e5), crystal)
    script = folder / layout.INPUT_SCRIPT
    script.write_text(re.sub(r"(variable hottest +equal) \S+", r"\1 5.0", script.read_text()))
    process = start(folder, lammps_environment)
    output, _ = process.communicate(timeout=60)
    assert process.returncode != 0
    said = re.search(r"^sselmp guard: step 10: temperature [\d.]+ K \(limit 5\).*stopped", output, re.M)
    assert said, output[-2000:]
    assert said[0] in (folder / layout.log_name(0)).read_text()
    assert not (folder / layout.FINISHED).exists()
    assert list((folder / layout.RESTARTS).iterdir()) == []  # the exploded state is not one to resume from
    assert not (folder / layout.trajectory_name(0)).exists()


def test_the_guard_stops_an_npt_run_whose_volume_leaves_its_limits(tmp_path, lammps_environment):
    crystal = argon(a=4.3)  # wants to nearly double its volume
    weak = {"bulk_modulus_GPa": 2.0, "barostat_time_fs": 500.0}
    folder = fill(tmp_path / "run", identity(crystal, ensemble="npt", guard=1e6, **weak), crystal)
    process = start(folder, lammps_environment)
    output, _ = process.communicate(timeout=60)
    assert process.returncode != 0
    limits = re.search(r"volume ([\d.]+) A\^3 \(limits ([\d.]+) to ([\d.]+)\)", output)
    assert limits, output[-2000:]
    volume, low, high = map(float, limits.groups())
    assert high == pytest.approx(1.5 * (3 * 4.3) ** 3, abs=0.1)
    assert not low < volume < high


def test_a_run_stops_before_its_disk_is_full(tmp_path, lammps_environment):
    crystal = argon()
    folder = fill(tmp_path / "run", identity(crystal), crystal)
    script = folder / layout.INPUT_SCRIPT
    script.write_text(script.read_text().replace("diskfree < 20 ", "diskfree < 1e15 "))
    process = start(folder, lammps_environment)
    output, _ = process.communicate(timeout=60)
    assert process.returncode != 0
    assert re.search(r"ERROR: .*disk_is_nearly_full met on step 10 ", output)
    assert not (folder / layout.FINISHED).exists()


@pytest.mark.parametrize("what", ["positions", "isotropic", "anisotropic", "triclinic"])
def test_a_relaxation_comes_first_and_only_at_the_first_start(tmp_path, lammps_environment, what):
    crystal = argon(a=5.1)
    shaken = crystal.positions + 0.05 * np.sin(np.arange(crystal.positions.size)).reshape(-1, 3)
    crystal = type(crystal)(name="argon", species=crystal.species, cell=crystal.cell, positions=shaken)
    folder = fill(tmp_path / "run", identity(crystal, relax=what), crystal)
    output = run(folder, lammps_environment)
    assert output.index("sselmp stage: relaxation") < output.index("sselmp stage: equilibration")
    assert "Minimization stats" in output
    rows = thermo(folder)
    length = lammps_cell(crystal)[0, 0]
    if what == "positions":
        assert rows[-1, 8] == pytest.approx(length, abs=1e-6)
    else:
        assert rows[-1, 8:11] == pytest.approx(3 * lattice_constant(), abs=3e-3)
    first = frames(folder / layout.trajectory_name(0))[40]
    assert ("xy xz yz" in first) == (what == "triclinic")
    resumed = run(folder, lammps_environment, segment=1, resume=layout.restart_name(100))
    assert "sselmp stage: relaxation" not in resumed
    assert "Minimization stats" not in resumed


def test_a_timeout_in_the_relaxation_leaves_nothing_to_resume_from(tmp_path, lammps_environment):
    crystal = argon(repeats=6, a=5.0)
    folder = fill(tmp_path / "run", identity(crystal, relax="anisotropic"), crystal)
    script = folder / layout.INPUT_SCRIPT
    script.write_text(re.sub(r"minimize .*", "minimize 0.0 1e-30 100000 1000000", script.read_text()))
    script.write_text(script.read_text().replace("vmax 0.02", "vmax 0.0000001"))
    output = run(folder, lammps_environment, walltime="00:00:01")
    assert "Stopping criterion = walltime limit reached" in output
    assert list((folder / layout.RESTARTS).iterdir()) == []
    assert not (folder / layout.trajectory_name(0)).exists()
    assert not (folder / layout.FINISHED).exists()


def test_a_timeout_in_the_equilibration_leaves_a_restart_and_no_trajectory(tmp_path, lammps_environment):
    crystal = argon(repeats=6)
    folder = fill(tmp_path / "run", identity(crystal, equilibration_ps=40.0), crystal)
    run(folder, lammps_environment, walltime="00:00:01")
    assert len(list((folder / layout.RESTARTS).iterdir())) >= 1
    assert not (folder / layout.trajectory_name(0)).exists()
    assert "sselmp stage: production" not in (folder / layout.log_name(0)).read_text()


def test_the_same_seed_gives_the_same_run_and_another_seed_another(tmp_path, lammps_environment):
    crystal = argon()
    texts = []
    for name, seed in (("a", 7), ("b", 7), ("c", 8)):
        changed = identity(crystal, thermostat="csvr").model_copy(update={"seed": seed})
        folder = fill(tmp_path / name, changed, crystal)
        run(folder, lammps_environment)
        texts.append((folder / layout.trajectory_name(0)).read_text())
    assert texts[0] == texts[1] != texts[2]
