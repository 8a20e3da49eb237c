"""TensorNet through its card against what matgl 2.0.4 gave, in ASE and in LAMMPS, and what it refuses."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from environment_program import (
    answer,
    assert_close,
    assert_leaves_no_trace,
    assert_steps_of_lammps_have_the_energies_of_ase,
)

from sselmp import files, layout

pytestmark = [pytest.mark.potential, pytest.mark.slow]
FOLDER = "TensorNet-MatPES-PBE-v2025.1-PES"
RECORDED = Path(__file__).parent / "recorded" / "tensornet-matgl-2.0.4.json"  # by programs/matgl_old_stack.py
GIVEN = {"LiCl_rocksalt_a5.14_cubic8": "LiCl-rocksalt-5.14", "Li6PS5Cl_mp-985592": "Li6PS5Cl-ordered"}


@pytest.fixture(scope="module")
def prefix(family_environment):
    return family_environment("m3gnet")


@pytest.fixture(scope="module")
def weights(test_data) -> Path:
    return test_data / "weights" / "tensornet"


@pytest.fixture(scope="module")
def recorded() -> dict:
    return json.loads(RECORDED.read_text())[FOLDER]


@pytest.fixture(scope="module")
def through_card(prefix, weights, tmp_path_factory):
    home = tmp_path_factory.mktemp("home")
    return answer(prefix, "evaluate_card.py", "tensornet", HOME=home, SSELMP_WEIGHTS=weights), home


def test_ten_structures_come_out_as_by_the_authors_stack(through_card, recorded):
    said, home = through_card
    assert_close(said["found"], recorded, energy=1e-6, forces=3e-6, stress=1e-7)
    assert_leaves_no_trace(said, home)


def test_what_was_recorded_is_what_others_recorded(recorded, test_data):
    given = json.loads((test_data / "golden.json").read_text())[FOLDER]
    for theirs, ours in GIVEN.items():
        expected, found = given[theirs], recorded[ours]
        assert found["energy"] / len(found["forces"]) == pytest.approx(expected["energy_per_atom_eV"], abs=1e-6)
        assert found["forces"][0] == pytest.approx(expected["force_atom0_eV_A"], abs=1e-6)
        assert found["stress"] == pytest.approx(expected["stress_voigt_eV_A3"], abs=1e-7)


def edited(folder: Path, name: str, *changes: tuple[str, str]) -> Path:
    """The shipped card with some of its text changed, under another name."""
    text = (layout.cards_folder() / "tensornet.toml").read_text()
    for old, new in (('name = "tensornet"', f'name = "{name}"'), *changes):
        assert old in text
        text = text.replace(old, new)
    (folder / f"{name}.toml").write_text(text)
    return folder / f"{name}.toml"


def test_the_model_as_matgl_loads_it_and_other_networks_are_refused(prefix, weights, tmp_path, test_data):
    m3gnet = test_data / "weights" / "m3gnet" / "M3GNet-MatPES-PBE-v2025.1-PES"
    parts = [
        f'file = "{m3gnet / name}"\nsha256 = "{files.sha256(m3gnet / name)}"\n' for name in ("state.pt", "model.pt")
    ]
    other = tmp_path / "other.toml"
    other.write_text(
        f'name = "other"\nextends = "tensornet"\n[weights]\n{parts[0]}[[weights.also]]\nfile = "model.pt"\n'
        f'{parts[1].splitlines()[1]}\n[options]\nmessages_summed_at = "destination"\n'
    )
    wrong = edited(tmp_path, "uncorrected", ('messages_summed_at = "destination"', 'messages_summed_at = "source"'))
    depth = edited(tmp_path, "depth", ("message_passing_depth = 3", "message_passing_depth = 2"))
    said = answer(prefix, "load_cards.py", "cpu", wrong, depth, other, "tensornet", SSELMP_WEIGHTS=weights)
    assert said["tensornet"] is None
    assert "the potential 'uncorrected' misses its golden values and is not used: energy" in said[str(wrong)]
    assert "contradicts its checkpoint: message_passing_depth" in said[str(depth)]
    assert "is no checkpoint that the family 'tensornet' can use" in said[str(other)]
    assert "got:     a M3GNet" in said[str(other)]


def test_several_configurations_at_once_give_what_one_after_another_gives(prefix, weights):
    said = answer(prefix, "check_batches.py", "tensornet", SSELMP_WEIGHTS=weights)["tensornet"]
    assert said["at once"]
    assert said["unchanged"]
    for together, alone in zip(said["together"], said["alone"], strict=True):
        assert together["energy"] == pytest.approx(alone["energy"], abs=1e-6 * len(alone["forces"]) + 1e-5)
        assert np.array(together["forces"]) == pytest.approx(np.array(alone["forces"]), abs=5e-6)
        assert np.array(together["stress"]) == pytest.approx(np.array(alone["stress"]), abs=3e-6)
        assert np.abs(alone["forces"]).max() > 1e-3


def test_atoms_that_it_would_take_for_a_molecule_are_refused(prefix, weights):
    said = answer(prefix, "refuse_atoms.py", "tensornet", SSELMP_WEIGHTS=weights)
    assert "evaluates crystals only\n  got:     periodic along a, b\n" in said["slab"]


def test_steps_of_lammps_have_the_energies_of_ase(prefix, weights, tmp_path, monkeypatch):
    monkeypatch.setenv("SSELMP_WEIGHTS", str(weights))
    assert_steps_of_lammps_have_the_energies_of_ase(prefix, "tensornet", folder=tmp_path, steps=3)
