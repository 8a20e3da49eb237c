"""A potential's card: what it is, what it can do and which weights it needs; loads no model and no heavy package."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import Annotated, Any, Literal, Self

from pydantic import Field, StringConstraints, field_validator, model_validator

from sselmp import layout
from sselmp.errors import SettingsError, nearest
from sselmp.potentials import pinned
from sselmp.settings import Checked, Count, EnergyReference, Finite, NotNegative, Positive, Route, check, read_toml

Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Url = Annotated[str, StringConstraints(pattern=r"^https?://\S+$")]
Scalar = bool | int | float | str
OF_WEIGHTS = {"weights", "golden", "training", "energy_reference", "citation"}  # what holds for one set of them only
OF_OPTIONS = OF_WEIGHTS - {"weights"}


def inside(file: str) -> str:
    """A relative path that stays in the folder it starts from.

    Raises:
        ValueError: It does not.
    """
    path = PurePosixPath(file)
    if path.is_absolute() or ".." in path.parts or not path.name:
        msg = f"must be a path inside the folder, without '..', not {file!r}"
        raise ValueError(msg)
    return file


class Training(Checked):
    """What the potential was trained on."""

    functional: str
    hubbard_u: bool
    data: str


class Part(Checked):
    """One further file of a potential whose parameters lie in several; it is found beside the first.

    Attributes:
        file: Relative to the package's or the weights' folder.
        url: Where `sselmp weights fetch` gets it.
    """

    file: str
    sha256: Sha256
    url: Url | None = None

    @field_validator("file")
    @classmethod
    def _stays_inside(cls, file: str) -> str:
        return inside(file)


class Weights(Checked):
    """Where a potential's parameters are found and what they must hash to.

    Attributes:
        source: ``package``: inside an installed package. ``folder``: in the weights' folder, put there or fetched.
            ``path``: beside the card, or at an absolute path. Default: ``package`` where one is named, else ``path``.
        package: Its import name.
        file: Relative to the package's, the weights' or the card's folder.
        sha256: None only where the authors' file could not be had when the card was written.
        unpinned_reason: Why there is none; the file is then refused until its user has pinned it.
        url: Where `sselmp weights fetch` gets it.
        also: Further files, for potentials that keep their parameters in several.
    """

    source: Literal["package", "folder", "path"]
    package: str | None = None
    file: str
    sha256: Sha256 | None = None
    unpinned_reason: str | None = None
    url: Url | None = None
    also: tuple[Part, ...] = ()
    licence: str = "not stated"

    @model_validator(mode="before")
    @classmethod
    def _default_source(cls, values: object) -> object:
        if isinstance(values, dict) and "source" not in values:
            return {**values, "source": "package" if "package" in values else "path"}
        return values

    @model_validator(mode="after")
    def _stays_inside(self) -> Self:
        if self.source != "path":
            inside(self.file)
        return self

    @model_validator(mode="after")
    def _package_where_needed(self) -> Self:
        if (self.source == "package") != (self.package is not None):
            msg = "source = 'package' and the key 'package' go together"
            raise ValueError(msg)
        return self

    @model_validator(mode="after")
    def _pinned_or_why_not(self) -> Self:
        if (self.sha256 is None) != (self.unpinned_reason is not None):
            msg = "give either sha256 or, where the authors' file could not be had, unpinned_reason"
            raise ValueError(msg)
        return self


class Golden(Checked):
    """What the authors' own stack gives for one small structure; a potential that misses it is refused.

    Attributes:
        structure: Name of a structure of ``sselmp.potentials.golden``.
        energy_eV: Of the whole structure [eV].
        forces_eV_per_A: (k, 3) on its first k atoms, in the structure's order [eV/Å].
        force_rms_eV_per_A: Root of the mean over all atoms and axes of the squared force components [eV/Å].
        stress_eV_per_A3: (6,) xx yy zz yz xz xy [eV/Å³], positive under tension.
        recorded_with: Exact versions, or the citation.
    """

    structure: str
    energy_eV: Finite
    forces_eV_per_A: Annotated[tuple[tuple[Finite, Finite, Finite], ...], Field(min_length=1)]
    force_rms_eV_per_A: NotNegative | None = None
    stress_eV_per_A3: tuple[Finite, Finite, Finite, Finite, Finite, Finite] | None = None
    recorded_with: Annotated[str, StringConstraints(min_length=1)]


class GoldenTolerance(Checked):
    """How far from its golden values a potential may be."""

    energy_eV_per_atom: Positive = 1e-4
    forces_eV_per_A: Positive = 1e-3
    stress_eV_per_A3: Positive = 1e-4


class Allowance(Checked):
    """A check of preflight whose limit a potential is known to miss, and why it is used nevertheless.

    Attributes:
        check: Its name, such as ``rotation``.
        times: How many times the usual limit is allowed; never for free, so that something worse is still seen.
        reason: In a sentence; printed with the check.
    """

    check: Literal["rotation", "forces", "stress", "drift", "determinism"]
    times: Annotated[float, Field(gt=1, allow_inf_nan=False)]
    reason: Annotated[str, StringConstraints(min_length=1)]


class Card(Checked):
    """The content of ``potentials/NAME.toml``.

    Attributes:
        environment: Name of the virtual environment, whose exact pins are ``potentials/environments/NAME.txt``.
        excluded: What was left out of that environment, and why, in prose: ``"torchvision: not needed to evaluate"``.
        cutoff_A: Range of one message [Å].
        message_passing_depth: Number of messages; a force depends on atoms within ``cutoff_A`` times this.
        forces: ``conservative`` where they are the gradient of the energy, ``direct`` where a network gives them.
        elements: Chemical symbols that the potential knows; empty where it takes any.
        energy_reference: What its energies compare with; those of two references must not be subtracted.
        weights: None for a potential without parameters on disk.
        golden: Values that it must reproduce before it is used; each load checks them.
        allowances: Checks of preflight whose limits it misses by its nature.
        options: Plain values handed to the family's adapter, which refuses those that it does not know.
        options_of_weights: Options that hold for one set of weights and that no file tells: what each may be and how to
            find out. A card with other weights must state them itself.
    """

    name: Name
    title: str
    family: Name
    environment: Name
    excluded: tuple[str, ...] = ()
    cutoff_A: Positive
    message_passing_depth: Count
    precision: Literal["float32", "float64"]
    forces: Literal["conservative", "direct"]
    stress: bool
    per_atom_energy: bool
    elements: tuple[str, ...] = ()
    energy_reference: EnergyReference = "custom"
    training: Training | None = None
    weights: Weights | None = None
    golden: tuple[Golden, ...] = ()
    golden_tolerance: GoldenTolerance = GoldenTolerance()
    allowances: tuple[Allowance, ...] = ()
    routes: Annotated[tuple[Route, ...], Field(min_length=1)] = ("bridge",)
    citation: str = "not stated"
    options: dict[str, Scalar] = Field(default_factory=dict)
    options_of_weights: dict[str, str] = Field(default_factory=dict)

    def physics_sha256(self) -> str:
        """SHA-256, 64 hexadecimal digits, of all that decides the potential's numbers, whatever its name and prose.

        That is family, weights, precision, cutoff, options and the exact pins of its environment. Of weights that the
        card leaves open, the hash that their user has pinned counts; before that, while nothing can be run with them,
        the names of card and file do, so that two such cards are never taken for one potential.

        Raises:
            SettingsError: The environment that the card names has no pins.
        """
        decisive: dict[str, object] = {
            "family": self.family,
            "weights": self.weights_sha256(),
            "precision": self.precision,
            "cutoff_A": self.cutoff_A,
            "options": self.options,
            "pins": pins_sha256(self.environment),
        }
        if self.weights and decisive["weights"] is None:
            decisive["not pinned"] = [self.name, self.weights.file]
        if self.weights and self.weights.also:
            decisive["also"] = [part.sha256 for part in self.weights.also]
        return hashlib.sha256(json.dumps(decisive, sort_keys=True, separators=(",", ":")).encode()).hexdigest()

    def weights_sha256(self) -> str | None:
        """What the weights must hash to: as the card says, else as their user has pinned it; None where neither."""
        if self.weights is None:
            return None
        return self.weights.sha256 or pinned.sha256_of(self.name)


def pins_sha256(environment: str) -> str:
    """SHA-256 of an environment's exact requirements and overrides; comments and blank lines do not count.

    Raises:
        SettingsError: There are no pins of that name.
    """
    path = layout.pins_file(environment)
    try:
        if Path(environment).name != environment:  # a name, never a path: its environment's folder is replaced
            raise FileNotFoundError(path)
        lines = path.read_text(encoding="utf-8").splitlines()
        if (overrides := layout.overrides_file(environment)).is_file():
            lines += overrides.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        known = layout.environment_names()
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
    card = _beside(check(Card, _extended(path), source=str(path)), path)
    families = sorted(p.stem for p in (Path(__file__).parent / "families").glob("*.py") if p.stem != "__init__")
    if card.family not in families:
        raise SettingsError(
            f"{path}: there is no family of potentials '{card.family}'", allowed=nearest(card.family, families)
        )
    if path.parent != layout.cards_folder():
        _refuse_environment_of_others(card, path)
    elif card.name != path.stem:
        raise SettingsError(f"{path}: name must be the file's own", got=card.name, allowed=path.stem)
    return card


def _refuse_environment_of_others(card: Card, path: Path) -> None:
    """Refuse a user's card that asks for a shipped family in the environment of others, where its package is not."""
    shipped = [_extended(_find(name)) for name in card_names()]
    own = sorted({str(values["environment"]) for values in shipped if values["family"] == card.family})
    there = sorted({str(values["family"]) for values in shipped if values["environment"] == card.environment})
    if own and there and card.environment not in own:
        raise SettingsError(
            f"{path}: the environment '{card.environment}' is not made for the family '{card.family}'",
            got=f"the environment of {', '.join(there)}",
            allowed=f"{', '.join(own)}: there its package is, and the pins of families contradict each other",
            repair=f"write environment = '{own[0]}'",
        )


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


