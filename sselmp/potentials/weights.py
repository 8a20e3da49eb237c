"""Finding a potential's weights and holding them against the card's SHA-256; never loads them."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path

from sselmp import files, layout
from sselmp.errors import PotentialError
from sselmp.potentials.cards import Card, Weights


def find_weights(card: Card) -> Path | None:
    """Locate a potential's weights in the running Python and verify them.

    A package's own file comes first, then ``$SSELMP_WEIGHTS/<file>`` and ``$SSELMP_WEIGHTS/<its last part>``. The
    first that exists counts: an altered file is refused, not passed over.

    Returns:
        The verified file, or None for a card without weights.

    Raises:
        PotentialError: The weights are nowhere, or not those that the card names.
    """
    if card.weights is None:
        return None
    if card.weights_sha256() is None:
        raise PotentialError(
            f"the weights of '{card.name}' are not pinned, so no file can be trusted to be them",
            got=card.weights.unpinned_reason,
            repair=f"get {Path(card.weights.file).name} from its authors into {layout.weights_folder()}, compare "
            f"its SHA-256 with theirs and pin it with 'sselmp weights pin {card.name}'",
        )
    places = _places(card.weights)
    for path in places:
        if path.is_file():
            _verify(card, path)
            return path
    raise PotentialError(
        f"the weights of '{card.name}' are missing",
        got="looked for " + (", ".join(str(p) for p in places) or "nothing: no place is set"),
        allowed=f"a file {Path(card.weights.file).name} with sha256 {card.weights_sha256()}",
        repair=_repair(card),
    )


def _places(weights: Weights) -> list[Path]:
    if weights.source == "path":
        return [Path(weights.file)]
    places = []
    if weights.package is not None:
        spec = importlib.util.find_spec(weights.package)
        places += [Path(root) / weights.file for root in (spec.submodule_search_locations or [])] if spec else []
    if folder := os.environ.get(layout.WEIGHTS_VARIABLE):
        root = Path(folder).expanduser()
        places += dict.fromkeys([root / weights.file, root / Path(weights.file).name])
    return places


def _verify(card: Card, path: Path) -> None:
    assert card.weights is not None  # noqa: S101 - narrows the type; the only caller has checked
    try:
        found = files.sha256(path)
    except OSError as error:
        raise PotentialError(
            f"cannot read {path}", got=error.strerror, repair="check the file's permissions"
        ) from error
    if found != card.weights_sha256():
        raise PotentialError(
            f"{path} is not the file of weights that the card '{card.name}' names; it was not loaded",
            got=f"sha256 {found}, {path.stat().st_size} bytes",
            allowed=f"sha256 {card.weights_sha256()}",
            repair=_repair(card),
        )


def _repair(card: Card) -> str:
    assert card.weights is not None  # noqa: S101 - narrows the type; both callers have checked
    if card.weights.source == "package":
        return f"delete .venvs/{card.environment} and build it again with 'sselmp env build {card.environment}'"
    return f"put the file into a folder and name the folder in {layout.WEIGHTS_VARIABLE}"
