"""Timing steps in a potential's environment; keeps what is found, and times nothing itself."""

from __future__ import annotations

import tempfile
from pathlib import Path

from sselmp import files
from sselmp.errors import SettingsError
from sselmp.launch.followed import OnSeen, Program, card_argument, run_followed
from sselmp.potentials import environments
from sselmp.potentials.cards import check_elements, load_card
from sselmp.speed.record import PROGRESS, Findings, Wanted
from sselmp.structures.systems import load_system


def time_steps(
    wanted: Wanted, *, threads: int | None = None, on_progress: OnSeen | None = None, prefix: Path | None = None
) -> Findings:
    """Time the ways to make a step of dynamics with a potential.

    Args:
        wanted: The potential, the sizes, the replicas.
        threads: Of the potential on a processor; None: every core.
        on_progress: Called from time to time.
        prefix: The environment to run in; default: the one that the card names, which must be ready.

    Raises:
        SettingsError: There is no such card or system, the card does not know an element, or a size is below 1.
        EnvironmentFaultError: The environment is not ready.
        RunError: The program failed.
        KeyboardInterrupt: The user stopped it.
    """
    card = load_card(wanted.card)
    check_elements(card, load_system(wanted.system).crystal.elements)
    for name, numbers in (("atoms", wanted.atoms), ("replicas", wanted.replicas)):
        if any(number < 1 for number in numbers) or (name == "atoms" and not numbers):
            raise SettingsError(f"{name} must be numbers above zero", got=list(numbers) or "none")
    home = prefix or environments.ready_prefix(card)
    there = wanted.model_copy(update={"card": card_argument(wanted.card)})
    with tempfile.TemporaryDirectory(prefix="sselmp-bench-") as name:
        folder = Path(name)
        told, out = folder / "wanted.json", folder / "findings.json"
        files.write_text(told, there.model_dump_json())
        program = Program(
            "sselmp.speed.program",
            arguments=(str(told), str(out)),
            progress=PROGRESS,
            what=f"timing '{wanted.card}'",
            threads=threads,
        )
        run_followed(program, home=home, folder=folder, on_progress=on_progress)
        return Findings.model_validate_json(out.read_text(encoding="utf-8"))
