"""A card for a weights file of a user's own, written on their behalf; knows no family and looks into no file."""

from __future__ import annotations

import json
import re
from pathlib import Path

from sselmp import files
from sselmp.errors import SettingsError, nearest
from sselmp.potentials.cards import card_names


def card_for_weights(base: str, weights: Path, *, folder: Path) -> Path:
    """Write a card for a checkpoint of the family of a shipped card, unless it is there already.

    Everything but the weights is taken over from the shipped card; the family's adapter refuses what contradicts the
    checkpoint when it is loaded. The card's name carries the start of the file's SHA-256, so that another file is
    another card, and one that its user has corrected stays as it is.

    Args:
        base: Name of a shipped card.
        weights: The checkpoint.
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
            repair="check the path; parameters in several files need a card of your own with [[weights.also]]",
        )
    sha256 = files.sha256(weights)
    stem = re.sub(r"[^A-Za-z0-9._-]+", "-", weights.stem)
    path = folder / f"{base}-{stem}-{sha256[:8]}.toml"
    if not path.is_file():
        lines = [
            f"# Written for {weights.name}. State here what differs from '{base}', such as cutoff_A or elements.",
            f"extends = {json.dumps(base)}",
            f"name = {json.dumps(path.stem)}",
            "[weights]",
            f"file = {json.dumps(str(weights.resolve()), ensure_ascii=False)}",
            f"sha256 = {json.dumps(sha256)}",
        ]
        files.write_text(path, "\n".join(lines) + "\n")
    return path
