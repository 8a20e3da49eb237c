"""Carrying out a preflight in a potential's environment, finding its record again, and noting it with a run."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sselmp import __version__, files, layout, manifest
from sselmp.errors import PotentialError
from sselmp.launch.followed import OnSeen, Program, card_argument, run_followed
from sselmp.launch.lock import locked
from sselmp.potentials import environments
from sselmp.potentials.cards import check_elements, load_card
from sselmp.preflight import record, specimen
from sselmp.preflight.program import PROGRESS
from sselmp.structures.crystal import Crystal


@dataclass(frozen=True)
class Subject:
    """A potential on a system.

    Attributes:
        card_name: Name of a shipped card, or the path of a user's own.
        system: The system's name.
        crystal: Its cell.
        level: How thorough the preflight must be.
    """

    card_name: str
    system: str
    crystal: Crystal
    level: specimen.Level = "full"


def require(subject: Subject, *, folder: Path, on_progress: OnSeen | None = None) -> Path:
    """Find the record of a passed preflight, or carry one out.

    Args:
        subject: The potential on the system.
        folder: Where the records are.
        on_progress: Called from time to time.

    Returns:
        The record's path.

    Raises:
        PotentialError: A check failed, now or when the record was made.
        EnvironmentFaultError: The environment is not ready.
        RunError: The preflight's program failed.
    """
    card = load_card(subject.card_name)
    elements = subject.crystal.elements
    path = record.find(folder, card, system=subject.system, elements=elements, level=subject.level)
    if path is None:
        path = carry_out(subject, folder=folder, on_progress=on_progress)
    found = record.read(path)
    if not found.passed:
        lines = [f"{check.name}: {check.words}" for check in found.failures()]
        raise PotentialError(
            f"the potential '{card.name}' failed its preflight on {subject.system} and is not used for production",
            got="\n           ".join([*lines, f"in {path}"]),
            repair=f"mend it and repeat 'sselmp preflight {subject.card_name} --system {subject.system}', or run it "
            "nevertheless with --skip-preflight, which the manifest records",
        )
    return path


def carry_out(subject: Subject, *, folder: Path, on_progress: OnSeen | None = None, prefix: Path | None = None) -> Path:
    """Measure a potential on a system and write the record, whether or not it passed.

    Args:
        subject: The potential on the system.
        folder: Where the record goes.
        on_progress: Called from time to time.
        prefix: The environment to run in; default: the one that the card names, which must be ready.

    Returns:
        The record's path.

    Raises:
        SettingsError: There is no such card, or it does not know an element.
        EnvironmentFaultError: The environment is not ready.
        RunError: The program failed, or the record cannot be written.
        KeyboardInterrupt: The user stopped it; the program was ended.
    """
    card = load_card(subject.card_name)
    check_elements(card, subject.crystal.elements)
    home = prefix or environments.ready_prefix(card)
    findings = _findings(subject, home=home, on_progress=on_progress)
    made = record.Record(
        potential=card.name,
        potential_sha256=card.physics_sha256(),
        card_sha256=record.card_sha256(card),
        weights_sha256=card.weights_sha256(),
        system=subject.system,
        structure_sha256=subject.crystal.structure_sha256(),
        elements=tuple(sorted(subject.crystal.elements)),
        atoms=len(subject.crystal),
        level=subject.level,
        sselmp_version=__version__,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        findings=findings,
    )
    return record.write(folder, made)


def note(run_folder: Path, path: Path | None) -> None:
    """Keep a passed preflight's record with a run, or write into its manifest that none was wanted.

    Args:
        run_folder: A run folder that nothing runs in.
        path: The record; None: the preflight was skipped.

    Raises:
        RunError: The folder is in use or cannot be written.
    """
    with locked(run_folder):
        noted = manifest.Preflight(level="skip")
        if path is not None:
            with files.whole(run_folder / layout.PREFLIGHT) as temporary:
                shutil.copyfile(path, temporary)
            kept = run_folder / layout.PREFLIGHT
            noted = manifest.Preflight(level=record.read(kept).level, passed=True, sha256=files.sha256(kept))
        before = manifest.read(run_folder)
        if before.preflight != noted:
            manifest.write(run_folder, before.model_copy(update={"preflight": noted}))


def carries(run_folder: Path, *, level: specimen.Level) -> bool:
    """Whether a run folder, wherever it has been moved, holds the record of a preflight that it has passed.

    Raises:
        RunError: The manifest cannot be understood.
    """
    run = manifest.read(run_folder)
    kept = run_folder / layout.PREFLIGHT
    if run.preflight is None or not run.preflight.passed or not kept.is_file():
        return False
    if files.sha256(kept) != run.preflight.sha256:
        return False
    found = record.read(kept)
    enough = record.THOROUGHNESS[found.level] >= record.THOROUGHNESS[level]
    return enough and found.passed and found.potential_sha256 == run.identity.potential_sha256


def _findings(subject: Subject, *, home: Path, on_progress: OnSeen | None) -> record.Findings:
    """Start the program, follow it to its end and read what it found."""
    with tempfile.TemporaryDirectory(prefix="sselmp-preflight-") as name:
        folder = Path(name)
        structure, out = folder / "structure.json", folder / "findings.json"
        specimen.write(structure, specimen.Specimen.of(subject.crystal, level=subject.level))
        program = Program(
            "sselmp.preflight.program",
            arguments=(card_argument(subject.card_name), str(structure), str(out)),
            progress=PROGRESS,
            what=f"the preflight of '{subject.card_name}' on {subject.system}",
        )
        run_followed(program, home=home, folder=folder, on_progress=on_progress)
        return record.Findings.model_validate_json(out.read_text(encoding="utf-8"))
