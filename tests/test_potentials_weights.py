"""Weights are found in a fixed order and never used unless their hash is the card's."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

import sselmp
from sselmp import files, layout
from sselmp.errors import PotentialError
from sselmp.potentials.calculators import load_calculator
from sselmp.potentials.cards import Card, Weights, load_card
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


def test_a_card_without_weights_needs_none():
    assert find_weights(load_card("sevennet").model_copy(update={"weights": None})) is None
