"""From analysed runs to a plan, and the plan as rows, JSON and CSV; the arithmetic is in ``transport.planning``."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from sselmp import layout, manifest, units
from sselmp.errors import RunError, SettingsError
from sselmp.report.transport_document import digits
from sselmp.report.transport_tables import Table
from sselmp.trajectory.log import milliseconds_per_step
from sselmp.trajectory.run_folder import segment_files
from sselmp.transport.planning import WIDEST_DECADES, Expected, Goal, Measured, Plan, PlanRow

Pair = Annotated[list[float], Field(min_length=2, max_length=2)]


class _Stored(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class _Fit(_Stored):
    degrees_of_freedom: float = math.inf


class _Temperature(_Stored):
    temperature_K: float
    D_cm2_per_s: float | None = None
    D_error_cm2_per_s: float | None = None
    hop_length_A: float
    reason: str = ""
    fit: _Fit | None = None


class _Run(_Stored):
    run: str
    temperature_K: float
    analysed: bool
    duration_ps: float = 0.0


class _Law(_Stored):
    fitted: bool
    reason: str | None = None
    fault: str | None = None
    Ea_eV: float = 0.0
    D0_cm2_per_s: float | None = None
    covariance_lnD0_Ea_eV: Annotated[list[Pair], Field(min_length=2, max_length=2)] = Field(
        default_factory=lambda: [[0.0, 0.0], [0.0, 0.0]]
    )


class Findings(_Stored):
    """What a plan takes from ``transport.json``."""

    potential: str
    system: str
    runs: tuple[_Run, ...]
    temperatures: tuple[_Temperature, ...]
    arrhenius: _Law


def read_findings(path: Path) -> Findings:
    """Read ``transport.json``.

    Raises:
        SettingsError: It is not there, or is not one.
    """
    try:
        return Findings.model_validate_json(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(f"cannot read {path}", got=error.strerror, repair="run 'sselmp analyze' first") from error
    except (ValidationError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} is not a transport.json of sselmp", got=str(error).splitlines()[0]) from error


def measured(found: Findings) -> tuple[Measured, ...]:
    """The diffusive temperatures, with the time that they took."""
    chosen = []
    for at in found.temperatures:
        observed = sum(run.duration_ps for run in found.runs if run.analysed and run.temperature_K == at.temperature_K)
        if at.D_cm2_per_s and at.D_error_cm2_per_s and at.fit is not None and observed > 0:
            D, error = (number / units.A2_PER_PS_IN_CM2_PER_S for number in (at.D_cm2_per_s, at.D_error_cm2_per_s))
            chosen.append(Measured(at.temperature_K, D, error, at.fit.degrees_of_freedom, observed))  # fmt: skip
    return tuple(chosen)


def expected(found: Findings, kelvins: Sequence[float]) -> tuple[Expected, ...]:
    """D at the temperatures asked for: as measured, else by the law, else the reason why none can be expected."""
    known = {one.temperature_K: one for one in measured(found)}
    return tuple(
        Expected(k, known[k].D, known[k].error / known[k].D, "measured") if k in known else _by_law(found.arrhenius, k)
        for k in kelvins
    )


def _by_law(law: _Law, kelvin: float) -> Expected:
    if not law.fitted or law.D0_cm2_per_s is None:
        return Expected(kelvin, None, math.inf, f"not measured, and there is no law: {law.reason}")
    if law.fault is not None:
        return Expected(kelvin, None, math.inf, f"not measured, and the law fails: {law.fault}")
    row = np.array([1.0, -1.0 / (units.BOLTZMANN_EV_PER_K * kelvin)])
    ln_D = math.log(law.D0_cm2_per_s / units.A2_PER_PS_IN_CM2_PER_S) + row[1] * law.Ea_eV
    error = math.sqrt(float(row @ np.array(law.covariance_lnD0_Ea_eV) @ row))
    if 2 * 1.96 * error > WIDEST_DECADES * math.log(10.0):
        return Expected(kelvin, None, error, "not measured, and the law knows D no better than two orders of magnitude")
    return Expected(kelvin, math.exp(ln_D), error, "Arrhenius law")


def step_cost(folders: Sequence[Path]) -> tuple[float | None, float | None]:
    """Wall time [ms] and simulated time [ps] of a step in run folders; None where none of them says it.

    The slowest folder counts; simulated times that differ are not averaged but refused.

    Raises:
        SettingsError: The runs have different time steps.
    """
    costs, steps = [], set()
    for folder in folders:
        try:
            steps.add(manifest.read(folder).identity.dynamics.timestep_fs / units.FS_PER_PS)
        except RunError:
            continue
        cost = milliseconds_per_step(segment_files(folder, layout.log_name))
        costs += [] if cost is None else [cost]
    if len(steps) > 1:
        raise SettingsError("the runs have different time steps", got=", ".join(f"{step:g} ps" for step in steps))
    return max(costs, default=None), (steps.pop() if steps else None)


def table(made: Plan) -> Table:
    """One row a temperature for a terminal."""
    headers = ("T [K]", "D [cm²/s]", "from", "needed [ns]", "68 %", "replicas", "each [ns]", "hours", "")
    return Table(headers=headers, rows=tuple(_cells(row) for row in made.rows))


def sentences(made: Plan) -> tuple[str, ...]:
    """What the plan rests on and how far it can be trusted."""
    factor = math.exp(made.constant_ln_error)
    lines = [
        f"For ±{made.goal.precision:.0%} (one standard error) in D. The errors of the short runs are known to a factor "
        f"of {factor**0.5:.2f}, so the times to a factor of {factor:.2f}, and D at each temperature adds its own.",
        "It holds for this cell and mechanism; twice the ions need half the time, and nothing is known of rare events "
        "that the short runs have not met.",
    ]
    if not made.consistent:
        lines.append("Caution: the temperatures disagree on how error goes with time; the factor above allows for it.")
    if made.goal.ms_per_step is None:
        lines.append("Hours are not given: no log says what a step costs; state it with --ms-per-step.")
    else:
        lines.append(f"Hours are of the machine on which a step took {made.goal.ms_per_step:.3g} ms.")
    return tuple(lines)


def json_text(made: Plan, found: Findings) -> str:
    """The plan with the units in its keys."""
    plain = {
        "format": "sselmp-plan-1",
        "potential": found.potential,
        "system": found.system,
        "precision": made.goal.precision,
        "ms_per_step": made.goal.ms_per_step,
        "timestep_ps": made.goal.timestep_ps,
        "constant_A2": made.constant_A2,
        "constant_ln_error": made.constant_ln_error,
        "consistent": made.consistent,
        "temperatures": [_plain(row) for row in made.rows],
    }
    return json.dumps(plain, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def csv_text(made: Plan) -> str:
    """One line a temperature."""
    rows = [_plain(row) for row in made.rows]
    stream = io.StringIO()
    writer = csv.DictWriter(stream, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return stream.getvalue()


def _plain(row: PlanRow) -> dict[str, object]:
    one, spread = row.expected, row.interval_68
    return {
        "temperature_K": one.temperature_K,
        "planned": row.total_ps is not None,
        "D_cm2_per_s": None if one.D is None else one.D * units.A2_PER_PS_IN_CM2_PER_S,
        "ln_D_error": one.ln_error if math.isfinite(one.ln_error) else None,
        "source": one.source,
        "total_ps": row.total_ps,
        "needed_low_68_ps": spread and spread.low,
        "needed_high_68_ps": spread and spread.high,
        "replicas": row.replicas,
        "each_ps": row.each_ps,
        "hours": row.hours,
        "limited_by": row.limited_by,
    }


def _cells(row: PlanRow) -> tuple[str, ...]:
    one = row.expected
    if one.D is None or row.total_ps is None or row.each_ps is None or row.interval_68 is None:
        return (f"{one.temperature_K:g}", "", "", "no plan", "", "", "", "", one.source)
    return (
        f"{one.temperature_K:g}",
        f"{one.D * units.A2_PER_PS_IN_CM2_PER_S:.1e}",
        one.source,
        digits(row.total_ps / 1000.0),
        f"{digits(row.interval_68.low / 1000.0)} to {digits(row.interval_68.high / 1000.0)}",
        str(row.replicas),
        digits(row.each_ps / 1000.0),
        "" if row.hours is None else digits(row.hours),
        "as long as a fit window needs" if row.limited_by == "one hop" else "",
    )


def goal_of(found: Findings, goal: Goal) -> Goal:
    """The goal with the hop length of the runs in place of its own."""
    from dataclasses import replace

    return replace(goal, hop_length_A=found.temperatures[0].hop_length_A) if found.temperatures else goal
