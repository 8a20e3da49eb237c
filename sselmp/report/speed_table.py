"""Timings of steps as rows for a terminal, and as JSON; measures nothing."""

from __future__ import annotations

from pathlib import Path

from sselmp import files
from sselmp.report.transport_tables import Table
from sselmp.speed.record import Findings, Timing


def table(found: Findings) -> Table:
    """One row a way and size."""
    headers = ("atoms", "way", "ms a step", "range", "GPU busy [ms]", "times ASE", "")
    return Table(headers=headers, rows=tuple(_row(one) for one in found.timings))


def write(found: Findings, path: Path) -> Path:
    """Write the findings as JSON, whole.

    Raises:
        RunError: It cannot be written.
    """
    files.write_text(path, found.model_dump_json(indent=1) + "\n")
    return path


def _row(one: Timing) -> tuple[str, ...]:
    size = str(one.atoms) if one.replicas == 1 and one.way != "batch" else f"{one.replicas} × {one.atoms}"
    return (
        size,
        one.way,
        _number(one.ms_per_step),
        "" if one.lowest_ms is None else f"{_number(one.lowest_ms)}-{_number(one.highest_ms)}",
        _number(one.gpu_busy_ms),
        _number(one.ratio),
        one.words,
    )


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.3g}"
