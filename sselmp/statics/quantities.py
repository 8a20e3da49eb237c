"""The numbers of a record, each with its name, unit and error, for tables; finds none of them."""

from __future__ import annotations

from dataclasses import dataclass

from sselmp.statics.record import Record
from sselmp.statics.relaxation import Relaxation


@dataclass(frozen=True)
class Quantity:
    """One number.

    Attributes:
        name: Such as ``bulk modulus, Hill``.
        value: Of the unit.
        unit: Such as ``GPa``; empty for a pure number.
        error: Standard error, where there is one.
    """

    name: str
    value: float
    unit: str
    error: float | None = None


def quantities(record: Record) -> tuple[Quantity, ...]:
    """All numbers of a record."""
    return _of_relaxation(record.result)


def _of_relaxation(found: Relaxation) -> tuple[Quantity, ...]:
    atoms = len(found.crystal.species)
    after = found.after
    listed = [Quantity("energy", found.energy_eV / atoms, "eV/atom")]
    listed += [Quantity(name, value, "Å") for name, value in zip("abc", after.lengths_A, strict=True)]
    names = ("alpha", "beta", "gamma")
    listed += [Quantity(name, value, "deg") for name, value in zip(names, after.angles_deg, strict=True)]
    listed += [
        Quantity("volume", after.volume_A3 / atoms, "Å³/atom"),
        Quantity("change of volume", 100.0 * (after.volume_A3 / found.before.volume_A3 - 1.0), "%"),
        Quantity("largest force", found.largest_force_eV_per_A, "eV/Å"),
    ]
    if found.largest_stress_GPa is not None:
        listed.append(Quantity("largest stress", found.largest_stress_GPa, "GPa"))
    return (*listed, Quantity("shortest distance", found.shortest_distance_A, "Å"))
