"""Finding a potential's weights and holding them against their SHA-256; never loads them and downloads nothing."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from sselmp import files, layout
from sselmp.errors import PotentialError
from sselmp.potentials.cards import Card, Weights

State = Literal["none needed", "verified", "altered", "missing", "not pinned"]


@dataclass(frozen=True)
class Found:
    """What became of a search for a potential's weights.

    Attributes:
        state: ``not pinned`` where neither the card nor its user says what the file must hash to.
        path: The file that counts; None where there is none.
        expected: SHA-256 that it must have.
        sha256: SHA-256 that it has.
        missing: File that is not there, as the card names it.
    """

    state: State
    path: Path | None = None
    expected: str | None = None
    sha256: str | None = None
    missing: str | None = None


def find_weights(card: Card, *, packages: Path | None = None) -> Path | None:
    """Locate a potential's weights and verify them.

    A package's own file comes first, then ``<file>`` and ``<its last part>`` in the weights' folder (named by
    ``SSELMP_WEIGHTS``). The first that exists counts: an altered file is refused, not passed over. Further files lie
    beside the first.

    Args:
        card: The potential.
        packages: Folder of installed packages to look into (default: those of the running Python).

    Returns:
        The verified file, or None for a card without weights.

    Raises:
        PotentialError: The weights are nowhere, not pinned, or not those that the card names.
    """
    found = look(card, packages=packages)
    if found.state in {"none needed", "verified"}:
        return found.path
    raise refusal(card, found)


def look(card: Card, *, packages: Path | None = None) -> Found:
    """Search as ``find_weights`` does, and say what was found instead of refusing it.

    Raises:
        PotentialError: A file is there but cannot be read.
    """
    if card.weights is None:
        return Found("none needed")
    first = next((path for path in _places(card.weights, packages) if path.is_file()), None)
    expected = card.weights_sha256()
    if first is None:
        return Found("missing" if expected else "not pinned", expected=expected, missing=card.weights.file)
    sha256 = _hashed(first)
    if expected is None:
        return Found("not pinned", first, sha256=sha256)
    if sha256 != expected:
        return Found("altered", first, expected, sha256)
    return _look_beside(card.weights, first) or Found("verified", first, expected, sha256)


def refuse_unpinned(card: Card) -> None:
    """Refuse a card where neither it nor its user says what its weights must hash to: runs would have no identity.

    Raises:
        PotentialError: Saying how to get and pin them.
    """
    if card.weights is not None and card.weights_sha256() is None:
        raise refusal(card, Found("not pinned", missing=card.weights.file))


def beside(first: Path, weights: Weights, *, part: str) -> Path:
    """Where a further file of some weights lies, given where the first was found."""
    depth = len(Path(weights.file).parts)
    if weights.source != "path" and first.parts[-depth:] == Path(weights.file).parts:
        return first.parents[depth - 1] / part
    return first.parent / Path(part).name


def refusal(card: Card, found: Found) -> PotentialError:
    """The error for weights that are not verified: what is wrong, and exactly what to place where."""
    assert card.weights is not None  # noqa: S101 - narrows the type; a card without weights is never refused
    if found.state == "altered":
        size = found.path.stat().st_size if found.path else 0
        return PotentialError(
            f"{found.path} is not the file of weights that the card '{card.name}' names; it was not loaded",
            got=f"sha256 {found.sha256}, {size} bytes",
            allowed=f"sha256 {found.expected}",
            repair=_repair(card, found),
        )
    if found.state == "not pinned":
        return PotentialError(
            f"the weights of '{card.name}' are not pinned, so no file can be trusted to be them",
            got=card.weights.unpinned_reason,
            repair=f"{_repair(card, found)}; compare its SHA-256 with its authors' and pin it with "
            f"'sselmp weights pin {card.name}'",
        )
    places = _places(card.weights, None)
    return PotentialError(
        f"the weights of '{card.name}' are missing",
        got="looked for " + ", ".join(str(path) for path in places),
        allowed=f"a file {Path(found.missing or card.weights.file).name} with sha256 {found.expected}",
        repair=_repair(card, found),
    )


def _look_beside(weights: Weights, first: Path) -> Found | None:
    """What is wrong with the further files, or None."""
    for part in weights.also:
        path = beside(first, weights, part=part.file)
        if not path.is_file():
            return Found("missing", expected=part.sha256, missing=part.file)
        if (sha256 := _hashed(path)) != part.sha256:
            return Found("altered", path, part.sha256, sha256)
    return None


def _places(weights: Weights, packages: Path | None) -> list[Path]:
    if weights.source == "path":
        return [Path(weights.file)]
    places = []
    if weights.package is not None:
        places += [root / weights.file for root in _package_folders(weights.package, packages)]
    folder = layout.weights_folder()
    places += dict.fromkeys([folder / weights.file, folder / Path(weights.file).name])
    return places


def _package_folders(package: str, packages: Path | None) -> list[Path]:
    if packages is not None:
        return [packages / package]
    spec = importlib.util.find_spec(package)
    return [Path(root) for root in (spec.submodule_search_locations or [])] if spec else []


def _hashed(path: Path) -> str:
    try:
        return files.sha256(path)
    except OSError as error:
        raise PotentialError(
            f"cannot read {path}", got=error.strerror, repair="check the file's permissions"
        ) from error


def _repair(card: Card, found: Found) -> str:
    assert card.weights is not None  # noqa: S101 - narrows the type; a card without weights is never refused
    if card.weights.source == "package":
        return f"delete .venvs/{card.environment} and build it again with 'sselmp env build {card.environment}'"
    if card.weights.source == "path":
        return "correct file or sha256 in the card's [weights]"
    folder = layout.weights_folder()
    aside = f"move {found.path} away, then " if found.state == "altered" else ""
    placed = f"put the file {found.missing or card.weights.file} into {folder} (or another folder, named in "
    placed += f"{layout.WEIGHTS_VARIABLE})"
    if card.weights.url is None:
        return f"{aside}{placed}"
    return f"{aside}call 'sselmp weights fetch {card.name}', or get {card.weights.url} elsewhere and {placed}"
