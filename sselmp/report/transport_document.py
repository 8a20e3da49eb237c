"""Transport results as one plain document with units in its keys; writes nothing."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sselmp import __version__, units
from sselmp.files import Json
from sselmp.report.arrhenius_document import (
    arrhenius_document,
    extrapolation_document,
    sigma_document,
    span,
)
from sselmp.report.transport_report import RunReport, TransportReport
from sselmp.transport.diffusion import Diffusivity
from sselmp.transport.method import Method
from sselmp.transport.msd import Array, Msd
from sselmp.transport.onset import Onset
from sselmp.transport.study import TemperatureTransport
from sselmp.transport.verdict import Assessment, late_exponent

FORMAT = "sselmp-transport-1"
LAGS_KEPT = 250


def document(report: TransportReport) -> Json:
    """Everything found, as plain data with the units in the keys; enough to redraw both figures.

    Numbers of a motion that is not diffusive are under ``fit`` only, as ``apparent_D_cm2_per_s``: its ``D_cm2_per_s``
    is null.
    """
    result = report.result
    return {
        "format": FORMAT,
        "sselmp_version": __version__,
        "potential": report.potential,
        "system": report.system,
        "notice": report.notice,
        "mobile_species": result.mobile_species,
        "charge_e": result.charge,
        "extrapolate_to_K": result.extrapolate_to_K,
        "method": {
            "reference": result.method.reference,
            "fit_start_asked_ps": result.method.start_ps,
            "fit_start_from": start_from(result.method),
        },
        "runs": [_run(run) for run in report.runs],
        "temperatures": [
            {
                "temperature_K": at.temperature_K,
                "runs": [Path(name).name for name in at.names],
                "number_density_per_A3": at.carriers.number_density,
                **_assessment(at.assessment),
                **sigma_document(at.conductivity),
                **_collective(at),
                "msd": _curves(at.assessment, ()),
            }
            for at in result.temperatures
        ],
        "arrhenius": arrhenius_document(result.arrhenius, result.extrapolate_to_K),
        "extrapolation": extrapolation_document(
            result.extrapolated, fit=result.arrhenius, extrapolate_to_K=result.extrapolate_to_K
        ),
        "cautions": list(result.cautions),
    }


def kept_lags(lags: int) -> NDArray[np.intp]:
    """Indices of the lags that are stored and drawn: the first half of all, thinned evenly on a logarithmic scale."""
    last = max(1, lags // 2)
    if last <= LAGS_KEPT:
        return np.arange(last + 1) if last < lags else np.arange(lags)
    return np.unique(np.concatenate([[0], np.geomspace(1, last, LAGS_KEPT).round()])).astype(np.intp)


def start_from(method: Method) -> str:
    """Where the start of the fits is from, in a word."""
    return "data" if method.start_ps is None else "given"


def reference_words(method: Method) -> str:
    """What positions are relative to."""
    if method.reference == "none":
        return "positions as they are"
    return "relative to the " + ("framework" if method.reference == "framework" else "centre of mass of all atoms")


def digits(value: float, *, count: int = 2) -> str:
    """A number in so many significant digits, without an exponent where it has an ordinary size (510, not 5.1e+02)."""
    return f"{float(f'{value:.{count}g}'):g}"


def _run(run: RunReport) -> Json:
    facts, found = run.facts, run.transport
    plain: Json = {
        "run": facts.folder.name,
        "id": facts.run_id,
        "temperature_K": facts.temperature_K,
        "temperature_measured_K": run.measured_temperature_K,
        "seed": facts.seed,
        "state": facts.state,
        "analysed": found is not None,
        "note": run.note,
        "production_asked_ps": facts.production_ps,
        "frames": run.frames,
        "frame_spacing_ps": run.spacing_ps,
    }
    if found is None:
        return plain
    return plain | {
        "duration_ps": found.duration_ps,
        "volume_A3": found.volume_A3,
        **_assessment(found.assessment),
        "msd": _curves(found.assessment, found.framework),
    }


def _assessment(found: Assessment) -> Json:
    verdict, fit, unlike = found.verdict, found.diffusivity, found.verdict.heterogeneity
    D = fit if verdict.diffusive else None
    return {
        "verdict": verdict.kind,
        "diffusive": verdict.diffusive,
        "reason": verdict.reason,
        "hops": verdict.hops,
        "hops_per_ion": verdict.hops / found.msd.ions,
        "hop_length_A": verdict.hop_length_A,
        "needs_ns": None if verdict.needs_ps is None else verdict.needs_ps / 1000.0,
        "D_cm2_per_s": D and _cm2(D.D),
        "D_error_cm2_per_s": D and _cm2(D.error),
        "D_interval_68_cm2_per_s": D and span(D.interval_68, units.A2_PER_PS_IN_CM2_PER_S),
        "D_interval_95_cm2_per_s": D and span(D.interval_95, units.A2_PER_PS_IN_CM2_PER_S),
        "D_upper_bound_95_cm2_per_s": None if verdict.upper_bound is None else _cm2(verdict.upper_bound),
        "exponent": late_exponent(found.shape),
        "non_gaussian_alpha_2": unlike and unlike.alpha_2,
        "non_gaussian_lag_ps": unlike and unlike.lag_ps,
        "moving_share": unlike and unlike.moving_share,
        "fit": fit and _fit(fit),
        "regime": found.onset and _regime(found.onset, found.msd),
    }


def _fit(fit: Diffusivity) -> Json:
    return {
        "window_ps": list(fit.window_ps),
        "apparent_D_cm2_per_s": _cm2(fit.D),
        "apparent_D_error_cm2_per_s": _cm2(fit.error),
        "degrees_of_freedom": fit.degrees_of_freedom if math.isfinite(fit.degrees_of_freedom) else None,
        "error_from": fit.error_from,
        "model_error_cm2_per_s": _cm2(fit.model_error),
        "block_error_cm2_per_s": None if fit.block_error is None else _cm2(fit.block_error),
        "replica_error_cm2_per_s": None if fit.replica_error is None else _cm2(fit.replica_error),
        "intercept_A2": fit.intercept_A2,
        "axes": fit.axes,
        "block_D_cm2_per_s": [_cm2(D) for D in fit.blocks],
        "apparent_D_xyz_cm2_per_s": [_cm2(D) for D in fit.axis_D],
        "apparent_D_xyz_error_cm2_per_s": [_cm2(D) for D in fit.axis_error],
    }


def _curves(found: Assessment, others: Sequence[Msd]) -> Json:
    """MSD curves at the lags kept, and the standard error of the first at those within a block."""
    lags = kept_lags(len(found.msd.lags_ps))
    plain: Json = {"lag_ps": _rounded(found.msd.lags_ps[lags])}
    for msd in (found.msd, *others):
        plain[f"{msd.species}_A2"] = _rounded(msd.total[lags])
    for index, axis in enumerate("xyz"):
        plain[f"{found.msd.species}_{axis}_A2"] = _rounded(found.msd.axes[lags, index])
    plain[f"{found.msd.species}_error_A2"] = _rounded(band(found, lags))
    shape = found.shape
    return plain | {
        "ladder_lag_ps": _rounded(shape.lags_ps),
        "ladder_exponent": _rounded(shape.exponent),
        "ladder_non_gaussian": _rounded(shape.non_gaussian),
    }


def band(found: Assessment, lags: NDArray[np.intp]) -> Array:
    """Standard error of the MSD at some of its lags, between those of the ladder along a power of the time [Å²]."""
    ladder, errors = found.shape.lags_ps, np.maximum(found.shape.error_A2, 1e-300)
    times = np.maximum(found.msd.lags_ps[lags], ladder[0])
    between = np.exp(np.interp(np.log(times), np.log(ladder), np.log(errors)))
    return np.asarray(np.where(lags > 0, between, 0.0), dtype=np.float64)


def _regime(onset: Onset, msd: Msd) -> Json:
    """Where the diffusive regime starts and what that was concluded from."""
    spacing = float(msd.lags_ps[1])
    return {
        "start_ps": onset.scale * spacing,
        "found": onset.found,
        "given": onset.given,
        "scale_ps": _rounded(np.asarray(onset.scales * spacing, dtype=np.float64)),
        "D_at_scale_cm2_per_s": [_cm2(D) for D in onset.slopes],
        "fall_beyond_over_doubt": _rounded(onset.falls),
    }


def _collective(at: TemperatureTransport) -> Json:
    """Motion of charge, and the tensor."""
    charge, haven, tensor, sigma = at.charge_diffusivity, at.haven, at.tensor, at.collective
    factor = units.S_PER_M_IN_MS_PER_CM
    return {
        "charge_D_cm2_per_s": charge and _cm2(charge.D),
        "charge_D_error_cm2_per_s": charge and _cm2(charge.error),
        "charge_D_interval_68_cm2_per_s": charge and span(charge.interval_68, units.A2_PER_PS_IN_CM2_PER_S),
        "charge_D_interval_95_cm2_per_s": charge and span(charge.interval_95, units.A2_PER_PS_IN_CM2_PER_S),
        "charge_fit_start_ps": charge and charge.window_ps[0],
        "sigma_collective_mS_per_cm": sigma and sigma.sigma_S_per_m * factor,
        "sigma_collective_interval_68_mS_per_cm": sigma and span(sigma.interval_68, factor),
        "sigma_collective_interval_95_mS_per_cm": sigma and span(sigma.interval_95, factor),
        "haven_ratio": haven and haven.ratio,
        "haven_ratio_error": haven and haven.error,
        "haven_ratio_interval_68": haven and span(haven.interval_68, 1.0),
        "haven_ratio_interval_95": haven and span(haven.interval_95, 1.0),
        "sigma_all_ions_mS_per_cm": at.all_ions and at.all_ions.sigma_S_per_m * factor,
        "sigma_all_ions_interval_68_mS_per_cm": at.all_ions and span(at.all_ions.interval_68, factor),
        "sigma_all_ions_interval_95_mS_per_cm": at.all_ions and span(at.all_ions.interval_95, factor),
        "D_tensor_cm2_per_s": tensor and [[_cm2(D) for D in row] for row in tensor.D],
        "D_tensor_error_cm2_per_s": tensor and [[_cm2(D) for D in row] for row in tensor.error],
        "principal_D_cm2_per_s": tensor and [_cm2(D) for D in tensor.principal_D],
        "principal_D_error_cm2_per_s": tensor and [_cm2(D) for D in tensor.principal_error],
        "principal_axes": tensor and tensor.principal_axes.tolist(),
        "principal_axes_error_degrees": tensor and tensor.principal_axes_error_degrees.tolist(),
    }


def _cm2(D: float) -> float:
    return float(D) * units.A2_PER_PS_IN_CM2_PER_S


def _rounded(values: Array) -> list[float]:
    """Seven significant digits: more than any MSD has, and a third of the file."""
    return [float(f"{value:.7g}") for value in values]
