"""MACE, MatterSim and ORB on random models of their own architectures: no trace left, derivatives, LAMMPS, refusals."""

from __future__ import annotations

import numpy as np
import pytest
from lammps_program import LammpsProgram
from small_models import (
    MODELS,
    REFUSED,
    SmallModels,
    assert_lammps_agrees,
    assert_one_form,
    assert_process_unchanged,
    assert_refused,
    run,
)

from sselmp.potentials.cards import load_card
from sselmp.potentials.golden import structure
from sselmp.preflight import specimen
from sselmp.structures.crystal import Crystal

pytestmark = pytest.mark.potential
EACH = [(family, name) for family, names in MODELS.items() for name in names]
DERIVATIVES = [("mace", name, 1e-5) for name in ("double", "first-head", "second-head")]
DERIVATIVES += [("orb", "conservative-double", 1e-6)]
REFUSED_BY = {
    "mace": {
        "head": "has no head 'r2scn'",
        "no head": "several heads and none is its default",
        "elements": "contradicts its checkpoint: elements",
    },
    "mattersim": {
        "parameters missing": "parameters missing, first graph_conv.1",
        "other sizes": "is no checkpoint that the family",
        "bomb": "is no checkpoint that the family",
        "precision": "contradicts its checkpoint: precision",
        "elements": "contradicts its checkpoint: elements",
    },
    "orb": {
        "no model": "must name one of ORB's models",
        "unknown model": "did you mean 'orb-v3-conservative-inf-omat'",
        "molecules only": "must name one of ORB's models",
        "conservative as direct": "is no checkpoint that the family",
        "random heads": "first heads.forces",
        "older architecture": "is no checkpoint that the family",
        "bomb": "is no checkpoint that the family",
        "energies of atoms": "contradicts its checkpoint: per_atom_energy",
    },
}


@pytest.fixture(scope="module")
def models(family_environment, tmp_path_factory):
    """The small models of a family, made once."""
    made: dict[str, SmallModels] = {}

    def of(family: str) -> SmallModels:
        if family not in made:
            folder = tmp_path_factory.mktemp(family)
            made[family] = SmallModels.made(family, prefix=family_environment(family), folder=folder)
        return made[family]

    return of


@pytest.fixture(scope="module")
def found(models):
    """What a family's adapter gives and leaves behind, asked once."""
    said: dict[str, dict] = {}

    def of(family: str) -> dict:
        if family not in said:
            said[family] = models(family).checked()
        return said[family]

    return of


@pytest.fixture(scope="module")
def refusals(models):
    """What a family's adapter says to what it must refuse, asked once."""
    said: dict[str, dict] = {}

    def of(family: str) -> dict:
        if family not in said:
            said[family] = models(family).refused(MODELS[family][0])
        return said[family]

    return of


@pytest.mark.parametrize(("family", "name"), EACH)
def test_loading_and_evaluating_leave_the_process_and_the_atoms_as_they_were(found, family, name):
    assert_process_unchanged(found(family)["cards"][name])


@pytest.mark.parametrize(("family", "name"), EACH)
def test_results_are_floats_and_float64_arrays(found, family, name):
    assert_one_form(found(family)["cards"][name], energies=family != "orb")


@pytest.mark.parametrize("family", MODELS)
def test_nothing_is_written_into_the_home_folder(found, family):
    assert found(family)["home"] == []


@pytest.mark.parametrize("name", sorted(REFUSED))
@pytest.mark.parametrize("family", MODELS)
def test_what_every_family_refuses(refusals, family, name):
    assert_refused(refusals(family)["said"], {name: REFUSED[name]})


@pytest.mark.parametrize("family", MODELS)
def test_what_a_family_refuses_besides(refusals, family):
    assert_refused(refusals(family)["said"], REFUSED_BY[family])


@pytest.mark.parametrize("family", ["mattersim", "orb"])
def test_a_checkpoint_is_read_without_executing_what_is_pickled_in_it(refusals, family):
    assert not refusals(family)["executed"]


@pytest.mark.parametrize(("family", "name", "within"), DERIVATIVES)
def test_forces_and_stress_are_the_derivatives_of_the_energy(found, family, name, within):
    told = found(family)["cards"][name]["differences"]
    assert told["force"] == pytest.approx(told["force by differences"], rel=within)
    np.testing.assert_allclose(told["stress"], told["stress by differences"], rtol=1e-5, atol=1e-8)


def test_in_single_precision_they_are_as_far_as_one_can_see(found):
    told = found("mattersim")["cards"]["small"]["differences"]
    assert told["force"] == pytest.approx(told["force by differences"], rel=5e-3)
    np.testing.assert_allclose(told["stress"], told["stress by differences"], atol=3e-5)


@pytest.mark.parametrize("name", ["direct", "v2"])
def test_forces_of_cards_that_say_direct_are_no_derivatives_of_the_energy(found, name):
    told = found("orb")["cards"][name]["differences"]
    missed = abs(told["force"] - told["force by differences"])
    assert missed > 0.1 * abs(told["force"])  # so 'direct' in the card is not a mere word


@pytest.mark.parametrize(
    ("family", "name"), [("mace", "single"), ("mattersim", "small"), ("orb", "direct"), ("orb", "conservative")]
)
def test_the_models_energies_are_the_same_in_lammps(models, tmp_path, family, name):
    made = models(family)
    assert_lammps_agrees(made, name, lammps=LammpsProgram(prefix=made.prefix, folder=tmp_path))


@pytest.fixture(scope="module")
def preflights(models) -> dict:
    """What preflight finds for two of ORB's random models on a small cell."""
    made = models("orb")
    told = made.folder / "licl.json"
    atoms = structure("LiCl-rocksalt-5.14")
    crystal = Crystal("LiCl", tuple(atoms.get_chemical_symbols()), cell=atoms.cell.array, positions=atoms.positions)
    specimen.write(told, specimen.Specimen.of(crystal, level="quick"))
    cards = [made.cards[name] for name in ("direct", "conservative")]
    found = run(made.prefix, "preflights.py", str(told), *cards, home=made.folder / "home")
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


def test_heads_of_one_model_are_two_potentials(found):
    first, second = (found("mace")["cards"][f"{head}-head"] for head in ("first", "second"))
    assert abs(first["energy"] - second["energy"]) > 1.0


def test_importing_mace_leaves_pickles_as_harmless_as_before(found):
    assert found("mace")["cards"]["single"]["after loading"]["unsafe loading"] is None


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
