"""The command that measures whether a potential can be trusted on a system."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sselmp import layout
from sselmp.cli import console
from sselmp.cli.choices import ResultsOption, WeightsOption
from sselmp.cli.gate import following
from sselmp.cli.stages import make_ready
from sselmp.errors import FAILURE

if TYPE_CHECKING:
    from sselmp.preflight.record import Record


def preflight(
    potential: Annotated[str, typer.Argument(metavar="MODEL", help="A potential, or the path of your own card.")],
    system: Annotated[
        str, typer.Option("--system", "-s", metavar="NAME|FILE", help="A system, or a structure file.")
    ] = "Li6PS5Cl",
    weights: WeightsOption = None,
    quick: Annotated[bool, typer.Option("--quick", help="Fewer directions and steps; the same limits.")] = False,
    results: ResultsOption = Path("results"),
) -> None:
    """Measure a potential on a system: symmetry, forces, stress, LAMMPS against ASE, drift, time. Exit 1: it failed.

    The record goes to results/preflight; 'run' and 'diffusion' ask for one.
    """
    from sselmp.launch.preflight import Subject, carry_out
    from sselmp.potentials.cards import load_card
    from sselmp.potentials.own import card_for_weights
    from sselmp.preflight import record
    from sselmp.structures.systems import load_system

    loaded = load_system(system)
    if weights is not None:
        potential = str(card_for_weights(potential, weights, folder=results / layout.OWN_CARDS))
    subject = Subject(potential, system=loaded.name, crystal=loaded.crystal, level="quick" if quick else "full")
    make_ready(load_card(potential))
    with following(subject) as follow:
        path = carry_out(subject, folder=layout.preflight_folder(results), on_progress=follow)
    found = record.read(path)
    _show(found, path)
    if not found.passed:
        raise typer.Exit(FAILURE)


def _show(found: Record, path: Path) -> None:
    """One page: each check with what was measured, then with what and on what."""
    rows = [
        (
            check.name,
            "ok" if check.passed else "FAILED",
            _number(check.measured),
            _number(check.limit),
            check.units,
            check.words,
        )
        for check in found.findings.checks
    ]
    console.say(f"{found.potential} on {found.system}, {found.atoms} atoms ({found.level})")
    console.show_table(("check", "", "measured", "limit", "", "what"), rows)
    hardware, seconds = found.findings.hardware, found.findings.seconds
    console.say(f"{seconds:.0f} s on {hardware.processor} ({hardware.device}), {hardware.threads} threads")
    failures = ", ".join(check.name for check in found.failures())
    console.say(f"FAILED: {failures}" if failures else "passed")
    console.say(f"written to {path}")


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.3g}"
