"""Motion of the charge as a whole and the full tensor, against walks with a known answer and naive sums."""

from __future__ import annotations

import numpy as np
import pytest
import walks

from sselmp.errors import TrajectoryError
from sselmp.transport.collective import charge_diffusivity, charge_motion, dipole_motion, haven_ratio
from sselmp.transport.diffusion import diffusivity
from sselmp.transport.scales import measure_scales
from sselmp.transport.tensor import diffusion_tensor, displacement_tensor


def both(positions, scale=2):
    motion = walks.motion(positions)
    return diffusivity(measure_scales([motion]), scale), charge_diffusivity([charge_motion(motion)], least=scale)


def test_the_haven_ratio_of_ions_that_hop_in_threes_is_a_third_and_of_lone_ones_one():
    rng = np.random.default_rng(0)
    for group, expected in ((1, 1.0), (3, 1.0 / 3.0)):
        haven = haven_ratio(*both(walks.chain_walk(rng, frames=6000, ions=24, chance=0.02, group=group)))
        assert haven.interval_95.low < expected < haven.interval_95.high
        assert haven.error < 0.2 * haven.ratio


def test_the_path_of_the_charge_is_that_of_the_sum_over_the_root_of_the_number():
    positions = np.random.default_rng(1).normal(size=(50, 9, 3))
    path = charge_motion(walks.motion(positions))
    assert path.ions == 1
    assert path.positions[:, 0] == pytest.approx(positions.sum(axis=1) / 3.0)


def test_the_dipole_of_all_ions_is_that_of_the_mobile_ones_where_the_framework_rests():
    mobile = walks.walk(np.random.default_rng(2), frames=100, ions=16)
    trajectory = walks.trajectory(mobile)  # with 8 S
    path = dipole_motion(trajectory, {"Li": 1.0, "S": -2.0}, mobile="Li").positions[:, 0]
    assert path - path[0] == pytest.approx((mobile - mobile[0]).sum(axis=1) / 4.0, abs=1e-9)
    drifting = walks.trajectory(mobile, drift=np.outer(np.arange(100), [0.3, 0.0, -0.2]))
    again = dipole_motion(drifting, {"Li": 1.0, "S": -2.0}, mobile="Li").positions[:, 0]
    assert again - again[0] == pytest.approx(path - path[0], abs=1e-8)


def test_charges_that_are_missing_or_do_not_add_up_are_refused():
    trajectory = walks.trajectory(walks.walk(np.random.default_rng(2), frames=10, ions=16))
    with pytest.raises(TrajectoryError, match="do not add up to zero"):
        dipole_motion(trajectory, {"Li": 1.0}, mobile="Li")
    with pytest.raises(TrajectoryError, match="do not add up to zero"):
        dipole_motion(trajectory, {"Li": 1.0, "S": -1.0}, mobile="Li")


def test_no_haven_ratio_is_given_where_charge_does_not_move():
    tracer, charge = both(np.zeros((200, 4, 3)))
    assert haven_ratio(tracer, charge) is None


def rotation():
    return np.linalg.qr(np.random.default_rng(3).normal(size=(3, 3)))[0]


def test_the_tensor_of_a_rotated_walk_is_the_rotated_tensor():
    positions = walks.walk(np.random.default_rng(4), frames=1500, ions=12, D=(0.4, 0.1, 0.02))
    turn = rotation()
    plain, turned = (diffusion_tensor([walks.motion(one)], 2) for one in (positions, positions @ turn.T))
    assert pytest.approx(turn @ plain.D @ turn.T, rel=1e-6, abs=1e-9) == turned.D
    assert turned.principal_D == pytest.approx(plain.principal_D, rel=1e-6)
    assert turned.principal_error == pytest.approx(plain.principal_error, rel=1e-5)
    assert np.abs(np.sum(turned.principal_axes * (plain.principal_axes @ turn.T), axis=1)) == pytest.approx(1, abs=1e-6)


def test_the_principal_axes_of_a_walk_along_a_skew_direction_are_found():
    turn = rotation()
    positions = walks.walk(np.random.default_rng(5), frames=3000, ions=12, D=(0.4, 0.1, 0.02)) @ turn.T
    found = diffusion_tensor([walks.motion(positions)], 2)
    assert (np.abs(found.principal_D - [0.4, 0.1, 0.02]) < 4 * found.principal_error).all()
    assert abs(found.principal_axes[0] @ turn[:, 0]) > 0.99
    true = turn @ np.diag([0.4, 0.1, 0.02]) @ turn.T
    assert (np.abs(found.D - true) < 4.5 * found.error).all()
    alone = diffusivity(measure_scales([walks.motion(positions)]), 2)
    assert (np.trace(found.D) / 3, *np.diag(found.error)) == pytest.approx((alone.D, *alone.axis_error))


def test_the_errors_of_the_principal_axes_are_how_far_they_scatter_and_a_right_angle_where_any_axis_would_do():
    rng, off, told = np.random.default_rng(7), [], []
    for _ in range(40):
        found = diffusion_tensor([walks.motion(walks.walk(rng, frames=400, ions=8, D=(0.4, 0.1, 0.02)))], 2)
        off.append(np.degrees(np.arccos(np.minimum(np.abs(found.principal_axes.diagonal()), 1.0))))
        told.append(found.principal_axes_error_degrees)
    scatter, error = (np.sqrt(np.mean(np.square(one), axis=0)) for one in (off, told))
    assert scatter / error == pytest.approx(np.ones(3), abs=0.3)
    alike = diffusion_tensor([walks.motion(walks.walk(rng, frames=400, ions=8, D=(0.1, 0.1, 0.1)))], 2)
    assert (alike.principal_axes_error_degrees > 20).all()


def test_the_tensor_of_displacements_is_that_of_the_double_loop():
    positions = walks.walk(np.random.default_rng(6), frames=40, ions=3)
    found = displacement_tensor(positions)
    for lag in (1, 7, 39):
        moved = positions[lag:] - positions[:-lag]
        assert found[lag] == pytest.approx(np.einsum("fna,fnb->ab", moved, moved) / moved.shape[0] / 3, abs=1e-9)
