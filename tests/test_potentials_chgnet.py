"""CHGNet through its cards against CHGNet's own entry points, in ASE and in LAMMPS, and what it refuses."""

from __future__ import annotations

import numpy as np
import pytest
from environment_program import (
    answer,
    assert_close,
    assert_leaves_no_trace,
    assert_steps_of_lammps_have_the_energies_of_ase,
)

from sselmp import files
from sselmp.potentials.cards import load_card

pytestmark = [pytest.mark.potential, pytest.mark.slow]
MODELS = {"chgnet": "0.3.0", "chgnet-r2scan": "r2scan"}


@pytest.fixture(scope="session")
def prefix(family_environment):
    return family_environment("chgnet")


@pytest.fixture(scope="session", params=MODELS)
def through_card(request, prefix, tmp_path_factory):
    home = tmp_path_factory.mktemp("home")
    return request.param, answer(prefix, "evaluate_card.py", request.param, HOME=home), home


def test_ten_structures_come_out_as_by_the_packages_own_batch(through_card, prefix):
    card, said, _ = through_card
    batch = answer(prefix, "chgnet_batch.py", MODELS[card])
    single = {name: {key: one[key] for key in ("energy", "forces")} for name, one in said["found"].items()}
    assert_close(single, batch, energy=1e-6, forces=1e-5)


def test_energies_of_atoms_add_up_to_the_energy(through_card):
    for one in through_card[1]["found"].values():
        assert len(one["energies"]) == one["atoms"]
        assert np.sum(one["energies"]) / one["atoms"] == pytest.approx(one["energy"] / one["atoms"], abs=2e-6)


def test_it_changes_neither_its_input_nor_the_process_nor_the_home_folder(through_card):
    _, said, home = through_card
    assert_leaves_no_trace(said, home)


def test_the_card_says_that_its_energies_are_corrected_ones(through_card):
    card, said, _ = through_card
    per_atom = said["found"]["Li6PS5Cl-ordered"]["energy"] / 52
    if card == "chgnet":
        # plain PBE is near -4.11 eV/atom (M3GNet); MP2020 takes 0.503 eV off each S and 0.614 eV off each Cl
        assert load_card(card).energy_reference == "MP2020-corrected"
        assert per_atom == pytest.approx(-4.11 - (20 * 0.503 + 4 * 0.614) / 52, abs=0.02)
    else:
        assert load_card(card).energy_reference == "r2SCAN"
        assert per_atom < -6


def test_atoms_that_it_would_get_wrong_are_refused(prefix):
    said = answer(prefix, "refuse_atoms.py", "chgnet")
    assert "evaluates crystals only\n  got:     periodic along a, b\n" in said["slab"]
    assert "8 isolated atom(s)" in said["gas"]
    assert "each atom has a neighbour within 6 Å" in said["gas"]


def own_card(folder, name, weights, extra=""):
    path = folder / f"{name}.toml"
    table = f'[weights]\nfile = "{weights}"\nsha256 = "{files.sha256(weights)}"\n'
    path.write_text(f'name = "{name}"\nextends = "chgnet"\n{extra}{table}')
    return path


def test_weights_and_cards_that_it_cannot_use_are_refused_with_one_clear_message(prefix, tmp_path, test_data):
    (whole,) = prefix.glob("lib/python3*/site-packages/chgnet/pretrained/0.3.0/*.tar")
    (tmp_path / "cut.tar").write_bytes(whole.read_bytes()[:2_000_000])
    cards = {
        "cut": own_card(tmp_path, "cut", tmp_path / "cut.tar"),
        "other": own_card(tmp_path, "other", test_data / "weights/m3gnet/M3GNet-MP-2021.2.8-PES/state.pt"),
        "cutoff": own_card(tmp_path, "cutoff", whole, "cutoff_A = 5.0\n"),
        "option": own_card(tmp_path, "option", whole, "options = { modal = 'pbe' }\n"),
        "right": own_card(tmp_path, "right", whole),
    }
    said = answer(prefix, "load_cards.py", "cpu", *cards.values())
    found = {name: said[str(path)] for name, path in cards.items()}
    assert found.pop("right") is None
    assert "cut.tar is no checkpoint that the family 'chgnet' can use (card 'cut')" in found["cut"]
    assert "got:     no 'model' with 'model_args' and 'state_dict'" in found["other"]
    assert "contradicts its checkpoint: cutoff_A\n  got:     5.0\n  allowed: 6.0" in found["cutoff"]
    assert "the family 'chgnet' has no option 'modal'" in found["option"]
    assert not any("Traceback" in message for message in found.values())


def test_a_gpu_that_is_not_there_is_refused(prefix):
    said = answer(prefix, "load_cards.py", "cuda", "chgnet", CUDA_VISIBLE_DEVICES="")
    assert "the device 'cuda' is not there" in said["chgnet"]


def test_five_steps_of_lammps_have_the_energies_of_ase(prefix, tmp_path):
    assert_steps_of_lammps_have_the_energies_of_ase(prefix, "chgnet", folder=tmp_path, steps=5)
