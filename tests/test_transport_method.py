"""What a person may choose: what positions are relative to, and where fits start; and what each choice changes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import walks

from sselmp.errors import SettingsError, TrajectoryError
from sselmp.trajectory.record import Trajectory
from sselmp.transport.analysis import analyse_transport
from sselmp.transport.arrhenius import ArrheniusFit
from sselmp.transport.method import Method
from sselmp.transport.study import Sample

D = 0.125


def walk(*, frames=400, ions=24, seed=0, D=D):
    return walks.walk(np.random.default_rng(seed), frames=frames, ions=ions, D=(D,) * 3)


def analyse(*trajectories, kelvins=(900.0,), charges=None, **method):
    samples = [Sample(f"{kelvin:g}", kelvin, one) for kelvin, one in zip(kelvins, trajectories, strict=True)]
    return analyse_transport(
        samples, mobile_species="Li", charges=charges or {"Li": 1.0}, extrapolate_to_K=300.0, method=Method(**method)
    )


def at(result):
    (found,) = result.temperatures
    return found


def only_lithium(record: Trajectory) -> Trajectory:
    chosen = record.atoms_of("Li")
    return replace(record, positions=record.positions[:, chosen].copy(), species=("Li",) * len(chosen))


def melted(record: Trajectory, *, step=0.4, seed=9) -> Trajectory:
    positions = record.positions.copy()
    framework = np.array(record.species) != "Li"
    steps = np.random.default_rng(seed).normal(scale=step, size=(len(positions), int(framework.sum()), 3))
    positions[:, framework] += steps.cumsum(axis=0)
    return replace(record, positions=positions)


def test_a_drift_of_the_whole_is_removed_with_the_framework_or_the_centre_of_mass_and_left_in_with_none():
    drifting = walks.trajectory(walk(), drift=np.arange(400)[:, None] * np.array([0.5, 0.0, 0.0]))
    still = at(analyse(walks.trajectory(walk()))).assessment.diffusivity
    assert pytest.approx(still.D, rel=1e-6) == at(analyse(drifting)).assessment.diffusivity.D
    by_mass = at(analyse(drifting, reference="centre of mass")).assessment
    assert by_mass.verdict.diffusive
    assert pytest.approx(still.D, rel=0.1) == by_mass.diffusivity.D
    as_it_is = at(analyse(drifting, reference="none")).assessment
    assert "faster than linear" in as_it_is.verdict.reason


def test_without_a_framework_the_default_is_refused_with_what_can_be_asked_for_instead():
    with pytest.raises(TrajectoryError, match="there is no framework: every atom is Li") as error:
        analyse(only_lithium(walks.trajectory(walk())))
    assert "--reference none" in str(error.value)
    assert "--reference centre-of-mass" in str(error.value)


def test_mobile_ions_alone_give_what_they_give_beside_a_framework_that_rests():
    record = walks.trajectory(walk())
    whole, alone = at(analyse(record)), at(analyse(only_lithium(record), reference="none"))
    assert pytest.approx(whole.assessment.diffusivity.D, rel=1e-9) == alone.assessment.diffusivity.D
    assert alone.collective.sigma_S_per_m == pytest.approx(whole.collective.sigma_S_per_m, rel=1e-9)
    assert alone.haven.ratio == pytest.approx(1.0, abs=3 * alone.haven.error)


def test_mobile_ions_relative_to_their_own_centre_have_no_motion_of_charge_and_a_smaller_D():
    result = analyse(only_lithium(walks.trajectory(walk(ions=8))), reference="centre of mass")
    free = at(analyse(walks.trajectory(walk(ions=8)))).assessment.diffusivity.D
    assert pytest.approx(free * 7 / 8, rel=0.1) == at(result).assessment.diffusivity.D
    assert (at(result).charge_diffusivity, at(result).collective, at(result).haven) == (None, None, None)
    assert any("smaller by about 1/8" in caution for caution in result.cautions)


def test_a_start_that_is_given_is_taken_and_marked():
    found = at(analyse(walks.trajectory(walk()), start_ps=8.4)).assessment
    assert found.diffusivity.window_ps == (8.0, 32.0)
    assert found.onset.given
    assert not at(analyse(walks.trajectory(walk()))).assessment.onset.given


def test_a_run_that_is_too_short_for_the_start_given_is_called_so_beside_one_that_is_not():
    result = analyse(
        walks.trajectory(walk(frames=100)), walks.trajectory(walk(frames=800)), kelvins=(700.0, 900.0), start_ps=32.0
    )
    short, long = (one.assessment for one in result.temperatures)
    assert (short.verdict.kind, short.diffusivity) == ("too short", None)
    assert "a fit that starts at 32 ps, as was asked, needs 512 ps" in short.verdict.reason
    assert long.diffusivity.window_ps[0] == 32.0


@pytest.mark.parametrize("start", [0.0, -1.0, float("nan")])
def test_a_start_that_is_no_time_is_refused(start):
    with pytest.raises(SettingsError, match="start of the fit must be positive"):
        Method(start_ps=start)


def test_a_melt_has_a_D_relative_to_its_centre_of_mass_and_a_caution():
    record = melted(walks.trajectory(walk()))
    assert "framework melted" in at(analyse(record)).assessment.verdict.reason
    result = analyse(record, reference="centre of mass")
    assert at(result).assessment.verdict.diffusive
    assert any(caution.startswith("at 900 K the framework melted") for caution in result.cautions)


def test_a_fluid_has_a_law_of_its_own_and_a_solid_that_melts_has_it_below_only():
    records = [walks.trajectory(walk(D=one, seed=n)) for n, one in enumerate((0.05, 0.1, 0.18, 0.3))]
    kelvins = (600.0, 700.0, 800.0, 900.0)
    fluid = analyse(*map(melted, records), kelvins=kelvins, reference="centre of mass")
    assert isinstance(fluid.arrhenius, ArrheniusFit)
    assert fluid.arrhenius.melted_K == ()
    solid = analyse(*records[:3], melted(records[3]), kelvins=kelvins, reference="centre of mass")
    assert solid.arrhenius.melted_K == (900.0,)


def test_the_dipole_of_all_ions_conducts_as_the_mobile_ions_do_where_the_framework_only_rattles():
    record = walks.trajectory(walk(), framework=12)
    positions = record.positions.copy()
    framework = np.array(record.species) == "S"
    positions[:, framework] += np.random.default_rng(1).normal(scale=0.1, size=(400, 12, 3))
    record = replace(record, positions=positions)
    found = at(analyse(record, charges={"Li": 1.0, "S": -2.0}))
    assert found.all_ions.sigma_S_per_m == pytest.approx(found.collective.sigma_S_per_m, rel=0.1)
    assert at(analyse(record)).all_ions is None  # the charge of S is not known
    assert at(analyse(record, charges={"Li": 1.0, "S": -1.0})).all_ions is None  # and here they do not cancel


def test_progress_rises_to_the_whole_of_the_work():
    seen = []
    record = walks.trajectory(walk(frames=100))
    analyse_transport(
        [Sample("a", 900.0, record), Sample("b", 900.0, replace(record, steps=record.steps))],
        mobile_species="Li",
        charges={"Li": 1.0},
        extrapolate_to_K=300.0,
        on_work=lambda done, total: seen.append((done, total)),
    )
    done, total = zip(*seen, strict=True)
    assert len(seen) >= 7
    assert list(done) == sorted(done)
    assert set(total) == {done[-1]}
