"""Transport results as CSV text, one row per run, temperature, law and extrapolation; writes nothing."""

from __future__ import annotations

import csv
import io

from sselmp.files import Json
from sselmp.report.transport_document import document, start_from
from sselmp.report.transport_report import TransportReport

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
    "reference",
    "fit_start_ps",
    "fit_start_from",
    "sigma_mS_per_cm",
    "sigma_low_95_mS_per_cm",
    "sigma_high_95_mS_per_cm",
    "sigma_collective_mS_per_cm",
    "sigma_collective_low_95_mS_per_cm",
    "sigma_collective_high_95_mS_per_cm",
    "sigma_all_ions_mS_per_cm",
    "sigma_all_ions_low_95_mS_per_cm",
    "sigma_all_ions_high_95_mS_per_cm",
    "haven_ratio",
    "haven_ratio_error",
    "haven_ratio_low_95",
    "haven_ratio_high_95",
    *(f"principal_D_{n}{what}_cm2_per_s" for n in (1, 2, 3) for what in ("", "_error")),
    *(f"principal_axis_{n}{what}" for n in (1, 2, 3) for what in ("", "_error_degrees")),
    "Ea_eV",
    "Ea_error_eV",
    "Ea_low_95_eV",
    "Ea_high_95_eV",
    "hops",
    "hops_per_ion",
    "exponent",
    "non_gaussian_alpha_2",
    "non_gaussian_lag_ps",
    "moving_share",
    "reason",
    "note",
)


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
        cells |= _ends_of_intervals(row) | _chosen(row, report) | _principal(row)
        writer.writerow({key: "" if value is None else _cell(value) for key, value in cells.items()})
    return stream.getvalue()


def _ends_of_intervals(row: Json) -> Json:
    """Both ends of every 95 % interval that has columns of its own."""
    found: Json = {}
    for name in ("D_{}cm2_per_s", "sigma_{}mS_per_cm", "sigma_collective_{}mS_per_cm", "sigma_all_ions_{}mS_per_cm"):
        low, high = _ends(row.get(name.format("interval_95_")))
        found |= {name.format("low_95_"): low, name.format("high_95_"): high}
    for name in ("Ea_{}95_eV", "haven_ratio_{}95"):
        low, high = _ends(row.get(name.format("interval_")))
        found |= {name.format("low_"): low, name.format("high_"): high}
    return found


def _chosen(row: Json, report: TransportReport) -> Json:
    """What positions are relative to, and where the fit starts, of a row that has one."""
    regime = row.get("regime")
    if not isinstance(regime, dict):
        return {}
    method = report.result.method
    start = {"fit_start_ps": regime["start_ps"], "fit_start_from": start_from(method)}
    return {"reference": method.reference, **start}


def _principal(row: Json) -> Json:
    """D along the principal axes, and these axes, each in a column of its own."""
    found: Json = {}
    for name, column in (
        ("principal_D_cm2_per_s", "principal_D_{}_cm2_per_s"),
        ("principal_D_error_cm2_per_s", "principal_D_{}_error_cm2_per_s"),
        ("principal_axes", "principal_axis_{}"),
        ("principal_axes_error_degrees", "principal_axis_{}_error_degrees"),
    ):
        values = row.get(name)
        for number, value in enumerate(values if isinstance(values, list) else [], start=1):
            text = " ".join(f"{part:.4f}" for part in value) if isinstance(value, list) else value
            found[column.format(number)] = text
    return found


def _list(rows: object) -> list[Json]:
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []


def _ends(interval: object) -> tuple[object, object]:
    return (interval[0], interval[1]) if isinstance(interval, list) else (None, None)


def _cell(value: object) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)
