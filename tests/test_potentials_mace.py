"""MACE's adapter: equal to the package's documented entry point, leaves no trace, refuses what is not its own."""

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

from sselmp.potentials.cards import load_card

pytestmark = pytest.mark.potential


@pytest.fixture(scope="module")
def models(family_environment, tmp_path_factory) -> SmallModels:
    return SmallModels.made("mace", prefix=family_environment("mace"), folder=tmp_path_factory.mktemp("mace"))


@pytest.fixture(scope="module")
def found(models) -> dict:
    return models.checked()


@pytest.fixture(scope="module")
def refusals(models) -> dict:
    return models.refused("single")


@pytest.fixture
def lammps_of_models(models, tmp_path) -> LammpsProgram:
    return LammpsProgram(prefix=models.prefix, folder=tmp_path)


@pytest.mark.parametrize("name", ["single", "double", "first-head", "second-head"])
def test_the_adapter_gives_what_the_documented_entry_point_gives(found, name):
    assert_same(found["cards"][name])


@pytest.mark.parametrize("name", ["single", "double", "first-head", "second-head"])
def test_loading_and_evaluating_leave_the_process_and_the_atoms_as_they_were(found, name):
    assert_process_unchanged(found["cards"][name])


@pytest.mark.parametrize("name", ["single", "double", "first-head", "second-head"])
def test_results_are_floats_and_float64_arrays(found, name):
    assert_one_form(found["cards"][name], energies=True)


def test_nothing_is_written_into_the_home_folder(found):
    assert found["home"] == []


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_what_every_family_refuses(refusals, name):
    assert_refused(refusals["said"], {name: REFUSED[name]})


@pytest.mark.parametrize("name", ["double", "first-head", "second-head"])
def test_forces_and_stress_are_the_derivatives_of_the_energy(found, name):
    told = found["cards"][name]["differences"]
    assert told["force"] == pytest.approx(told["force by differences"], rel=1e-5)
    np.testing.assert_allclose(told["stress"], told["stress by differences"], rtol=1e-5, atol=1e-8)


def test_heads_of_one_model_are_two_potentials(found):
    first, second = found["cards"]["first-head"], found["cards"]["second-head"]
    assert abs(first["energy"] - second["energy"]) > 1.0


def test_importing_mace_leaves_pickles_as_harmless_as_before(found):
    assert found["cards"]["single"]["after loading"]["unsafe loading"] is None


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("head", "has no head 'r2scn'"),
        ("no head", "several heads and none is its default"),
        ("elements", "contradicts its checkpoint: elements"),
    ],
)
def test_what_mace_refuses(refusals, name, message):
    assert_refused(refusals["said"], {name: message})


def test_the_models_energies_are_the_same_in_lammps(models, lammps_of_models):
    assert_lammps_agrees(models, "single", lammps=lammps_of_models)


@pytest.mark.parametrize("name", ["mace-small", "mace-mpa-0"])
def test_files_whose_hash_the_authors_publish_are_pinned_and_have_their_golden_values(name):
    card = load_card(name)
    assert card.weights.sha256
    assert card.golden[0].structure == "C2H2O2-triclinic"
    np.testing.assert_allclose(np.sum(card.golden[0].forces_eV_per_A, axis=0), 0.0, atol=1e-9)


@pytest.mark.parametrize("name", ["mace", "mace-omat-0"])
def test_files_that_could_not_be_had_are_not_pinned_and_the_card_says_why(name):
    card = load_card(name)
    assert card.weights.sha256 is None
    assert "publish no SHA-256" in card.weights.unpinned_reason
