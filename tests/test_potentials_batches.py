"""Several configurations in one evaluation give what one after another gives, and change nothing."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from small_models import SmallModels, run

pytestmark = pytest.mark.potential

# Free of weights, so that what every family shares is tested wherever one environment is.
ONE_AFTER_ANOTHER = """
name = "lj"
title = "Lennard-Jones"
family = "ase"
environment = "sevennet"
cutoff_A = 6.0
message_passing_depth = 1
precision = "float64"
forces = "conservative"
stress = true
per_atom_energy = true
citation = "none"
[options]
calculator = "ase.calculators.lj:LennardJones"
sigma = 2.3
epsilon = 0.1
rc = 6.0
"""
WITH_WEIGHTS = {
    "sevennet": ["sevennet", "sevennet-mf-0"],
    "chgnet": ["chgnet"],
    "m3gnet": ["m3gnet", "m3gnet-matpes"],
}


@pytest.fixture(scope="module", params=["ase", "sevennet", "chgnet", "m3gnet", "mace", "mattersim", "orb"])
def found(request, family_environment, lammps_environment, tmp_path_factory) -> dict:
    """What check_batches.py says of the cards of a family, by card; shared by the tests of this module."""
    family, folder = request.param, tmp_path_factory.mktemp(request.param)
    prefix = lammps_environment if family in {"ase", "sevennet"} else family_environment(family)
    if family == "ase":
        (folder / "lj.toml").write_text(ONE_AFTER_ANOTHER)
        cards = [str(folder / "lj.toml")]
    elif family in WITH_WEIGHTS:
        cards = WITH_WEIGHTS[family]
        if family == "m3gnet":
            os.environ.setdefault("SSELMP_WEIGHTS", str(_m3gnet_weights(request)))
    else:
        made = SmallModels.made(family, prefix=prefix, folder=folder)
        cards = [path for name, path in made.cards.items() if Path(path).is_file() and name != "bomb"]
    return {"family": family, **run(prefix, "check_batches.py", *cards, home=folder / "home")}


def _m3gnet_weights(request: pytest.FixtureRequest) -> Path:
    return request.getfixturevalue("test_data") / "weights" / "m3gnet"


def _cards(found: dict) -> dict[str, dict]:
    return {key: value for key, value in found.items() if key != "family"}


def test_together_gives_what_one_after_another_gives(found):
    assert _cards(found)
    for name, card in _cards(found).items():
        assert len(card["together"]) == 5, name
        assert len({len(one["forces"]) for one in card["together"]}) == 3, "cells of different sizes"
        for together, alone in zip(card["together"], card["alone"], strict=True):
            rounding = 4 * np.finfo(np.float32).eps * abs(alone["energy"])
            assert abs(together["energy"] - alone["energy"]) < 1e-6 * len(alone["forces"]) + rounding, name
            np.testing.assert_allclose(together["forces"], alone["forces"], atol=5e-6, err_msg=name)
            np.testing.assert_allclose(together["stress"], alone["stress"], atol=3e-6, err_msg=name)
            assert np.abs(alone["forces"]).max() > 1e-3, "a model without forces shows nothing"
            if alone["energies"] is not None:
                np.testing.assert_allclose(together["energies"], alone["energies"], atol=5e-6, err_msg=name)


def test_the_order_of_a_batch_and_its_size_do_not_matter(found):
    for name, card in _cards(found).items():
        for first, second in zip(card["together"], card["again"], strict=True):
            np.testing.assert_allclose(first["forces"], second["forces"], atol=5e-6, err_msg=name)
        np.testing.assert_allclose(card["one"]["forces"], card["together"][0]["forces"], atol=5e-6, err_msg=name)


def test_neither_the_configurations_nor_torch_are_changed(found):
    for name, card in _cards(found).items():
        assert card["unchanged"], name
        assert card["state"][0] == card["state"][1], name


def test_families_of_networks_evaluate_at_once_and_others_say_that_they_do_not(found):
    expected = found["family"] != "ase"
    assert {card["at once"] for card in _cards(found).values()} == {expected}


def test_an_open_boundary_is_refused_in_a_batch_where_it_is_refused_alone(found):
    for name, card in _cards(found).items():
        if found["family"] in {"chgnet", "m3gnet"}:
            assert "evaluates crystals only" in card["open"], name
        elif found["family"] == "orb":
            assert "periodic along some axes only" in card["open"], name
        else:
            assert card["open"] is None, name
