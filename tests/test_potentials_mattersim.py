"""MatterSim's adapter: equal to the package's documented entry point, leaves no trace, refuses what is not its own."""

from __future__ import annotations

import numpy as np
import pytest
from lammps_program import LammpsProgram
from small_models import (
    REFUSED,
    SmallModels,
    assert_lammps_agrees,
    assert_one_form,
    assert_process_unchanged,
    assert_refused,
    assert_same,
)

pytestmark = pytest.mark.potential


@pytest.fixture(scope="module")
def models(family_environment, tmp_path_factory) -> SmallModels:
    return SmallModels.made(
        "mattersim", prefix=family_environment("mattersim"), folder=tmp_path_factory.mktemp("mattersim")
    )


@pytest.fixture(scope="module")
def found(models) -> dict:
    return models.checked()


@pytest.fixture(scope="module")
def refusals(models) -> dict:
    return models.refused("small")


@pytest.fixture
def lammps_of_models(models, tmp_path) -> LammpsProgram:
    return LammpsProgram(prefix=models.prefix, folder=tmp_path)


@pytest.mark.parametrize("name", ["small"])
def test_the_adapter_gives_what_the_documented_entry_point_gives(found, name):
    assert_same(found["cards"][name])


@pytest.mark.parametrize("name", ["small"])
def test_loading_and_evaluating_leave_the_process_and_the_atoms_as_they_were(found, name):
    assert_process_unchanged(found["cards"][name])


@pytest.mark.parametrize("name", ["small"])
def test_results_are_floats_and_float64_arrays(found, name):
    assert_one_form(found["cards"][name], energies=True)


def test_nothing_is_written_into_the_home_folder(found):
    assert found["home"] == []


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_what_every_family_refuses(refusals, name):
    assert_refused(refusals["said"], {name: REFUSED[name]})


def test_forces_and_stress_are_the_derivatives_of_the_energy(found):
    told = found["cards"]["small"]["differences"]
    assert told["force"] == pytest.approx(told["force by differences"], rel=5e-3)  # float32
    np.testing.assert_allclose(told["stress"], told["stress by differences"], atol=3e-5)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("parameters missing", "parameters missing, first graph_conv.1"),
        ("other sizes", "is no checkpoint that the family"),
        ("bomb", "is no checkpoint that the family"),
        ("precision", "contradicts its checkpoint: precision"),
        ("elements", "contradicts its checkpoint: elements"),
    ],
)
def test_what_mattersim_refuses(refusals, name, message):
    assert_refused(refusals["said"], {name: message})


def test_a_checkpoint_is_read_without_executing_what_is_pickled_in_it(refusals):
    assert not refusals["executed"]


def test_the_models_energies_are_the_same_in_lammps(models, lammps_of_models):
    assert_lammps_agrees(models, "small", lammps=lammps_of_models)
