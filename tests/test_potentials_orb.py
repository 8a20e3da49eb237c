"""ORB's adapter: equal to the package's documented entry point, leaves no trace, refuses what is not its own."""

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
    run,
)

from sselmp.potentials.cards import load_card
from sselmp.potentials.golden import structure
from sselmp.preflight import specimen
from sselmp.structures.crystal import Crystal

pytestmark = pytest.mark.potential


@pytest.fixture(scope="module")
def models(family_environment, tmp_path_factory) -> SmallModels:
    return SmallModels.made("orb", prefix=family_environment("orb"), folder=tmp_path_factory.mktemp("orb"))


@pytest.fixture(scope="module")
def found(models) -> dict:
    return models.checked()


@pytest.fixture(scope="module")
def refusals(models) -> dict:
    return models.refused("conservative")


@pytest.fixture
def lammps_of_models(models, tmp_path) -> LammpsProgram:
    return LammpsProgram(prefix=models.prefix, folder=tmp_path)


@pytest.mark.parametrize("name", ["conservative", "conservative-double", "direct", "v2"])
def test_the_adapter_gives_what_the_documented_entry_point_gives(found, name):
    assert_same(found["cards"][name])


@pytest.mark.parametrize("name", ["conservative", "conservative-double", "direct", "v2"])
def test_loading_and_evaluating_leave_the_process_and_the_atoms_as_they_were(found, name):
    assert_process_unchanged(found["cards"][name])


@pytest.mark.parametrize("name", ["conservative", "conservative-double", "direct", "v2"])
def test_results_are_floats_and_float64_arrays(found, name):
    assert_one_form(found["cards"][name], energies=False)


def test_nothing_is_written_into_the_home_folder(found):
    assert found["home"] == []


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_what_every_family_refuses(refusals, name):
    assert_refused(refusals["said"], {name: REFUSED[name]})


def test_conservative_forces_and_stress_are_the_derivatives_of_the_energy(found):
    told = found["cards"]["conservative-double"]["differences"]
    assert told["force"] == pytest.approx(told["force by differences"], rel=1e-6)
    np.testing.assert_allclose(told["stress"], told["stress by differences"], rtol=1e-5, atol=1e-8)


@pytest.mark.parametrize("name", ["direct", "v2"])
def test_forces_of_cards_that_say_direct_are_no_derivatives_of_the_energy(found, name):
    told = found["cards"][name]["differences"]
    missed = abs(told["force"] - told["force by differences"])
    assert missed > 0.1 * abs(told["force"])  # so 'direct' in the card is not a mere word


@pytest.fixture(scope="module")
def preflights(models) -> dict:
    """What preflight finds for two of the random models on a small cell."""
    told = models.folder / "licl.json"
    atoms = structure("LiCl-rocksalt-5.14")
    crystal = Crystal("LiCl", tuple(atoms.get_chemical_symbols()), cell=atoms.cell.array, positions=atoms.positions)
    specimen.write(told, specimen.Specimen.of(crystal, level="quick"))
    cards = [models.cards[name] for name in ("direct", "conservative")]
    found = run(models.prefix, "preflights.py", str(told), *cards, home=models.folder / "home")
    return {name: {check["name"]: check for check in one["checks"]} for name, one in found.items()}


@pytest.mark.slow
def test_preflight_measures_by_how_much_direct_forces_are_no_gradient(preflights):
    direct = preflights["direct"]
    for name in ("forces", "stress", "drift"):
        assert direct[name]["limit"] is None
        assert direct[name]["passed"]
    assert direct["forces"]["measured"] > 10  # percent of their size, in a random model
    assert "direct forces differ from -dE/dx" in direct["forces"]["words"]
    assert preflights["conservative"]["forces"]["limit"] is not None


@pytest.mark.slow
def test_a_model_that_has_not_learned_rotations_fails_and_the_cards_allowance_does_not_let_it_pass(preflights):
    for found, name in (("direct", "orb-v3-direct"), ("conservative", "orb")):
        failed = [check for check in preflights[found].values() if not check["passed"]]
        assert [check["name"] for check in failed] == ["rotation"]
        (allowance,) = load_card(name).allowances
        assert allowance.check == "rotation"
        assert failed[0]["measured"] > allowance.times * failed[0]["limit"]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("no model", "must name one of ORB's models"),
        ("unknown model", "did you mean 'orb-v3-conservative-inf-omat'"),
        ("molecules only", "must name one of ORB's models"),
        ("conservative as direct", "is no checkpoint that the family"),
        ("random heads", "first heads.forces"),
        ("older architecture", "is no checkpoint that the family"),
        ("bomb", "is no checkpoint that the family"),
        ("energies of atoms", "contradicts its checkpoint: per_atom_energy"),
    ],
)
def test_what_orb_refuses(refusals, name, message):
    assert_refused(refusals["said"], {name: message})


def test_a_checkpoint_is_read_without_executing_what_is_pickled_in_it(refusals):
    assert not refusals["executed"]


@pytest.mark.parametrize("name", ["direct", "conservative"])
def test_the_models_energies_are_the_same_in_lammps(models, lammps_of_models, name):
    assert_lammps_agrees(models, name, lammps=lammps_of_models)
