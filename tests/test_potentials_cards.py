"""Cards: the shipped ones are whole, and what is wrong with a user's own is said."""

from __future__ import annotations

from pathlib import Path

import pytest

from sselmp import layout
from sselmp.errors import SettingsError
from sselmp.potentials.cards import Card, card_names, check_elements, load_card, pins_sha256

CARD = """
name = "mine"
title = "Mine"
family = "ase"
environment = "sevennet"
cutoff_A = 5.0
message_passing_depth = 1
precision = "float64"
forces = "conservative"
stress = true
per_atom_energy = true
citation = "none"
[options]
calculator = "ase.calculators.lj:LennardJones"
"""


def write(folder: Path, old: str = "", new: str = "") -> str:
    """A card of a user's own, with one thing replaced."""
    assert old in CARD
    path = folder / "mine.toml"
    path.write_text(CARD.replace(old, new) if old else CARD)
    return str(path)


@pytest.mark.parametrize("name", card_names())
def test_every_shipped_card_loads_and_its_environment_has_pins(name):
    card = load_card(name)
    assert card.name == name
    assert len(pins_sha256(card.environment)) == len(card.physics_sha256()) == 64


def test_the_sevennet_card_knows_the_elements_of_its_checkpoint():
    card = load_card("sevennet")
    assert len(card.elements) == len(set(card.elements)) == 89
    assert (card.cutoff_A, card.message_passing_depth, card.precision) == (5.0, 5, "float32")


def test_a_card_is_loaded_by_path(tmp_path):
    assert load_card(write(tmp_path)).options == {"calculator": "ase.calculators.lj:LennardJones"}


def test_an_unknown_potential_is_answered_with_the_nearest_name():
    with pytest.raises(SettingsError, match=r"no potential 'sevenet'(.|\n)*did you mean 'sevennet'"):
        load_card("sevenet")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("cutoff_A", "cutof_A", r"no setting 'cutof_A'(.|\n)*did you mean 'cutoff_A'"),
        ("cutoff_A = 5.0", "cutoff_A = -5.0", "cutoff_A: Input should be greater than 0"),
        ("cutoff_A = 5.0", 'cutoff_A = "5 nm"', "cutoff_A: Input should be a valid number"),
        ('precision = "float64"', 'precision = "half"', "precision: Input should be 'float32' or 'float64'"),
        ('family = "ase"', 'family = "sevenet"', r"no family of potentials 'sevenet'(.|\n)*did you mean 'sevennet'"),
        ("cutoff_A = 5.0", "", "cutoff_A: Field required"),
        ('name = "mine"', 'name = "../mine"', "name: String should match"),
        ("title", "title title", "not valid TOML"),
        (
            "[options]",
            f'[weights]\nsource="folder"\nfile="../x"\nsha256="{"0" * 64}"\nlicence="MIT"\n[options]',
            "without '..'",
        ),
        (
            "[options]",
            f'[weights]\nsource="package"\nfile="x"\nsha256="{"0" * 64}"\nlicence="MIT"\n[options]',
            "go together",
        ),
    ],
)
def test_what_is_wrong_with_a_card_is_said(tmp_path, old, new, message):
    with pytest.raises(SettingsError, match=message) as caught:
        load_card(write(tmp_path, old, new))
    assert caught.value.exit_code == 2


def test_a_path_that_is_no_card_is_said(tmp_path):
    with pytest.raises(SettingsError, match=r"no card .*none\.toml"):
        load_card(str(tmp_path / "none.toml"))


def test_a_card_with_an_environment_without_pins_is_refused(tmp_path):
    card = load_card(write(tmp_path, 'environment = "sevennet"', 'environment = "sevennett"'))
    with pytest.raises(SettingsError, match=r"no environment 'sevennett'(.|\n)*did you mean 'sevennet'"):
        card.physics_sha256()


def test_an_environment_is_a_name_and_never_a_path():
    with pytest.raises(SettingsError, match="no environment"):
        pins_sha256("../environments/sevennet")


def test_an_element_that_the_potential_does_not_know_is_named():
    card = load_card("sevennet")
    check_elements(card, ["Li", "P", "S", "Cl"])
    with pytest.raises(SettingsError, match="'sevennet' does not know At, Po") as caught:
        check_elements(card, ["Li", "Po", "At"])
    assert caught.value.exit_code == 2


