"""How long to simulate for a wanted precision of D, from runs that are too short for it; starts nothing."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from sselmp.errors import TrajectoryError
from sselmp.transport.intervals import Interval, student_interval

# A fit window needs a run in which the MSD passes a squared hop length in about a fifth of the time.
RUN_PER_HOP_TIME = 5.0
WIDEST_DECADES = 2.0


@dataclass(frozen=True)
class Measured:
    """A diffusivity that runs have given, and what it took.

    Attributes:
        temperature_K: [K].
        D: [Å²/ps].
        error: Standard error of D [Å²/ps].
        degrees_of_freedom: Of the error.
        observed_ps: Time simulated, summed over the runs [ps].
    """

    temperature_K: float
    D: float
    error: float
    degrees_of_freedom: float
    observed_ps: float


@dataclass(frozen=True)
class Expected:
    """D at a temperature that is asked for, or why none can be expected.

    Attributes:
        temperature_K: [K].
        D: [Å²/ps]; None where nothing can be said.
        ln_error: Standard error of ln D.
        source: ``measured`` or ``Arrhenius law``; the reason where there is no D.
    """

    temperature_K: float
    D: float | None
    ln_error: float
    source: str


@dataclass(frozen=True)
class Goal:
    """What is wanted, and with what means.

    Attributes:
        precision: Relative standard error of D that is wanted (0.1: ten per cent).
        replicas: Independent runs at each temperature.
        timestep_ps: Of the runs [ps].
        ms_per_step: Wall time of a step [ms]; None where it is not known.
        hop_length_A: Distance between neighbouring sites [Å].
    """

    precision: float
    replicas: int
    timestep_ps: float
    ms_per_step: float | None
    hop_length_A: float


@dataclass(frozen=True)
class PlanRow:
    """What a temperature takes.

    Attributes:
        expected: D there, or why there is no plan.
        total_ps: Simulated time in all [ps]; None without a plan, as all below.
        interval_68: Where the time needed lies with 68 %, for the errors of the short runs [ps].
        replicas: Runs.
        each_ps: Production of each [ps].
        hours: Of the device that the step time was taken on, all replicas together; None where that is not known.
        limited_by: ``precision``, or ``one hop`` where each replica is as long as it is for a fit window to exist.
    """

    expected: Expected
    total_ps: float | None = None
    interval_68: Interval | None = None
    replicas: int | None = None
    each_ps: float | None = None
    hours: float | None = None
    limited_by: str | None = None


@dataclass(frozen=True)
class Plan:
    """Rows by temperature, and what they rest on.

    Attributes:
        goal: What is wanted.
        rows: One a temperature asked for.
        constant_A2: (relative error)² D t of the runs, the same for all: what a relative error of 1 takes [Å²].
        constant_ln_error: Standard error of its logarithm.
        consistent: Whether the runs agree on it within their errors.
    """

    goal: Goal
    rows: tuple[PlanRow, ...]
    constant_A2: float
    constant_ln_error: float
    consistent: bool


def plan(measured: Sequence[Measured], wanted: Sequence[Expected], *, goal: Goal) -> Plan:
    """Scale the errors of short runs to the time that a wanted precision takes.

    What a relative error r of D costs is a number of hops, 1/r² times a constant of the cell and of how much its ions
    move together; hops are proportional to D t. So r² D t is the same in all runs of a cell, is taken from those at
    hand, each weighted with the degrees of freedom of its error, and the time for another precision or temperature
    follows. The variance of an error with ν degrees of freedom is known to a factor of 1 ± sqrt(2/ν): that, and the
    error of D at the temperature, is the plan's own uncertainty. It does not hold across a phase change, for a cell of
    another size (the time falls as one over the ions), or where another mechanism takes over.

    Args:
        measured: Diffusive temperatures of the short runs.
        wanted: Temperatures to plan for.
        goal: Precision and means.

    Raises:
        TrajectoryError: No run has diffused, or the goal is no goal.
    """
    if not 0 < goal.precision < 1 or goal.replicas < 1:
        raise TrajectoryError(
            "a plan needs a precision between 0 and 1 and a replica",
            got=f"precision {goal.precision:g}, {goal.replicas} replicas",
        )
    if not measured:
        raise TrajectoryError(
            "nothing has diffused in these runs, so nothing says how long others must be",
            repair="run one temperature, a high one, until its verdict is diffusive, and plan from that",
        )
    freedom = [min(one.degrees_of_freedom, 1e6) for one in measured]
    constants = [(one.error / one.D) ** 2 * one.D * one.observed_ps for one in measured]
    constant = sum(nu * c for nu, c in zip(freedom, constants, strict=True)) / sum(freedom)
    scatter = sum(nu / 2.0 * math.log(c / constant) ** 2 for nu, c in zip(freedom, constants, strict=True))
    excess = scatter / (len(measured) - 1) if len(measured) > 1 else 1.0
    error = math.sqrt(2.0 / sum(freedom) * max(1.0, excess))
    rows = tuple(_row(one, goal, constant_A2=constant, ln_error=error) for one in wanted)
    return Plan(goal=goal, rows=rows, constant_A2=constant, constant_ln_error=error, consistent=excess < 4.0)


def _row(one: Expected, goal: Goal, *, constant_A2: float, ln_error: float) -> PlanRow:
    if one.D is None:
        return PlanRow(expected=one)
    needed = constant_A2 / (goal.precision**2 * one.D)
    shortest = RUN_PER_HOP_TIME * goal.hop_length_A**2 / (6.0 * one.D)
    each = max(needed / goal.replicas, shortest)
    total = each * goal.replicas
    spread = student_interval(
        math.log(needed), math.hypot(ln_error, one.ln_error), probability=0.6827, degrees_of_freedom=math.inf
    )
    hours = None if goal.ms_per_step is None else total / goal.timestep_ps * goal.ms_per_step / 3.6e6
    return PlanRow(
        expected=one,
        total_ps=total,
        interval_68=Interval(low=math.exp(spread.low), high=math.exp(spread.high), probability=0.6827),
        replicas=goal.replicas,
        each_ps=each,
        hours=hours,
        limited_by="precision" if needed / goal.replicas >= shortest else "one hop",
    )
