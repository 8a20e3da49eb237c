"""Bands, density of states and thermal properties of phonons as CSV files beside their record; computes nothing."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from pathlib import Path

from sselmp import files
from sselmp.statics.phonon_result import Phonons
from sselmp.statics.record import Record

Row = Iterable[str | float]


def write(record: Record, beside: Path) -> tuple[Path, ...]:
    """Write ``-bands.csv``, ``-dos.csv`` and ``-thermal.csv`` of a record of phonons, whole; of another one nothing.

    Args:
        record: Of any property.
        beside: A path whose ending they replace.

    Returns:
        The files written.

    Raises:
        RunError: A file cannot be written.
    """
    found = record.result
    if not isinstance(found, Phonons):
        return ()
    made = []
    for name, rows in (("bands", _bands(found)), ("dos", _density(found)), ("thermal", _thermal(found))):
        stream = io.StringIO()
        csv.writer(stream, lineterminator="\n").writerows(rows)
        made.append(beside.with_name(f"{beside.stem}-{name}.csv"))
        files.write_text(made[-1], stream.getvalue())
    return tuple(made)


def _bands(found: Phonons) -> Iterable[Row]:
    """One row a wave vector; a mode that is imaginary is negative."""
    modes = range(1, 3 * len(found.species) + 1)
    yield ("begin", "end", "q_a", "q_b", "q_c", "distance_per_A", *(f"mode_{number}_THz" for number in modes))
    for piece in found.bands:
        for q, distance, frequencies in zip(piece.q, piece.distance_per_A, piece.frequencies_THz, strict=True):
            yield (piece.begin, piece.end, *q, distance, *frequencies)


def _density(found: Phonons) -> Iterable[Row]:
    """Of the primitive cell, and what each element has of it."""
    parts = found.density.elements
    yield ("frequency_THz", "total_states_per_THz", *(f"{part.element}_states_per_THz" for part in parts))
    columns = (found.density.frequency_THz, found.density.total_states_per_THz)
    yield from zip(*columns, *(part.states_per_THz for part in parts), strict=True)


def _thermal(found: Phonons) -> Iterable[Row]:
    """Of a mole of atoms."""
    one = found.thermal
    yield ("temperature_K", "free_energy_kJ_per_mol", "entropy_J_per_K_mol", "heat_capacity_J_per_K_mol")
    yield from zip(
        one.temperature_K,
        one.free_energy_kJ_per_mol,
        one.entropy_J_per_K_mol,
        one.heat_capacity_J_per_K_mol,
        strict=True,
    )