def test_a_card_without_elements_takes_any(tmp_path):
    check_elements(load_card(write(tmp_path)), ["Po"])


def test_only_what_decides_numbers_is_in_the_physics_hash(tmp_path):
    def changed(**values: object) -> str:
        return card.model_copy(update=values).physics_sha256()

    card: Card = load_card(write(tmp_path))
    assert changed(name="other", title="Other", citation="x", routes=("bridge",)) == card.physics_sha256()
    different = [changed(cutoff_A=6.0), changed(precision="float32"), changed(options={}), changed(family="sevennet")]
    assert len({card.physics_sha256(), *different}) == 5


def test_pins_count_without_their_comments(tmp_path, monkeypatch):
    monkeypatch.setenv(layout.HOME_VARIABLE, str(tmp_path))
    pins = layout.pins_file("some")
    pins.parent.mkdir(parents=True)
    pins.write_text("numpy==2.4.6\n    # via ase\n")
    first = pins_sha256("some")
    pins.write_text("# new\n\nnumpy==2.4.6\n")
    assert pins_sha256("some") == first
    pins.write_text("numpy==2.4.5\n")
    assert pins_sha256("some") != first


def extending(folder: Path, base: str, more: str) -> str:
    path = folder / "mine.toml"
    path.write_text(f'extends = "{base}"\nname = "mine"\n{more}')
    return str(path)


WEIGHTS = f'[weights]\nfile = "mine.pt"\nsha256 = "{"0" * 64}"\n'


@pytest.mark.parametrize("base", ["m3gnet", "m3gnet-matpes", "tensornet"])
@pytest.mark.parametrize("options", ["", "[options]\n"])
def test_other_weights_do_not_inherit_an_option_that_holds_for_the_first_only(tmp_path, base, options):
    path = extending(tmp_path, base, WEIGHTS + options)
    with pytest.raises(SettingsError, match=r"must state the option 'messages_summed_at' itself") as caught:
        load_card(path)
    assert "'destination' for weights trained with a matgl before 3, 'source' for" in str(caught.value)
    assert caught.value.exit_code == 2
    stated = load_card(extending(tmp_path, base, WEIGHTS + '[options]\nmessages_summed_at = "source"\n'))
    assert stated.options == {"messages_summed_at": "source"}


def test_the_same_weights_inherit_every_option(tmp_path):
    card = load_card(extending(tmp_path, "m3gnet", "cutoff_A = 5.0\n"))
    assert card.options == {"messages_summed_at": "destination"}
    assert card.weights == load_card("m3gnet").weights


def test_a_card_that_extends_one_which_extends_another_is_asked_the_same(tmp_path, monkeypatch):
    cards = tmp_path / "potentials"
    cards.mkdir()
    (cards / "m3gnet.toml").write_text((layout.cards_folder() / "m3gnet.toml").read_text())
    (cards / "middle.toml").write_text('extends = "m3gnet"\nname = "middle"\ntitle = "Middle"\n')
    monkeypatch.setenv(layout.HOME_VARIABLE, str(tmp_path))
    with pytest.raises(SettingsError, match="must state the option 'messages_summed_at' itself"):
        load_card(extending(tmp_path, "middle", WEIGHTS))


@pytest.mark.parametrize(
    ("base", "environment", "families"),
    [("chgnet", "sevennet", "sevennet"), ("sevennet", "mace", "mace"), ("deepmd", "m3gnet", "m3gnet, tensornet")],
)
def test_a_family_is_not_asked_into_the_environment_of_another(tmp_path, base, environment, families):
    path = extending(tmp_path, base, f'environment = "{environment}"\n')
    with pytest.raises(SettingsError, match=f"environment '{environment}' is not made for the family") as caught:
        load_card(path)
    assert f"the environment of {families}\n" in str(caught.value)
    assert f"write environment = '{load_card(base).environment}'" in str(caught.value) or base == "deepmd"
    assert caught.value.exit_code == 2


def test_a_family_may_have_several_environments_and_one_that_no_shipped_card_has(tmp_path):
    assert load_card(extending(tmp_path, "deepmd", 'environment = "deepmd"\n')).environment == "deepmd"
    assert load_card(extending(tmp_path, "mace", 'environment = "mine"\n')).environment == "mine"
