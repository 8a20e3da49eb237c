"""A potential's card: what it is, what it can do and which weights it needs; loads no model and no heavy package."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, field_validator, model_validator

from sselmp import layout
from sselmp.errors import SettingsError, nearest
from sselmp.settings import Checked, Count, Positive, check, read_toml

Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Scalar = bool | int | float | str


class Training(Checked):
    """What the potential was trained on."""

    functional: str
    hubbard_u: bool
    data: str


class Weights(Checked):
    """Where a potential's parameters are found and what they must hash to."""

    source: Literal["package", "folder"]  # inside an installed package, or in the SSELMP_WEIGHTS folder only
    package: str | None = None
    file: str  # relative to the package's or the weights' folder
    sha256: Sha256
    licence: str

    @field_validator("file")
    @classmethod
    def _stays_inside(cls, file: str) -> str:
        path = PurePosixPath(file)
        if path.is_absolute() or ".." in path.parts or not path.name:
            msg = f"must be a path inside the folder, without '..', not {file!r}"
            raise ValueError(msg)
        return file

    @model_validator(mode="after")
    def _package_where_needed(self) -> Self:
        if (self.source == "package") != (self.package is not None):
            msg = "source = 'package' and the key 'package' go together"
            raise ValueError(msg)
        return self


class Card(Checked):
    """The content of ``potentials/NAME.toml``.

    Attributes:
        environment: Name of the virtual environment, whose exact pins are ``potentials/environments/NAME.txt``.
        cutoff_A: Range of one message [Å].
        message_passing_depth: Number of messages; a force depends on atoms within ``cutoff_A`` times this.
        forces: ``conservative`` where they are the gradient of the energy, ``direct`` where a network gives them.
        elements: Chemical symbols that the potential knows; empty where it takes any.
        weights: None for a potential without parameters on disk.
        options: Plain values handed to the family's adapter, which refuses those that it does not know.
    """

    name: Name
    title: str
    family: Name
    environment: Name
    cutoff_A: Positive
    message_passing_depth: Count
    precision: Literal["float32", "float64"]
    forces: Literal["conservative", "direct"]
    stress: bool
    per_atom_energy: bool
    elements: tuple[str, ...] = ()
    training: Training | None = None
    weights: Weights | None = None
    routes: Annotated[tuple[Literal["bridge"], ...], Field(min_length=1)] = ("bridge",)
    citation: str
    options: dict[str, Scalar] = Field(default_factory=dict)

    def physics_sha256(self) -> str:
        """SHA-256, 64 hexadecimal digits, of all that decides the potential's numbers, whatever its name and prose.

        That is family, weights, precision, cutoff, options and the exact pins of its environment.

        Raises:
            SettingsError: The environment that the card names has no pins.
        """
        decisive = {
            "family": self.family,
            "weights": self.weights.sha256 if self.weights else None,
            "precision": self.precision,
            "cutoff_A": self.cutoff_A,
            "options": self.options,
            "pins": pins_sha256(self.environment),
        }
        return hashlib.sha256(json.dumps(decisive, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def pins_sha256(environment: str) -> str:
    """SHA-256 of an environment's exact requirements; comments and blank lines do not count.

    Raises:
        SettingsError: There are no pins of that name.
    """
    path = layout.pins_file(environment)
    try:
        if Path(environment).name != environment:  # a name, never a path: its environment's folder is replaced
            raise FileNotFoundError(path)
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        known = [p.stem for p in path.parent.glob("*.txt")]
        raise SettingsError(
            f"there is no environment '{environment}'",
            got=f"no file {path}",
            allowed=nearest(environment, known),
            repair="name one of these in the card, or add a file of exact requirements ('make lock' writes it)",
        ) from error
    pins = [line.strip() for line in lines if line.strip() and not line.lstrip().startswith("#")]
    return hashlib.sha256("\n".join(pins).encode()).hexdigest()


def card_names() -> tuple[str, ...]:
    """Names of the cards that come with sselmp, sorted."""
    return tuple(sorted(path.stem for path in layout.cards_folder().glob("*.toml")))


def load_card(name: str) -> Card:
    """Read a card by the name of a shipped one or by the path of a TOML file.

    Raises:
        SettingsError: There is none (the nearest names are offered), or a key of it is wrong.
    """
    path = _find(name)
    card = check(Card, read_toml(path), source=str(path))
    families = sorted(p.stem for p in (Path(__file__).parent / "families").glob("*.py") if p.stem != "__init__")
    if card.family not in families:
        raise SettingsError(
            f"{path}: there is no family of potentials '{card.family}'", allowed=nearest(card.family, families)
        )
    if path.parent == layout.cards_folder() and card.name != path.stem:
        raise SettingsError(f"{path}: name must be the file's own", got=card.name, allowed=path.stem)
    return card


def check_elements(card: Card, species: Iterable[str]) -> None:
    """Refuse chemical symbols that a potential was not trained on.

    Raises:
        SettingsError: Naming them.
    """
    unknown = sorted(set(species) - set(card.elements)) if card.elements else []
    if unknown:
        raise SettingsError(
            f"the potential '{card.name}' does not know {', '.join(unknown)}",
            got=", ".join(sorted(set(species))),
            allowed=f"its {len(card.elements)} elements: {' '.join(card.elements)}",
            repair="choose a potential that knows them, or another system",
        )


def _find(name: str) -> Path:
    if name.endswith(".toml") or "/" in name:
        path = Path(name).expanduser()
        if not path.is_file():
            raise SettingsError(f"there is no card {name}", repair="check the path")
        return path
    path = layout.cards_folder() / f"{name}.toml"
    if not path.is_file():
        raise SettingsError(
            f"there is no potential '{name}'",
            allowed=nearest(name, card_names()),
            repair="name one of these, or give the path of a card of your own",
        )
    return path
