"""The record of a run: its identity, the hashes of its input files, its segments and its state; starts nothing."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Literal

from pydantic import ValidationError

from sselmp import files, layout
from sselmp.errors import RunError
from sselmp.settings import Checked, Dynamics, Guard, Output, PreflightLevel, Relaxation, Route

State = Literal["prepared", "running", "stopped", "failed", "finished"]


class Start(Checked):
    """Where a run begins that continues another one at constant energy."""

    run: str  # id of the run that it continues
    restart_sha256: str  # of that run's last restart file
    temperature_K: float  # that the velocities are scaled to, which gives the energy that the run had in the mean


class Identity(Checked):
    """Everything that decides what a run computes; two runs with equal identities are the same run."""

    potential: str
    potential_sha256: str  # of the card's physics and the weights it names
    system: str
    structure_sha256: str  # of the supercell's cell, positions and species
    temperature_K: float
    seed: int
    relaxation: Relaxation
    dynamics: Dynamics
    output: Output
    guard: Guard
    route: Route = "bridge"
    start: Start | None = None  # None: from the structure

    def run_id(self) -> str:
        """First twelve hexadecimal digits of the SHA-256 of the canonical JSON (sorted keys, no spaces)."""
        # The bridge and the start from a structure are not named: runs kept their ids when the others came.
        left_out = {name for name, usual in (("route", "bridge"), ("start", None)) if getattr(self, name) == usual}
        canonical = json.dumps(self.model_dump(mode="json", exclude=left_out), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(canonical.encode()).hexdigest()[:12]


class Segment(Checked):
    """One start or resumption of a run's program."""

    index: int
    command: tuple[str, ...]
    host: str
    ranks: int
    threads: int
    batched: bool = False  # a batch server evaluated its potential, with threads of its own
    versions: dict[str, str]
    started: str  # ISO 8601, UTC
    resumed_from_step: int | None = None
    ended: str | None = None
    exit_code: int | None = None
    reason: str | None = None


class Preflight(Checked):
    """What the potential must pass before the run is started, and whether it has; the record is in the run folder."""

    level: PreflightLevel  # as the campaign asks, or "skip" where the user did
    passed: bool = False
    sha256: str | None = None  # of preflight.json


class Manifest(Checked):
    """The content of ``manifest.json``."""

    format: Literal[1] = 1
    id: str
    identity: Identity
    card: str  # name of the potential's card, or the path of a user's own
    mobile_species: str
    total_steps: int
    equilibration_steps: int
    charges: dict[str, float]  # formal charge of each species [e]
    files: dict[str, str]  # name → sha256 of the input files
    sselmp_version: str
    created: str  # ISO 8601, UTC
    state: State = "prepared"
    preflight: Preflight | None = None  # None: the folder is older than preflights
    segments: tuple[Segment, ...] = ()


def write(folder: Path, manifest: Manifest) -> None:
    """Write ``manifest.json`` whole.

    Raises:
        RunError: It cannot be written.
    """
    files.write_text(folder / layout.MANIFEST, manifest.model_dump_json(indent=2) + "\n")


def read(folder: Path) -> Manifest:
    """Read a run folder's manifest.

    Raises:
        RunError: The folder has none, or it cannot be understood.
    """
    path = folder / layout.MANIFEST
    try:
        return Manifest.model_validate_json(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise RunError(
            f"{folder} is not a run folder",
            got=f"no {layout.MANIFEST} in it",
            repair="make run folders with 'sselmp prepare'",
        ) from error
    except (OSError, UnicodeDecodeError, ValidationError) as error:
        first = error.errors()[0] if isinstance(error, ValidationError) else None
        got = f"{'.'.join(map(str, first['loc']))}: {first['msg']}" if first else error
        raise RunError(
            f"{path} cannot be understood",
            got=got,
            repair="restore it from a copy, or delete the folder and prepare it again",
        ) from error


def verify(folder: Path) -> Manifest:
    """Read a manifest and hold the folder's input files against it.

    Raises:
        RunError: A file is missing or altered, or the recorded id does not belong to the recorded identity.
    """
    manifest = read(folder)
    if manifest.id != manifest.identity.run_id():
        raise RunError(
            f"{folder / layout.MANIFEST} was altered: its id does not belong to its settings",
            got=manifest.id,
            allowed=manifest.identity.run_id(),
            repair="restore it, or delete the folder and prepare it again",
        )
    for name, expected in manifest.files.items():
        path = folder / name
        found = files.sha256(path) if path.is_file() else "no such file"
        if found != expected:
            raise RunError(
                f"{path} is not the file that the manifest recorded",
                got=found,
                allowed=f"sha256 {expected}",
                repair="restore it, or delete the folder and prepare it again; to run an altered input, copy the "
                "folder and start it with 'sselmp-lmp -in in.lammps'",
            )
    return manifest
