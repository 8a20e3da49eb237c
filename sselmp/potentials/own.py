"""A card for a weights file of a user's own, written on their behalf; knows no family and looks into no file."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path

from sselmp import files
from sselmp.errors import SettingsError, nearest
from sselmp.potentials.cards import card_names, load_card


def card_for_weights(base: str, weights: Path, *, folder: Path) -> Path:
    """Write a card for a checkpoint of the family of a shipped card, unless it is there already.

    Everything but the weights is taken over from the shipped card, save options that hold for its weights only: until
    its user has stated these, the card is refused when it is read. The family's adapter refuses what contradicts the
    checkpoint when it is loaded. The card's name carries the start of a SHA-256, so that another file is another card,
    and one that its user has corrected stays as it is.

    Args:
        base: Name of a shipped card.
        weights: The checkpoint; where the shipped card has several files, any of them: the others must lie beside it
            under the same names, and are hashed too.
        folder: Where the card goes.

    Returns:
        The card.

    Raises:
        SettingsError: There is no such card, or no such file.
        RunError: The card cannot be written.
    """
    if base not in card_names():
        raise SettingsError(
            f"weights of your own need a shipped potential to stand in for, not '{base}'",
            allowed=nearest(base, card_names()),
            repair="give --potential NAME --weights FILE, or name the file in your own card",
        )
    if not weights.is_file():
        raise SettingsError(
            f"there is no file of weights {weights}",
            got="a folder" if weights.is_dir() else "nothing",
            repair="check the path and name a file; the others of a model in several files are found beside it",
        )
    first, *others = _whole(weights, base=base)
    hashes = [files.sha256(path) for path in (first, *others)]
    only = hashlib.sha256("".join(hashes).encode()).hexdigest() if others else hashes[0]
    stem = re.sub(r"[^A-Za-z0-9._-]+", "-", first.parent.resolve().name if others else first.stem)
    path = folder / f"{base}-{stem}-{only[:8]}.toml"
    if not path.is_file():
        lines = [
            f"# Written for {weights.name}. State here what differs from '{base}', such as cutoff_A or elements.",
            f"extends = {json.dumps(base)}",
            f"name = {json.dumps(path.stem)}",
            "[weights]",
            f"file = {json.dumps(str(first.resolve()), ensure_ascii=False)}",
            f"sha256 = {json.dumps(hashes[0])}",
        ]
        for part, sha256 in zip(others, hashes[1:], strict=True):
            lines += ["[[weights.also]]", f"file = {json.dumps(part.name)}", f"sha256 = {json.dumps(sha256)}"]
        files.write_text(path, "\n".join(lines) + "\n")
    return path


def _whole(weights: Path, *, base: str) -> list[Path]:
    """All files of a model of which one was named, in the shipped card's order.

    Raises:
        SettingsError: One of them is not there, or the file is none of theirs.
    """
    shipped = load_card(base).weights
    if shipped is None or not shipped.also:
        return [weights]
    names = [Path(shipped.file).name, *(Path(part.file).name for part in shipped.also)]
    absent = [name for name in names if not (weights.parent / name).is_file()]
    if weights.name not in names or absent:
        raise SettingsError(
            f"a model like '{base}' has several files, and {weights} is not one of a whole set",
            got=f"no {', '.join(absent)} beside it" if absent else weights.name,
            allowed=f"one of {', '.join(names)}, all in one folder",
            repair="put the files into one folder and name one of them",
        )
    return [weights.parent / name for name in names]
