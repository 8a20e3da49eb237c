"""The record of a preflight: what was measured, with what and on what; written, read and found again as JSON."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Literal

from sselmp import files
from sselmp.potentials.cards import Card
from sselmp.preflight.specimen import Level
from sselmp.settings import Checked, read_record

THOROUGHNESS: dict[Level, int] = {"quick": 0, "full": 1}


class Outcome(Checked):
    """One check as it is written; see ``checks.Check``."""

    name: str
    passed: bool
    measured: float | None
    limit: float | None
    units: str
    words: str


class Hardware(Checked):
    """Where it was measured: host, processor, threads, and the device that the potential ran on."""

    host: str
    processor: str
    threads: str
    device: str


class Findings(Checked):
    """What the program in the potential's environment measured.

    Attributes:
        seconds: Of all [s].
        seconds_per_evaluation: Median of the ASE calculator [s].
        seconds_per_step: Of LAMMPS through the bridge [s]; None if it did not get there.
        peak_memory_MB: Of the process, and of the GPU where one was used.
    """

    checks: tuple[Outcome, ...]
    versions: dict[str, str]
    hardware: Hardware
    seconds: float
    seconds_per_evaluation: float | None
    seconds_per_step: float | None
    peak_memory_MB: float
    peak_gpu_memory_MB: float | None


class Record(Checked):
    """The content of ``results/preflight/POTENTIAL-SYSTEM-HASH.json``.

    It holds for the potential's physics (weights, options, precision, pins of its environment), a system and its
    elements; on which machine it was made is recorded and does not count.
    """

    format: Literal[1] = 1
    potential: str
    potential_sha256: str  # of the card's physics
    card_sha256: str  # of all that the card says
    weights_sha256: str | None
    system: str
    structure_sha256: str
    elements: tuple[str, ...]  # sorted
    atoms: int
    level: Level
    sselmp_version: str
    created: str  # ISO 8601, UTC
    findings: Findings

    @property
    def passed(self) -> bool:
        """Whether every check passed."""
        return all(check.passed for check in self.findings.checks)

    def failures(self) -> tuple[Outcome, ...]:
        """The checks that did not pass."""
        return tuple(check for check in self.findings.checks if not check.passed)

    def file_name(self) -> str:
        """Its name: the same potential, structure and level write over their earlier record."""
        decisive = json.dumps([self.potential_sha256, self.structure_sha256, self.level])
        return f"{self.potential}-{self.system}-{hashlib.sha256(decisive.encode()).hexdigest()[:12]}.json"


def card_sha256(card: Card) -> str:
    """SHA-256 of all that a card says."""
    content = json.dumps(card.model_dump(mode="json"), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(content.encode()).hexdigest()


def write(folder: Path, record: Record) -> Path:
    """Write a record whole into the folder of preflights; returns its path.

    Raises:
        RunError: It cannot be written.
    """
    path = folder / record.file_name()
    files.write_text(path, record.model_dump_json(indent=2) + "\n")
    return path


def read(path: Path) -> Record:
    """Read a record.

    Raises:
        RunError: It cannot be read or understood.
    """
    return read_record(Record, path, what="the record of a preflight", command="sselmp preflight")


def find(folder: Path, card: Card, *, system: str, elements: tuple[str, ...], level: Level) -> Path | None:
    """The newest record of a potential on a system that is at least as thorough as asked for; None if there is none.

    Args:
        folder: The folder of preflights.
        card: The potential; another physics, weights or pins make a record void.
        system: The system's name.
        elements: Its elements, in any order.
        level: How thorough it must be.

    Raises:
        RunError: A file there that bears the names cannot be understood.
    """
    found = []
    for path in sorted(folder.glob(f"{card.name}-{system}-*.json")):
        record = read(path)
        same = (record.potential_sha256, record.system, record.elements)
        enough = THOROUGHNESS[record.level] >= THOROUGHNESS[level]
        if enough and same == (card.physics_sha256(), system, tuple(sorted(elements))):
            found.append((record.created, path))
    return max(found)[1] if found else None
