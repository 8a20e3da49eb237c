"""Golden values: a potential that misses one of them is refused, whatever made it miss."""

from __future__ import annotations

import json
import os
import subprocess

import numpy as np
import pytest
from ase.calculators.lj import LennardJones

from sselmp.errors import PotentialError
from sselmp.potentials.calculators import load_calculator
from sselmp.potentials.cards import Card, Golden, load_card
from sselmp.potentials.golden import structure, structure_names

LJ = {"sigma": 2.3, "epsilon": 0.05, "rc": 5.0, "smooth": True}
NAMES = ("LiCl-distorted", "Li2S-distorted")

SEVENNET = """
import hashlib, json, pathlib, sys
import sevenn
from sselmp.errors import SselmpError
from sselmp.potentials.calculators import load_calculator
from sselmp.potentials.cards import load_card
folder = pathlib.Path(sys.argv[1])
shipped = pathlib.Path(sevenn.__file__).parent / "pretrained_potentials"
card, fidelity = load_card("sevennet"), load_card("sevennet-mf-0")

def of(card, file, **changed):
    weights = {"source": "path", "package": None, "file": str(file)}
    weights["sha256"] = hashlib.sha256(file.read_bytes()).hexdigest()
    return card.model_copy(update={"weights": card.weights.model_copy(update=weights), **changed})

def said(card):
    try:
        return type(load_calculator(card, device="cpu")).__name__
    except SselmpError as error:
        return str(error)

whole = (shipped / "SevenNet_0__11Jul2024" / "checkpoint_sevennet_0.pth").read_bytes()
cut, other = folder / "cut.pth", folder / "other.pth"
cut.write_bytes(whole[: len(whole) // 2])
import torch
torch.save({"weights": torch.zeros(3)}, other)
shifted = card.golden[0].model_copy(update={"energy_eV": card.golden[0].energy_eV + 0.002})
names = ("sevennet", "sevennet-l3i5", "sevennet-mf-0", "sevennet-mf-0-r2scan")
print(json.dumps({
    "loaded": [said(load_card(name)) for name in names],
    "shifted": said(card.model_copy(update={"golden": (shifted,)})),
    "may": said(of(card, shipped / "SevenNet_0__22May2024" / "checkpoint_sevennet_0.pth")),
    "cut": said(of(card, cut)),
    "other": said(of(card, other)),
    "wrong modal": said(fidelity.model_copy(update={"options": {"modal": "R2SCAN"}})),
    "no modal": said(fidelity.model_copy(update={"options": {}})),
    "unknown modal": said(fidelity.model_copy(update={"options": {"modal": "mpa"}})),
    "modal of one": said(card.model_copy(update={"options": {"modal": "PBE"}})),
}))
"""


def recorded(name: str, **changed: object) -> Golden:
    """Golden values of a structure under the Lennard-Jones potential, as ASE gives them."""
    atoms = structure(name)
    atoms.calc = LennardJones(**LJ)
    values = {
        "energy_eV": atoms.get_potential_energy(),
        "forces_eV_per_A": atoms.get_forces()[:3].tolist(),
        "force_rms_eV_per_A": float(np.sqrt((atoms.get_forces() ** 2).mean())),
        "stress_eV_per_A3": atoms.get_stress().tolist(),
        "recorded_with": "ase",
    }
    return Golden(structure=name, **{**values, **changed})


def lj_card(*golden: Golden) -> Card:
    options = {"calculator": "ase.calculators.lj:LennardJones", **LJ}
    changed = {"family": "ase", "weights": None, "elements": (), "options": options, "golden": golden}
    return load_card("sevennet").model_copy(update=changed)


def shifted(values: object, by: float) -> object:
    array = np.array(values)
    array.flat[-1] += by
    return array.tolist()


@pytest.mark.parametrize("name", structure_names())
def test_a_golden_structure_is_always_the_same_and_its_atoms_keep_apart(name):
    atoms, again = structure(name), structure(name)
    assert atoms == again
    assert atoms.pbc.all()
    distances = atoms.get_all_distances(mic=True)[np.triu_indices(len(atoms), 1)]
    assert 1.5 < distances.min() < 3.0  # C and O are closest


def test_the_distorted_structures_have_no_force_that_symmetry_makes_zero():
    for name in NAMES:
        atoms = structure(name)
        atoms.calc = LennardJones(**LJ)
        assert np.abs(atoms.get_forces()).min() > 1e-4
        assert np.abs(atoms.get_stress()).min() > 1e-5


