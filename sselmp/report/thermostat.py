"""A run and its continuation at constant energy to a comparison of their D, as JSON and sentences; starts nothing."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from sselmp import files, layout, units
from sselmp.settings import Reference
from sselmp.trajectory.log import read_thermo
from sselmp.trajectory.run_folder import RunTrajectory, read_run, segment_files
from sselmp.transport.msd import relative_motion
from sselmp.transport.thermostat import Comparison, Conservation, compare, conservation, starting_temperature
from sselmp.transport.verdict import Assessment, assess

_CM2 = units.A2_PER_PS_IN_CM2_PER_S


@dataclass(frozen=True)
class Check:
    """What two runs show of the thermostat's part in D.

    Attributes:
        nvt: The run at constant temperature.
        nve: Its continuation at constant energy.
        nvt_temperature_K: Mean temperature of the first [K].
        kept: How well the second kept its energy.
        comparison: The difference, or why there is none.
        folder: Of the second, where the record is.
    """

    nvt: Assessment
    nve: Assessment
    nvt_temperature_K: float | None
    kept: Conservation
    comparison: Comparison | str
    folder: Path


def temperature_at_the_end(folder: Path, first_step: int) -> float:
    """Temperature to scale the last velocities of a run to, for the energy that its production had in the mean [K].

    Raises:
        TrajectoryError: There is no log, or the last energy is too far off.
    """
    thermo = read_thermo(segment_files(folder, layout.log_name))
    chosen = thermo.column("Step") >= first_step
    temperature, kinetic, total = (thermo.column(name)[chosen] for name in ("Temp", "KinEng", "TotEng"))
    return starting_temperature(temperature, kinetic=kinetic, total=total)


def check(nvt_folder: Path, nve_folder: Path) -> Check:
    """Analyse both runs in the same way, compare them, and write ``thermostat.json`` beside the second.

    Raises:
        RunError: A folder is not a run folder, or the record cannot be written.
        TrajectoryError: A trajectory or log cannot be used.
    """
    before, after = read_run(nvt_folder), read_run(nve_folder)
    thermo = read_thermo(segment_files(nve_folder, layout.log_name))
    kept = conservation(
        thermo.column("Step") * after.facts.timestep_ps,
        temperature=thermo.column("Temp"),
        total=thermo.column("TotEng"),
        atoms=len(after.trajectory.species),
    )
    nvt, nve = _assessed(before), _assessed(after)
    found = Check(
        nvt=nvt,
        nve=nve,
        nvt_temperature_K=before.measured_temperature_K,
        kept=kept,
        comparison=compare(nvt, nve, kept=kept),
        folder=nve_folder,
    )
    text = json.dumps(_plain(found, before), indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    files.write_text(nve_folder / layout.THERMOSTAT_JSON, text)
    return found


def sentences(found: Check) -> tuple[str, ...]:
    """Both D, what became of the energy, and the difference or why it is not given."""
    kept = found.kept
    lines = [
        f"D at constant temperature: {_words(found.nvt)}",
        f"D at constant energy:      {_words(found.nve)}",
        f"temperature: {found.nvt_temperature_K or float('nan'):.1f} K and {kept.temperature_K:.1f} ± "
        f"{kept.temperature_error_K:.1f} K; energy drift at constant energy: ({kept.drift_eV_per_ps:.1e} ± "
        f"{kept.drift_error_eV_per_ps:.1e}) eV/ps, {kept.heating:+.2%} of the temperature over the run",
    ]
    if isinstance(found.comparison, str):
        return (*lines, f"No comparison: {found.comparison}")
    one = found.comparison
    what = "difference"
    if not one.diffusive:
        begin, end = one.window_ps
        what = f"no D to compare; difference of the slope of the MSD from {begin:.3g} to {end:.3g} ps"
    lines.append(
        f"{what}: ({one.difference * _CM2:.2e} ± {one.error * _CM2:.2e}) cm²/s (95 %: "
        f"{one.interval_95.low * _CM2:.2e} to {one.interval_95.high * _CM2:.2e}): "
        + (
            "no effect of the thermostat is seen"
            if one.agrees
            else f"the thermostat changes {'D' if one.diffusive else 'it'}"
        )
    )
    return tuple(lines)


def _assessed(run: RunTrajectory) -> Assessment:
    """D relative to the framework; to the centre of mass where every atom is mobile."""
    mobile = run.facts.mobile_species
    alone = set(run.trajectory.species) == {mobile}
    reference: Reference = "centre of mass" if alone else "framework"
    return assess([relative_motion(run.trajectory, mobile, mobile=mobile, reference=reference)])


def _words(found: Assessment) -> str:
    fit = found.diffusivity
    if fit is None or not found.verdict.diffusive:
        return f"{found.verdict.kind}: {found.verdict.reason}"
    return f"({fit.D * _CM2:.2e} ± {fit.error * _CM2:.2e}) cm²/s"


def _plain(found: Check, before: RunTrajectory) -> dict[str, object]:
    one = None if isinstance(found.comparison, str) else found.comparison
    kept = found.kept
    plain: dict[str, object] = {
        "format": "sselmp-thermostat-2",
        "potential": before.facts.potential,
        "system": before.facts.system,
        "nvt_run": before.facts.run_id,
        "compared": one and ("D" if one.diffusive else "slope of the MSD"),
        "compared_at_ps": one and list(one.window_ps),
        "reason": found.comparison if isinstance(found.comparison, str) else None,
        "difference_cm2_per_s": one and one.difference * _CM2,
        "difference_error_cm2_per_s": one and one.error * _CM2,
        "difference_interval_95_cm2_per_s": one and [one.interval_95.low * _CM2, one.interval_95.high * _CM2],
        "agrees": one and one.agrees,
        "nvt_temperature_K": found.nvt_temperature_K,
        "nve_temperature_K": kept.temperature_K,
        "nve_temperature_error_K": kept.temperature_error_K,
        "nve_drift_eV_per_ps": kept.drift_eV_per_ps,
        "nve_drift_error_eV_per_ps": kept.drift_error_eV_per_ps,
        "nve_heating": kept.heating,
    }
    for name, assessed in (("nvt", found.nvt), ("nve", found.nve)):
        fit = assessed.diffusivity
        plain |= {
            f"{name}_diffusive": assessed.verdict.diffusive,
            f"{name}_verdict": assessed.verdict.reason,
            f"{name}_D_cm2_per_s": fit and fit.D * _CM2 if assessed.verdict.diffusive else None,
            f"{name}_slope_cm2_per_s": fit and fit.D * _CM2,
            f"{name}_slope_error_cm2_per_s": fit and fit.error * _CM2,
            f"{name}_degrees_of_freedom": fit and fit.degrees_of_freedom,
        }
    return plain
