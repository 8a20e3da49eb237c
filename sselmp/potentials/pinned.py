"""Hashes of weights that their user vouches for, where a card could not state one; reads no weights."""

from __future__ import annotations

import json
from pathlib import Path

from sselmp import files, layout
from sselmp.errors import PotentialError


def sha256_of(name: str) -> str | None:
    """The SHA-256 that the user has pinned for a card's weights, or None.

    Raises:
        PotentialError: The file of pins is not as ``pin`` writes it.
    """
    return _read().get(name)


def pin(name: str, sha256: str) -> Path:
    """Note the SHA-256 of a card's weights; an earlier note is replaced.

    Returns:
        The file of pins.

    Raises:
        PotentialError: The file of pins is not as this function writes it.
        RunError: It cannot be written.
    """
    pins = {**_read(), name: sha256}
    path = _file()
    files.write_text(path, json.dumps(pins, indent=1, sort_keys=True) + "\n")
    return path


def _file() -> Path:
    return layout.weights_folder() / layout.WEIGHTS_PINS


def _read() -> dict[str, str]:
    path = _file()
    if not path.is_file():
        return {}
    try:
        pins = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise _broken(path, error) from error
    if not isinstance(pins, dict) or not all(isinstance(value, str) for value in pins.values()):
        raise _broken(path, "something else")
    return pins


def _broken(path: Path, found: object) -> PotentialError:
    return PotentialError(
        f"cannot read the pinned weights in {path}",
        got=found,
        allowed="a JSON object from names of cards to SHA-256",
        repair="delete it and pin again with 'sselmp weights pin NAME'",
    )
