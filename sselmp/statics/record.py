"""The record of one property of one structure with one potential: what decides it, its JSON, and finding it again."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from sselmp import __version__, files
from sselmp.errors import PotentialError, RunError
from sselmp.potentials.cards import Card
from sselmp.settings import Checked, read_record
from sselmp.statics.barriers import Barriers
from sselmp.statics.elasticity import Elasticity
from sselmp.statics.equation_of_state import EquationOfState
from sselmp.statics.phonon_result import Phonons
from sselmp.statics.relaxation import Relaxation, StoredCrystal
from sselmp.statics.settings import (
    PROPERTIES,
    BarrierSettings,
    ElasticitySettings,
    EquationOfStateSettings,
    PhononSettings,
    Property,
    RelaxationSettings,
    RestSettings,
    StaticsSettings,
)
from sselmp.structures.crystal import Crystal

PROGRESS = "sselmp-statics"  # opens a line of progress of the program: done, total, structure, property
Result = Annotated[Relaxation | EquationOfState | Elasticity | Phonons | Barriers, Field(discriminator="kind")]
# First the one whose only key is that of others too: these have keys of their own and are no match for it.
Own = RestSettings | EquationOfStateSettings | ElasticitySettings | PhononSettings | BarrierSettings
STARTS: dict[Property, Property] = {"phonons": "rest"}  # what a property starts from, beside the relaxation


class Subject(Checked):
    """A structure to study: its crystal, which bears its name, and the folder of its records."""

    crystal: StoredCrystal
    folder: str


class Work(Checked):
    """What the program in the potential's environment is told."""

    format: Literal[1] = 1
    card: str
    subjects: tuple[Subject, ...]
    properties: tuple[Property, ...]
    settings: StaticsSettings


class Failure(Checked):
    """A property of a structure that could not be had, and why."""

    structure: str
    property: Property
    message: str


class Failures(Checked):
    """What the program in the potential's environment could not do."""

    failures: tuple[Failure, ...]


class Identity(Checked):
    """All that decides a result.

    Attributes:
        structure_sha256: Of the structure as given, before relaxation.
        potential_sha256: Of the card's physics: weights, options, precision, pins of its environment.
        relaxation: Settings of the relaxation that comes first.
        own: Settings of the property itself; None for the relaxation.
    """

    property: Property
    structure_sha256: str
    potential_sha256: str
    relaxation: RelaxationSettings
    own: Own | None

    def sha256(self) -> str:
        """Its hash, 64 hexadecimal digits."""
        content = json.dumps(self.model_dump(mode="json"), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(content.encode()).hexdigest()

    def file_name(self) -> str:
        """Name of the record: other settings, another structure or potential make another file."""
        return f"{self.property}-{self.sha256()[:12]}.json"


class Record(Checked):
    """The content of ``results/statics/POTENTIAL/STRUCTURE/PROPERTY-HASH.json``; units are in the keys."""

    format: Literal[1] = 1
    structure: str
    formula: str
    potential: str
    weights_sha256: str | None
    energy_reference: str
    identity: Identity
    result: Result
    evaluations: int  # of the potential
    seconds: float
    device: str
    sselmp_version: str
    versions: dict[str, str]
    created: str  # ISO 8601, UTC


class Effort(Checked):
    """What a result took: evaluations of the potential, seconds, on which device, with which packages."""

    evaluations: int
    seconds: float
    device: str
    versions: dict[str, str]


def made(card: Card, crystal: Crystal, *, identity: Identity, result: Result, effort: Effort) -> Record:
    """The record of a result that has just been found."""
    return Record(
        structure=crystal.name,
        formula=formula(crystal),
        potential=card.name,
        weights_sha256=card.weights_sha256(),
        energy_reference=card.energy_reference,
        identity=identity,
        result=result,
        evaluations=effort.evaluations,
        seconds=round(effort.seconds, 2),
        device=effort.device,
        sselmp_version=__version__,
        versions=effort.versions,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
    )


def formula(crystal: Crystal) -> str:
    """Formula of the cell, reduced, metals first."""
    from ase.formula import Formula

    return str(Formula.from_list(list(crystal.species)).reduce()[0].format("metal"))


def device() -> str:
    """What the potential of this process runs on: the name of a GPU, or ``cpu``."""
    torch = sys.modules.get("torch")
    return str(torch.cuda.get_device_name()) if torch is not None and torch.cuda.is_available() else "cpu"


def identity_of(card: Card, crystal: Crystal, *, property_: Property, settings: StaticsSettings) -> Identity:
    """What decides a property of a crystal.

    Raises:
        SettingsError: The environment that the card names has no pins.
    """
    own: dict[Property, Own | None] = {
        "relax": None,
        "eos": settings.equation_of_state,
        "elastic": settings.elasticity,
        "rest": settings.phonons.rest,
        "phonons": settings.phonons,
        "barriers": settings.barriers,
    }
    return Identity(
        property=property_,
        structure_sha256=crystal.structure_sha256(),
        potential_sha256=card.physics_sha256(),
        relaxation=settings.relaxation,
        own=own[property_],
    )


def needed(properties: Sequence[Property]) -> tuple[Property, ...]:
    """The properties asked for and the relaxations that they start from, in the order in which they are found."""
    wanted = {"relax", *properties, *(STARTS[name] for name in properties if name in STARTS)}
    return tuple(name for name in PROPERTIES if name in wanted)


def found_here(properties: Sequence[Property]) -> tuple[Property, ...]:
    """Those of ``needed`` that the potential's environment finds; phonons are made of forces where phonopy is."""
    return tuple(name for name in needed(properties) if name != "phonons")


def unsound(structure: str, relaxation: Relaxation) -> PotentialError:
    """What is to be said of a relaxation that nothing may be built on."""
    return PotentialError(
        f"{structure}: the relaxation is {relaxation.verdict}, so nothing is built on it",
        got=relaxation.reason,
        repair="allow more steps (--max-steps), choose another optimizer, or check the structure",
    )


def find(folder: Path, identity: Identity) -> Record | None:
    """The record of a result in a structure's folder; None if there is none.

    Raises:
        RunError: A file of that name is something else.
    """
    path = folder / identity.file_name()
    if not path.is_file():
        return None
    found = read(path)
    if found.identity != identity:
        raise RunError(f"{path} is the record of something else", repair="move it away and run the command again")
    return found


def write(folder: Path, record: Record) -> Path:
    """Write a record whole; returns its path.

    Raises:
        RunError: It cannot be written.
    """
    path = folder / record.identity.file_name()
    files.write_text(path, record.model_dump_json(indent=1) + "\n")
    return path


def read(path: Path) -> Record:
    """Read a record.

    Raises:
        RunError: It cannot be read or understood.
    """
    return read_record(Record, path, what="the record of a static property", command="sselmp statics")
