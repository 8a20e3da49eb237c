"""D with and without a thermostat: liquid argon for real, and what must not be compared."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import argon_folder
import numpy as np
import pytest
import walks
from launch_folder import bridge_potential

from sselmp import files, layout, manifest, settings
from sselmp.errors import RunError, SettingsError, TrajectoryError
from sselmp.inputs.constant_energy import Ending, check_source, prepare_constant_energy
from sselmp.launch.argv import RunOptions
from sselmp.launch.restarts import newest_restart
from sselmp.launch.run import run_folder
from sselmp.manifest import Identity, Manifest
from sselmp.potentials.cards import load_card
from sselmp.report.thermostat import check, sentences, temperature_at_the_end
from sselmp.transport.thermostat import compare, conservation, starting_temperature
from sselmp.transport.verdict import assess

LIQUID = {"timestep_fs": 5.0, "thermostat": "nose-hoover", "thermostat_time_fs": 200.0, "equilibration_ps": 20.0}


def source(folder: Path, *, production_ps=80.0, forces="conservative", **dynamics) -> Path:
    """A run folder of 108 argon atoms above their melting point, ready to be run."""
    crystal = argon_folder.argon(a=5.94)
    identity: Identity = argon_folder.identity(crystal, **{**LIQUID, "production_ps": production_ps, **dynamics})
    identity = identity.model_copy(
        update={
            "temperature_K": 150.0,
            "output": settings.Output(thermo_every=20, trajectory_every=20, restart_every=2000),
        }
    )
    argon_folder.fill(folder, identity, crystal)
    card = folder / "lj.toml"
    bridge_potential(folder)  # for its card; the pair style is LAMMPS's own
    card.write_text(card.read_text().replace('"conservative"', f'"{forces}"'))
    identity = identity.model_copy(update={"potential_sha256": load_card(str(card)).physics_sha256()})
    steps = settings.steps(production_ps, timestep_fs=5.0, multiple_of=20)
    before = settings.steps(identity.dynamics.equilibration_ps, timestep_fs=5.0, multiple_of=20)
    names = (layout.INPUT_SCRIPT, layout.POTENTIAL_SCRIPT, layout.STRUCTURE_DATA)
    record = Manifest(
        id=identity.run_id(),
        identity=identity,
        card=str(card),
        mobile_species="Ar",
        total_steps=before + steps,
        equilibration_steps=before,
        charges={"Ar": 0.0},
        files={name: files.sha256(folder / name) for name in names},
        sselmp_version="0",
        created="2026-01-01T00:00:00+00:00",
    )
    manifest.write(folder, record)
    return folder


@pytest.fixture(scope="module")
def compared(tmp_path_factory, lammps_environment):
    """Liquid argon with Nosé–Hoover, its continuation without, and the comparison."""
    folder = source(tmp_path_factory.mktemp("argon") / "runs" / "nvt")
    options = RunOptions(threads=1)
    record = run_folder(folder, options=options, prefix=lammps_environment)
    restart = newest_restart(folder)
    assert restart.step == record.total_steps
    kelvin = temperature_at_the_end(folder, record.equilibration_steps)
    nve = prepare_constant_energy(Ending(folder, folder / restart.path, kelvin))
    run_folder(nve, options=options, prefix=lammps_environment)
    return folder, nve, check(folder, nve)


@pytest.mark.potential
def test_liquid_argon_diffuses_alike_with_and_without_its_thermostat(compared):
    _, _, found = compared
    assert found.nvt.verdict.diffusive
    assert found.nve.verdict.diffusive
    assert found.kept.kept
    assert abs(found.comparison.difference) < 4 * found.comparison.error
    assert found.comparison.error < 0.5 * found.nvt.diffusivity.D


@pytest.mark.potential
def test_the_continuation_keeps_the_mean_temperature_of_the_run(compared):
    # the energy of the last step alone would be off by sqrt(C_v) k_B T, some 10 K here
    _, _, found = compared
    assert found.kept.temperature_K == pytest.approx(found.nvt_temperature_K, abs=6)
    assert abs(found.kept.heating) < 0.01


@pytest.mark.potential
def test_the_record_holds_both_numbers_and_the_difference(compared):
    folder, nve, found = compared
    stored = json.loads((nve / layout.THERMOSTAT_JSON).read_text())
    assert stored["compared"] == "D"
    assert stored["nvt_run"] == manifest.read(folder).id
    assert stored["nve_D_cm2_per_s"] - stored["nvt_D_cm2_per_s"] == pytest.approx(stored["difference_cm2_per_s"])
    assert any("difference: (" in line for line in sentences(found))
    assert nve.parent.name == layout.CONSTANT_ENERGY


@pytest.mark.potential
def test_the_continuation_is_the_same_run_when_asked_for_again_and_knows_its_beginning(compared):
    folder, nve, _ = compared
    record = manifest.verify(nve)
    assert record.identity.start.run == manifest.read(folder).id
    assert record.identity.dynamics.ensemble == "nve"
    again = Ending(folder, folder / newest_restart(folder).path, record.identity.start.temperature_K)
    assert prepare_constant_energy(again) == nve
    (nve / layout.START_RESTART).write_bytes(b"another")
    with pytest.raises(RunError, match="is not the file that the manifest recorded"):
        manifest.verify(nve)


@pytest.mark.potential
def test_the_command_makes_runs_and_compares_in_one_call(tmp_path, family_environment):
    environment = family_environment("sevennet")
    folder = source(tmp_path / "runs" / "nvt", production_ps=40.0, equilibration_ps=10.0)
    run_folder(folder, options=RunOptions(threads=1), prefix=environment)
    command = [Path(sys.executable).parent / "sselmp", "thermostat", folder, "--ps", "30", "--skip-preflight"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr + done.stdout
    assert "D at constant energy:" in done.stdout
    assert "difference: (" in done.stdout
    (nve,) = (tmp_path / layout.CONSTANT_ENERGY).iterdir()
    assert manifest.read(nve).preflight.level == "skip"
    again = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert again.returncode == 0
    assert len(list(nve.glob("log.*.lammps"))) == 1


def test_runs_that_cannot_be_continued_are_refused_with_the_reason(tmp_path):
    with pytest.raises(RunError, match="is not finished"):
        check_source(source(tmp_path / "new"))
    with pytest.raises(SettingsError, match="not the gradient of its energy"):
        check_source(source(tmp_path / "direct", forces="direct"))
    with pytest.raises(SettingsError, match="did not run at constant volume"):
        check_source(source(tmp_path / "npt", ensemble="npt"))


def test_a_campaign_without_a_thermostat_is_refused():
    values = {
        "title": "x",
        "potentials": ["sevennet"],
        "systems": ["Li6PS5Cl"],
        "temperatures_K": [600],
        "dynamics": {"ensemble": "nve", "equilibration_ps": 0.0, "production_ps": 1.0},
    }
    with pytest.raises(SettingsError, match="sselmp thermostat RUN_FOLDER"):
        settings.check(settings.Campaign, values, source="mine.toml")


def rows(*, slope=0.0, atoms=100, count=500):
    rng, t = np.random.default_rng(0), np.linspace(0, 100, count)
    return conservation(
        t, temperature=600 + rng.normal(scale=20, size=count), total=-300 + slope * t + 0.01 * rng.normal(size=count),
        atoms=atoms,
    )  # fmt: skip


def test_a_drift_of_the_energy_is_found_with_its_error():
    kept = rows(slope=0.002)
    assert kept.drift_eV_per_ps == pytest.approx(0.002, abs=4 * kept.drift_error_eV_per_ps)
    assert kept.heating == pytest.approx(0.2 / (3 * 8.617e-5 * 600 * 100), rel=0.05)
    assert kept.temperature_K == pytest.approx(600, abs=4 * kept.temperature_error_K)
    assert rows().kept
    with pytest.raises(TrajectoryError, match="too few rows"):
        rows(count=15)


def motion(seed, *, D=0.5):
    return assess([walks.motion(walks.walk(np.random.default_rng(seed), frames=400, D=(D,) * 3))])


def test_two_walks_alike_agree_and_two_unlike_do_not():
    alike, unlike = compare(motion(4), motion(5), kept=rows()), compare(motion(1), motion(2, D=1.0), kept=rows())
    assert alike.agrees
    assert alike.interval_95.low < 0 < alike.interval_95.high
    assert not unlike.agrees
    assert unlike.difference == pytest.approx(0.5, abs=4 * unlike.error)
    first, second = motion(4).diffusivity, motion(5).diffusivity
    assert alike.error == pytest.approx(math.hypot(first.error, second.error))


def test_a_run_that_drifts_or_does_not_diffuse_is_not_compared():
    assert "which heats the run" in compare(motion(1), motion(2), kept=rows(slope=0.02))
    assert "which cools the run" in compare(motion(1), motion(2), kept=rows(slope=-0.02))
    caged = assess([walks.motion(walks.cage(np.random.default_rng(3), frames=400, ions=24, memory=20.0))])
    assert caged.onset.scale != motion(1).onset.scale
    assert "constant energy is not diffusive" in compare(motion(1), caged, kept=rows())
    assert "constant temperature is not diffusive" in compare(caged, replace(motion(1)), kept=rows())


def test_runs_too_short_for_D_are_compared_by_the_slope_at_the_same_times():
    def short(seed):
        rng = np.random.default_rng(seed)
        return assess([walks.motion(walks.lattice_walk(rng, frames=400, ions=8, chance=0.003, rattle=0.1))])

    one, other = short(3), short(4)
    assert {one.verdict.kind, other.verdict.kind} == {"too short"}
    found = compare(one, other, kept=rows())
    assert not found.diffusive
    assert found.window_ps == one.diffusivity.window_ps == other.diffusivity.window_ps
    assert found.agrees
    assert found.difference == other.diffusivity.D - one.diffusivity.D


def test_the_last_velocities_are_scaled_to_the_mean_energy():
    # 2 eV above the mean with 10 eV of motion: a fifth of it is taken out
    temperature, kinetic = np.array([600.0, 620.0, 700.0]), np.array([8.6, 8.9, 10.0])
    assert starting_temperature(temperature, kinetic=kinetic, total=np.array([-1.0, -1.0, 2.0])) == pytest.approx(560.0)
    with pytest.raises(TrajectoryError, match="too far from the mean"):
        starting_temperature(temperature, kinetic=kinetic, total=np.array([-30.0, 0.0, 30.0]))
