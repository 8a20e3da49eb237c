"""Equations of state give back what made them, and a potential's bulk modulus as its stresses have it."""

from __future__ import annotations

import metals
import numpy as np
import pytest
from ase.build import bulk

from sselmp import units
from sselmp.errors import PotentialError
from sselmp.statics.elasticity import elasticity
from sselmp.statics.energy_volume import LAWS, fit
from sselmp.statics.equation_of_state import equation_of_state
from sselmp.statics.relaxation import relax
from sselmp.statics.settings import ElasticitySettings, EquationOfStateSettings, RelaxationSettings

K = 40.0 / units.EV_PER_A3_IN_GPA


@pytest.mark.parametrize("law", ["birch-murnaghan", "vinet"])
def test_a_law_gives_back_its_own_parameters_and_noise_gives_errors_of_its_size(law):
    volumes = 1050.0 * np.linspace(0.96, 1.04, 11) ** 3
    energies = LAWS[law](volumes, -216.7, 1050.0, K, 4.6)
    found = fit(law, volumes, energies=energies, atoms=52)
    assert (found.E0_eV, found.V0_A3, found.K0_GPa, found.K1) == pytest.approx((-216.7, 1050.0, 40.0, 4.6), rel=1e-5)
    assert found.energy(volumes) == pytest.approx(energies, abs=1e-7)
    rng = np.random.default_rng(3)
    noisy = [fit(law, volumes, energies=energies + rng.normal(scale=0.005, size=11), atoms=52) for _ in range(60)]
    scatter = np.std([one.K0_GPa for one in noisy])
    assert np.sqrt(np.mean([one.K0_error_GPa**2 for one in noisy])) == pytest.approx(scatter, rel=0.3)
    assert np.mean([one.residual_meV_per_atom for one in noisy]) == pytest.approx(5 / 52 * np.sqrt(7 / 11), rel=0.15)


@pytest.mark.parametrize("law", ["birch-murnaghan", "vinet"])
def test_pressure_is_the_slope_and_the_modulus_its_derivative(law):
    volume, h = 20.0, 1e-3

    def pressure(v):
        return -(LAWS[law](v + h, 0.0, volume, K, 5.0) - LAWS[law](v - h, 0.0, volume, K, 5.0)) / (2 * h)

    assert pressure(volume) == pytest.approx(0.0, abs=1e-9)
    assert -volume * (pressure(volume + 0.02) - pressure(volume - 0.02)) / 0.04 == pytest.approx(K, rel=1e-3)


def test_the_volumes_of_matcalc_are_too_far_apart_for_the_law_that_it_fits_and_ours_are_not():
    truth = {"V0": 20.0, "K": 134.0}
    errors = {}
    for width in (0.04, 0.1):
        volumes = truth["V0"] * np.linspace(1 - width, 1 + width, 11) ** 3
        energies = LAWS["vinet"](volumes, -3.5, truth["V0"], truth["K"] / units.EV_PER_A3_IN_GPA, 6.0)
        errors[width] = fit("birch-murnaghan", volumes, energies=energies, atoms=1).K0_GPa / truth["K"] - 1.0
    assert abs(errors[0.04]) < 0.002
    assert abs(errors[0.1]) > 0.01


def test_the_bulk_modulus_of_copper_is_that_of_its_elastic_tensor():
    start = relax(metals.crystal(bulk("Cu", "fcc", a=3.6)), metals.emt(), settings=metals.TIGHT).result
    crystal = start.crystal.crystal()
    found = equation_of_state(
        crystal, metals.emt(), settings=EquationOfStateSettings(largest_strain=0.02), relaxation=RelaxationSettings()
    )
    clamped = ElasticitySettings(relax_ions=False)
    tensor = elasticity(crystal, metals.emt(), settings=clamped, symmetry_tolerance_A=0.01).tensor
    assert found.verdict == "complete"
    assert found.birch_murnaghan.K0_GPa == pytest.approx(tensor.moduli.K_GPa, rel=0.01)
    assert found.vinet.K0_GPa == pytest.approx(tensor.moduli.K_GPa, rel=0.01)
    assert pytest.approx(start.after.volume_A3, rel=2e-4) == found.birch_murnaghan.V0_A3


def test_ions_and_shape_relax_at_each_volume_unless_the_shape_is_kept():
    crystal = relax(metals.crystal(metals.low_symmetry()), metals.emt(), settings=metals.TIGHT).result.crystal.crystal()
    how = RelaxationSettings(optimizer="BFGS")
    few = {"points": 6, "largest_strain": 0.03, "fmax_eV_per_A": 0.002}
    relaxed, kept = (
        equation_of_state(crystal, metals.emt(), settings=EquationOfStateSettings(shape=shape, **few), relaxation=how)
        for shape in (True, False)
    )
    assert [p.volume_A3 for p in relaxed.points] == pytest.approx([p.volume_A3 for p in kept.points])
    lower = [a.energy_eV - b.energy_eV for a, b in zip(relaxed.points, kept.points, strict=True)]
    assert max(lower) < 1e-6
    assert min(lower) < -1e-5


def test_volumes_that_do_not_converge_are_left_out_and_too_few_are_refused():
    crystal = relax(metals.crystal(metals.low_symmetry()), metals.emt(), settings=metals.TIGHT).result.crystal.crystal()
    two_steps = RelaxationSettings(maximum_steps=2, stress_tolerance_GPa=1e-4)
    with pytest.raises(PotentialError, match="too few volumes"):
        equation_of_state(
            crystal, metals.emt(), settings=EquationOfStateSettings(fmax_eV_per_A=1e-6), relaxation=two_steps
        )


def test_energies_without_a_minimum_between_the_volumes_are_refused():
    volumes = np.linspace(90.0, 100.0, 8)
    with pytest.raises(PotentialError, match="no minimum"):
        fit("vinet", volumes, energies=LAWS["vinet"](volumes, 0.0, 120.0, K, 4.0), atoms=1)