def _extended(path: Path) -> dict[str, Any]:
    """Values of a card; with ``extends = "NAME"`` those of a shipped card stand in for the ones that it does not give.

    What holds for the other card's weights or options only, such as its golden values, is not taken over with others.
    """
    values = read_toml(path)
    if "extends" not in values:
        return values
    base = values.pop("extends")
    if base not in card_names():
        raise SettingsError(
            f"{path}: extends names no shipped card", got=repr(base), allowed=nearest(str(base), card_names())
        )
    inherited = _extended(_find(base))
    _refuse_options_of_other_weights(path, values, base=base, inherited=inherited)
    own = (OF_WEIGHTS if "weights" in values else set()) | (OF_OPTIONS if "options" in values else set())
    kept = {key: value for key, value in inherited.items() if key not in own}
    return kept | {"title": f"{values.get('name')} (a model of the family of {base})"} | values


def _refuse_options_of_other_weights(
    path: Path, values: dict[str, Any], *, base: str, inherited: dict[str, Any]
) -> None:
    """Refuse a card with weights of its own that would silently take over what is true of the other card's only."""
    stated = values.get("options") if isinstance(values.get("options"), dict) else {}
    for name, allowed in inherited.get("options_of_weights", {}).items():
        if "weights" in values and name not in (stated or {}):
            raise SettingsError(
                f"{path}: a card with weights of its own must state the option '{name}' itself: that of '{base}' "
                "holds for the weights of that card only",
                got=f"no {name} in [options]",
                allowed=allowed,
                repair=f'add to {path}:\n               [options]\n               {name} = "..."',
            )


def _beside(card: Card, path: Path) -> Card:
    """The card with the place of weights that lie beside it made absolute."""
    if card.weights is None or card.weights.source != "path":
        return card
    file = path.resolve().parent / Path(card.weights.file).expanduser()
    return card.model_copy(update={"weights": card.weights.model_copy(update={"file": str(file)})})


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
