"""Transport results as JSON text, terminal rows and sentences; writes and prints nothing."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass

from sselmp import units
from sselmp.report.transport_document import digits, document
from sselmp.report.transport_report import RunReport, TransportReport
from sselmp.transport.analysis import TransportResult
from sselmp.transport.arrhenius import ArrheniusFit, Refusal, reach
from sselmp.transport.conductivity import Conductivity
from sselmp.transport.intervals import Interval
from sselmp.transport.msd import Array
from sselmp.transport.study import TemperatureTransport


@dataclass(frozen=True)
class Table:
    """Rows of text under headers, for a terminal."""

    headers: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def json_text(report: TransportReport) -> str:
    """The document of ``transport_document`` as JSON."""
    return json.dumps(document(report), indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def table(report: TransportReport) -> Table:
    """One row per run for a terminal."""
    headers = ("T [K]", "measured", "seed", "time [ps]", "D [cm²/s]", "verdict")
    return Table(headers=headers, rows=tuple(_row(run) for run in report.runs))


def charge_table(report: TransportReport) -> Table:
    """One row per diffusive temperature for a terminal: conductivities, Haven ratio, D along the principal axes."""
    headers = (
        "T [K]",
        "σ [mS/cm] (95 %)",
        "collective σ (95 %)",
        "Haven ratio (95 %)",
        "D along principal axes [cm²/s]",
    )
    rows = [_charge_row(at, at.conductivity) for at in report.result.temperatures if at.conductivity is not None]
    return Table(headers=headers, rows=tuple(rows))


def _charge_row(at: TemperatureTransport, sigma: Conductivity) -> tuple[str, ...]:
    haven = at.haven
    return (
        f"{at.temperature_K:g}",
        _sigma_cell(sigma),
        "not resolved" if at.collective is None else _sigma_cell(at.collective),
        "" if haven is None else _with_interval(haven.ratio, haven.interval_95),
        "" if at.tensor is None else _several_with_errors(at.tensor.principal_D, at.tensor.principal_error),
    )


def _sigma_cell(found: Conductivity) -> str:
    factor = units.S_PER_M_IN_MS_PER_CM
    return _with_interval(found.sigma_S_per_m * factor, found.interval_95.scaled(factor))


def _with_interval(value: float, interval: Interval) -> str:
    return f"{digits(value, count=3)} ({digits(max(interval.low, 0.0))} to {digits(interval.high)})"


def sentences(report: TransportReport) -> tuple[str, ...]:
    """What the runs show together, in sentences: how they were looked at, the law, what follows, what to distrust."""
    result = report.result
    lines = [f"Note: {report.notice}"] if report.notice else []
    lines.append(_method_words(result))
    for at in result.temperatures:
        if at.conductivity is None and len(at.names) > 1:
            lines.append(f"{at.temperature_K:g} K, {len(at.names)} runs together: {at.assessment.verdict.reason}")
    if isinstance(result.arrhenius, ArrheniusFit):
        fit = result.arrhenius
        lines.append(
            f"Ea = {fit.Ea_eV:.3f} ± {fit.Ea_error_eV:.3f} eV "
            f"(95 %: {fit.Ea_interval_95.low:.3f} to {fit.Ea_interval_95.high:.3f} eV)"
        )
    if isinstance(result.extrapolated, Refusal):
        lines.append(f"σ({result.extrapolate_to_K:g} K) is not given: {result.extrapolated.reason}")
    else:
        sigma = result.extrapolated.conductivity
        lines.append(f"σ({sigma.temperature_K:g} K) = {_sigma_words(sigma)}, extrapolated")
    return (*lines, *_limits(report))


def _limits(report: TransportReport) -> list[str]:
    """What to distrust, unless the refusal says it already, and what the test of the law could not have seen."""
    result = report.result
    said = result.extrapolated.reason if isinstance(result.extrapolated, Refusal) else None
    lines = [f"Caution: {caution}" for caution in result.cautions if caution != said]
    if isinstance(result.arrhenius, ArrheniusFit) and said is None:
        hidden = digits(math.exp(min(result.arrhenius.straightness.detectable, 700.0)))
        far = reach(result.arrhenius, result.extrapolate_to_K)
        if far > 0:
            lines.append(
                f"The law reaches {far:.1f} times the range of 1/T that was measured; a bend that changes D by a "
                f"factor of {hidden} at a reach of 1 would have been seen in 80 %, a weaker one may be there"
            )
    return lines


def _row(run: RunReport) -> tuple[str, ...]:
    measured = "" if run.measured_temperature_K is None else f"{run.measured_temperature_K:.0f}"
    start = (f"{run.facts.temperature_K:g}", measured, str(run.facts.seed))
    if run.transport is None:
        return (*start, "", "", f"left out: {run.note}")
    found = run.transport.assessment
    if found.verdict.diffusive and found.diffusivity is not None:
        D = _with_error(found.diffusivity.D, found.diffusivity.error)
    elif found.verdict.upper_bound is not None:
        D = f"< {found.verdict.upper_bound * units.A2_PER_PS_IN_CM2_PER_S:.1e}"
    else:
        D = "no bound"
    verdict = f"{found.verdict.kind}: {found.verdict.reason}"
    return (*start, digits(run.transport.duration_ps, count=3), D, f"{verdict} [{run.note}]" if run.note else verdict)


def _with_error(D: float, error: float) -> str:
    """``(1.23 ± 0.45)e-05`` from D and its error [Å²/ps], in cm²/s."""
    return _several_with_errors([D], [error])


def _several_with_errors(values: Sequence[float] | Array, errors: Sequence[float] | Array) -> str:
    """``(1.23 ± 0.45, 0.98 ± 0.41)e-05`` from several D, the largest first, and their errors [Å²/ps], in cm²/s."""
    exponent = int(f"{values[0] * units.A2_PER_PS_IN_CM2_PER_S:e}".split("e")[1])
    scale = units.A2_PER_PS_IN_CM2_PER_S / 10.0**exponent
    each = (f"{D * scale:.2f} ± {error * scale:.2f}" for D, error in zip(values, errors, strict=True))
    return f"({', '.join(each)})e{exponent:+03d}"


def _method_words(result: TransportResult) -> str:
    """What positions are relative to and where fits start, and whose choice that was."""
    method = result.method
    told = {
        "framework": "Positions are relative to the framework",
        "centre of mass": "Positions are relative to the centre of mass of all atoms, as was asked",
        "none": "Positions are as they are, as was asked, so that a drift of the whole counts as diffusion",
    }[method.reference]
    starts = sorted({at.assessment.diffusivity.window_ps[0] for at in result.temperatures if at.assessment.diffusivity})
    if not starts:
        return f"{told}."
    fits = " to ".join(dict.fromkeys(digits(start, count=3) for start in (starts[0], starts[-1])))
    if method.start_ps is None:
        where = f" {fits} ps, found from the data"
    else:
        where = f" {fits} ps, for {method.start_ps:g} ps was asked"
    return f"{told}. Fits start at{where}."


def _sigma_words(found: Conductivity) -> str:
    value, low, high = (
        number * units.S_PER_M_IN_MS_PER_CM
        for number in (found.sigma_S_per_m, found.interval_95.low, found.interval_95.high)
    )
    return f"{digits(value, count=3)} mS/cm (95 %: {digits(max(low, 0.0))} to {digits(high)} mS/cm)"
