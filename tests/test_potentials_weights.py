"""Weights are found in a fixed order and never used unless their hash is the card's."""

from __future__ import annotations

import hashlib
import pickle
import sys
from pathlib import Path

import pytest

import sselmp
from sselmp import files, layout
from sselmp.errors import PotentialError
from sselmp.potentials import pinned
from sselmp.potentials.calculators import load_calculator
from sselmp.potentials.cards import Card, Weights, card_names, load_card
from sselmp.potentials.weights import find_weights

CONTENT = b"weights of a model"
SHA256 = hashlib.sha256(CONTENT).hexdigest()


def card(**weights: object) -> Card:
    """SevenNet's card with other weights."""
    values = {"source": "folder", "file": "models/best.pth", "sha256": SHA256, "licence": "MIT", **weights}
    return load_card("sevennet").model_copy(update={"weights": Weights(**values)})


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv(layout.WEIGHTS_VARIABLE, str(tmp_path))
    return tmp_path


@pytest.mark.parametrize("place", ["models/best.pth", "best.pth"])
def test_weights_are_found_in_the_users_folder(folder, place):
    path = folder / place
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(CONTENT)
    assert find_weights(card()) == path


def test_a_packages_own_weights_come_before_the_users_folder(folder):
    shipped = Path(sselmp.__file__).parent / "errors.py"
    (folder / "errors.py").write_bytes(shipped.read_bytes())
    wanted = card(source="package", package="sselmp", file="errors.py", sha256=files.sha256(shipped))
    assert find_weights(wanted) == shipped


def test_a_package_that_is_not_installed_leaves_the_users_folder(folder):
    (folder / "best.pth").write_bytes(CONTENT)
    assert find_weights(card(source="package", package="no_such_package")) == folder / "best.pth"


def test_missing_weights_are_named_with_their_hash_and_where_to_put_them(monkeypatch):
    monkeypatch.delenv(layout.WEIGHTS_VARIABLE, raising=False)
    with pytest.raises(PotentialError, match="missing") as caught:
        find_weights(card())
    assert SHA256 in str(caught.value)
    assert layout.WEIGHTS_VARIABLE in str(caught.value)


@pytest.mark.parametrize("content", [CONTENT[:-1], CONTENT + b"\n", b""], ids=["cut", "longer", "empty"])
def test_altered_weights_are_refused_with_both_hashes(folder, content):
    (folder / "best.pth").write_bytes(content)
    with pytest.raises(PotentialError, match="not the file of weights") as caught:
        find_weights(card())
    assert SHA256 in str(caught.value)
    assert hashlib.sha256(content).hexdigest() in str(caught.value)


def test_altered_weights_are_refused_before_the_family_is_asked(folder):
    (folder / "best.pth").write_bytes(b"other")
    with pytest.raises(PotentialError, match="it was not loaded"):  # torch is not here: loading would fail otherwise
        load_calculator(card())


FAMILIES = ("chgnet", "deepmd", "m3gnet", "mace-mpa-0", "mattersim", "orb", "sevennet", "tensornet")


@pytest.mark.parametrize("name", FAMILIES)
def test_no_family_sees_a_file_before_its_hash_is_the_cards(folder, monkeypatch, name):
    shipped = load_card(name)
    family = f"sselmp.potentials.families.{shipped.family}"
    monkeypatch.delitem(sys.modules, family, raising=False)
    (folder / "best.pth").write_bytes(pickle.dumps(Bomb(folder / "executed")))
    loose = shipped.model_copy(update={"weights": card().weights})
    with pytest.raises(PotentialError, match="it was not loaded"):
        load_calculator(loose)
    assert family not in sys.modules
    assert not (folder / "executed").exists()
    pickle.loads((folder / "best.pth").read_bytes())  # noqa: S301 - made above
    assert (folder / "executed").exists()  # it would have been


