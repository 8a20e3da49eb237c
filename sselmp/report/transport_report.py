"""What analysing a set of run folders found, as one record that tables and figures are made from; makes neither."""

from __future__ import annotations

from dataclasses import dataclass

from sselmp.trajectory.run_folder import RunFacts
from sselmp.transport.analysis import TransportResult
from sselmp.transport.study import SampleTransport


@dataclass(frozen=True)
class RunReport:
    """One run folder, analysed or not.

    Attributes:
        facts: What the folder says of itself.
        transport: What its trajectory shows; None where it was left out.
        note: Why it was left out, or that it is not finished; empty for a finished run.
        measured_temperature_K: Mean of the production [K]; None where it is not known.
        frames: Frames analysed.
        spacing_ps: Time between them [ps]; None where it was left out.
    """

    facts: RunFacts
    transport: SampleTransport | None
    note: str
    measured_temperature_K: float | None
    frames: int
    spacing_ps: float | None


@dataclass(frozen=True)
class TransportReport:
    """All runs of one system with one potential.

    Attributes:
        potential: Name of the potential.
        system: Name of the system.
        notice: A line that goes with every result, such as that it is a demonstration.
        runs: Every folder given, by temperature and seed.
        result: What those analysed show.
    """

    potential: str
    system: str
    notice: str | None
    runs: tuple[RunReport, ...]
    result: TransportResult
