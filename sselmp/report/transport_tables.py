"""Transport results as JSON and CSV text, terminal rows and sentences; writes and prints nothing."""

from __future__ import annotations

import csv
import io
import json
import math
from dataclasses import dataclass

from sselmp import units
from sselmp.files import Json
from sselmp.report.transport_document import digits, document
from sselmp.report.transport_report import RunReport, TransportReport
from sselmp.transport.arrhenius import ArrheniusFit, Refusal, reach
from sselmp.transport.conductivity import Conductivity

CSV_COLUMNS = (
    "row",
    "potential",
    "system",
    "run",
    "temperature_K",
    "temperature_measured_K",
    "seed",
    "state",
    "duration_ps",
    "frames",
    "diffusive",
    "D_cm2_per_s",
    "D_error_cm2_per_s",
    "D_low_95_cm2_per_s",
    "D_high_95_cm2_per_s",
    "D_upper_bound_95_cm2_per_s",
    "sigma_mS_per_cm",
    "sigma_low_95_mS_per_cm",
    "sigma_high_95_mS_per_cm",
    "Ea_eV",
    "Ea_error_eV",
    "Ea_low_95_eV",
    "Ea_high_95_eV",
    "hops",
    "exponent",
    "reason",
    "note",
)


@dataclass(frozen=True)
class Table:
    """Rows of text under headers, for a terminal."""

    headers: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def json_text(report: TransportReport) -> str:
    """The document of ``transport_document`` as JSON."""
    return json.dumps(document(report), indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def csv_text(report: TransportReport) -> str:
    """One row per run, then one per temperature, then the law and the extrapolation; the first column says which."""
    plain = document(report)
    rows = [("run", run) for run in _list(plain["runs"])] + [("temperature", at) for at in _list(plain["temperatures"])]
    rows += [("arrhenius", row) for row in _list([plain["arrhenius"]])]
    rows += [("extrapolation", row) for row in _list([plain["extrapolation"]])]
    stream = io.StringIO()
    writer = csv.DictWriter(stream, CSV_COLUMNS, restval="", extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    for kind, row in rows:
        cells: Json = {"row": kind, "potential": report.potential, "system": report.system, **row}
        for name, unit in (("D", "cm2_per_s"), ("sigma", "mS_per_cm"), ("Ea", "eV")):
            low, high = _ends(row.get(f"{name}_interval_95_{unit}"))
            cells |= {f"{name}_low_95_{unit}": low, f"{name}_high_95_{unit}": high}
        writer.writerow({key: "" if value is None else _cell(value) for key, value in cells.items()})
    return stream.getvalue()


def table(report: TransportReport) -> Table:
    """One row per run for a terminal."""
    headers = ("T [K]", "measured", "seed", "time [ps]", "D [cm²/s]", "verdict")
    return Table(headers=headers, rows=tuple(_row(run) for run in report.runs))


def sentences(report: TransportReport) -> tuple[str, ...]:
    """What the runs show together, in sentences: conductivities, the law, the extrapolation, what to distrust."""
    result = report.result
    lines = [f"Note: {report.notice}"] if report.notice else []
    for at in result.temperatures:
        if at.conductivity is not None:
            lines.append(f"σ({at.temperature_K:g} K) = {_sigma_words(at.conductivity)}")
        elif len(at.names) > 1:
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
    exponent = int(f"{D * units.A2_PER_PS_IN_CM2_PER_S:e}".split("e")[1])
    scale = units.A2_PER_PS_IN_CM2_PER_S / 10.0**exponent
    return f"({D * scale:.2f} ± {error * scale:.2f})e{exponent:+03d}"


def _sigma_words(found: Conductivity) -> str:
    value, low, high = (
        number * units.S_PER_M_IN_MS_PER_CM
        for number in (found.sigma_S_per_m, found.interval_95.low, found.interval_95.high)
    )
    return f"{digits(value, count=3)} mS/cm (95 %: {digits(max(low, 0.0))} to {digits(high)} mS/cm)"


def _list(rows: object) -> list[Json]:
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []


def _ends(interval: object) -> tuple[object, object]:
    return (interval[0], interval[1]) if isinstance(interval, list) else (None, None)


def _cell(value: object) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)