class Bomb:
    """Touches a file if it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple:
        return (Path.touch, (self.path,))


def test_a_card_without_weights_needs_none():
    assert find_weights(load_card("sevennet").model_copy(update={"weights": None})) is None


def parts(**changed: object) -> Card:
    """A card whose parameters lie in two files."""
    other = {"file": "models/state.pt", "sha256": hashlib.sha256(b"state").hexdigest(), **changed}
    return card(also=(other,))


@pytest.mark.parametrize("place", ["models", "."])
def test_further_files_are_found_beside_the_first_and_verified_too(folder, place):
    (folder / place).mkdir(exist_ok=True)
    first = folder / place / "best.pth"
    first.write_bytes(CONTENT)
    with pytest.raises(PotentialError, match=r"missing(.|\n)*state\.pt"):
        find_weights(parts())
    (folder / place / "state.pt").write_bytes(b"state")
    assert find_weights(parts()) == first
    (folder / place / "state.pt").write_bytes(b"other")
    with pytest.raises(PotentialError, match=r"state\.pt is not the file of weights"):
        find_weights(parts())


def test_weights_beside_a_card_are_found_wherever_one_stands(tmp_path, monkeypatch):
    (tmp_path / "mine.pth").write_bytes(CONTENT)
    written = tmp_path / "mine.toml"
    written.write_text(f'extends = "sevennet"\nname = "mine"\n[weights]\nfile = "mine.pth"\nsha256 = "{SHA256}"\n')
    monkeypatch.chdir("/")
    loaded = load_card(str(written))
    assert find_weights(loaded) == tmp_path / "mine.pth"
    assert (loaded.family, loaded.cutoff_A, loaded.golden, loaded.citation) == ("sevennet", 5.0, (), "not stated")
    assert loaded.physics_sha256() != load_card("sevennet").physics_sha256()


def test_weights_without_a_hash_are_refused_until_their_user_vouches_for_them(folder):
    (folder / "best.pth").write_bytes(CONTENT)
    loose = card(sha256=None, unpinned_reason="could not be had")
    with pytest.raises(PotentialError, match=r"not pinned(.|\n)*could not be had(.|\n)*sselmp weights pin sevennet"):
        find_weights(loose)
    before = loose.physics_sha256()
    pinned.pin(loose.name, SHA256)
    assert find_weights(loose) == folder / "best.pth"
    assert loose.physics_sha256() != before
    (folder / "best.pth").write_bytes(b"altered later")
    with pytest.raises(PotentialError, match="not the file of weights"):
        find_weights(loose)


@pytest.mark.parametrize("text", ["{", "[]", '{"sevennet": 1}'])
def test_broken_pins_are_not_taken_for_none(folder, text):
    (folder / layout.WEIGHTS_PINS).write_text(text)
    with pytest.raises(PotentialError, match="cannot read the pinned weights"):
        find_weights(card(sha256=None, unpinned_reason="could not be had"))


def test_missing_weights_with_an_address_are_named_with_all_that_is_needed_offline(folder):
    with pytest.raises(PotentialError) as caught:
        find_weights(card(url="https://example.org/best.pth"))
    for needed in ("https://example.org/best.pth", SHA256, str(folder), "sselmp weights fetch sevennet", "best.pth"):
        assert needed in str(caught.value)


def test_weights_of_an_environment_are_found_from_outside_it(tmp_path):
    package = tmp_path / "some_package" / "models"
    package.mkdir(parents=True)
    (package / "best.pth").write_bytes(CONTENT)
    wanted = card(source="package", package="some_package")
    assert find_weights(wanted, packages=tmp_path) == package / "best.pth"


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ({"sha256": None}, "unpinned_reason"),
        ({"unpinned_reason": "lost"}, "unpinned_reason"),
        ({"url": "ftp://example.org/x"}, "url"),
        ({"file": "/absolute"}, "inside the folder"),
        ({"also": [{"file": "../x", "sha256": SHA256}]}, "inside the folder"),
    ],
)
def test_what_is_wrong_with_a_table_of_weights_is_said(weights, message):
    with pytest.raises(ValueError, match=message):
        card(**weights)


def test_two_cards_that_nobody_has_pinned_are_two_potentials_and_so_are_two_pins_of_one(folder):
    del folder  # without pins
    open_weights = {"sha256": None, "unpinned_reason": "could not be had"}
    first, second = card(file="a.pth", **open_weights), card(file="b.pth", **open_weights)
    named = first.model_copy(update={"name": "other"})
    unpinned = {one.physics_sha256() for one in (first, second, named)}
    assert len(unpinned) == 3
    pins = []
    for content in (b"one", b"two"):
        pinned.pin(first.name, hashlib.sha256(content).hexdigest())
        pins.append(first.physics_sha256())
    assert len({*pins, *unpinned}) == 5
    assert named.physics_sha256() in unpinned  # a pin is of one card


def test_shipped_cards_are_all_different_potentials(folder):
    del folder  # without pins
    hashes = {name: load_card(name).physics_sha256() for name in card_names()}
    assert len(set(hashes.values())) == len(hashes)