def test_the_structures_are_those_on_which_values_were_recorded():
    atoms = structure("LiCl-distorted")
    np.testing.assert_allclose(atoms.positions[0], [0.08414710, 0.09092974, 0.01411200], atol=1e-8)
    np.testing.assert_allclose(atoms.cell[1], [0.1542, 5.0886, 0.0], atol=1e-12)
    symbols = structure("Li6PS5Cl-ordered").get_chemical_symbols()
    assert symbols == ["Li"] * 24 + ["P"] * 4 + ["S"] * 20 + ["Cl"] * 4


def test_an_unknown_structure_is_answered_with_the_nearest():
    with pytest.raises(PotentialError, match=r"no golden structure 'LiCl-distort'(.|\n)*did you mean 'LiCl-distorted'"):
        structure("LiCl-distort")


def test_a_potential_that_gives_its_golden_values_is_handed_out_without_leftovers():
    calculator = load_calculator(lj_card(*(recorded(name) for name in NAMES)))
    assert calculator.results == {}
    assert calculator.atoms is None


@pytest.mark.parametrize("key", ["energy_eV", "forces_eV_per_A", "force_rms_eV_per_A", "stress_eV_per_A3"])
def test_each_golden_value_that_is_missed_is_named_and_one_within_tolerance_is_not(key):
    good = recorded("Li2S-distorted")
    atoms = 12 if key == "energy_eV" else 1
    tolerance = {"energy_eV": 1e-4, "stress_eV_per_A3": 1e-4}.get(key, 1e-3) * atoms
    within = recorded("Li2S-distorted", **{key: shifted(getattr(good, key), 0.9 * tolerance)})
    beyond = recorded("Li2S-distorted", **{key: shifted(getattr(good, key), 1.1 * tolerance)})
    load_calculator(lj_card(recorded("LiCl-distorted"), within))
    with pytest.raises(PotentialError, match="misses its golden values and is not used") as caught:
        load_calculator(lj_card(recorded("LiCl-distorted"), beyond))
    said = str(caught.value)
    assert {"energy_eV": "energy", "stress_eV_per_A3": "stress"}.get(key, "force") in said
    assert "Li2S-distorted" in said
    assert "sselmp env build sevennet" in said


def test_a_number_that_is_not_one_is_no_agreement(monkeypatch):
    def calculate(self: LennardJones, *_: object) -> None:
        self.results = {"energy": float("nan"), "forces": np.zeros((12, 3)), "stress": np.zeros(6)}

    card = lj_card(recorded("Li2S-distorted"))
    monkeypatch.setattr(LennardJones, "calculate", calculate)
    with pytest.raises(PotentialError, match="energy"):
        load_calculator(card.model_copy(update={"title": "not yet checked"}))


def test_a_potential_that_has_passed_is_not_asked_again_in_the_same_process(monkeypatch):
    card = lj_card(recorded("Li2S-distorted"))
    load_calculator(card)
    monkeypatch.delattr(LennardJones, "calculate")
    load_calculator(card)


def test_more_golden_forces_than_atoms_are_refused():
    many = recorded("LiCl-distorted", forces_eV_per_A=[[0.0, 0.0, 0.0]] * 9)
    with pytest.raises(PotentialError, match="more golden forces than LiCl-distorted has atoms"):
        load_calculator(lj_card(many))


def test_every_shipped_card_with_weights_that_could_be_had_has_golden_values():
    cards = [load_card(name) for name in ("sevennet", "sevennet-l3i5", "sevennet-mf-0", "sevennet-mf-0-r2scan")]
    assert [len(card.golden) for card in cards] == [2, 2, 2, 2]
    assert len({card.golden[0].energy_eV for card in cards}) == 4
    assert all("sevenn 0.13.0" in golden.recorded_with for card in cards for golden in card.golden)


@pytest.mark.slow
@pytest.mark.potential
def test_sevennets_cards_load_and_those_altered_in_any_way_do_not(family_environment, tmp_path):
    argv = [family_environment("sevennet") / "bin" / "python", "-c", SEVENNET, str(tmp_path)]
    done = subprocess.run(argv, capture_output=True, text=True, check=False, env={**os.environ, "OMP_NUM_THREADS": "1"})
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout.splitlines()[-1])
    assert said["loaded"] == ["SevenNetCalculator"] * 4
    for case in ("shifted", "may", "wrong modal"):
        assert "misses its golden values" in said[case], case
    for case in ("cut", "other"):
        assert "cannot be loaded as a SevenNet checkpoint" in said[case], case
    for case in ("no modal", "unknown modal"):
        assert "allowed: 'PBE' or 'R2SCAN'" in said[case], case
    assert "one fidelity only" in said["modal of one"]
