"""Starting one of the programs of statics in a potential's environment with its work, and reading what it says."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

from sselmp import files
from sselmp.launch.followed import OnSeen, Program, run_followed
from sselmp.potentials import environments
from sselmp.potentials.cards import Card
from sselmp.statics import record
from sselmp.statics.configurations import ForcesWork


@dataclass(frozen=True)
class Running:
    """With which potential a program runs, where, and who follows it.

    Attributes:
        card: The potential.
        card_name: Name of a shipped card, or the path of a user's own.
        prefix: The environment; None: the one that the card names, which must be ready.
        threads: Of the program; None: every core.
        on_progress: Called from time to time.
    """

    card: Card
    card_name: str
    prefix: Path | None = None
    threads: int | None = None
    on_progress: OnSeen | None = None


def carried_out(work: record.Work | ForcesWork, running: Running) -> tuple[record.Failure, ...]:
    """Run the program that this work is for to its end; returns what it could not do.

    Raises:
        EnvironmentFaultError: The environment is not ready.
        RunError: The program broke off.
        KeyboardInterrupt: The user stopped it.
    """
    name = "forces_program" if isinstance(work, ForcesWork) else "program"
    home = running.prefix or environments.ready_prefix(running.card)
    with tempfile.TemporaryDirectory(prefix="sselmp-statics-") as temporary:
        told, out = Path(temporary) / "work.json", Path(temporary) / "failures.json"
        files.write_text(told, work.model_dump_json())
        program = Program(
            f"sselmp.statics.{name}",
            arguments=(str(told), str(out)),
            progress=record.PROGRESS,
            what=f"finding static properties with '{running.card_name}'",
            threads=running.threads,
        )
        run_followed(program, home=home, folder=Path(temporary), on_progress=running.on_progress)
        return record.Failures.model_validate_json(out.read_text(encoding="utf-8")).failures
