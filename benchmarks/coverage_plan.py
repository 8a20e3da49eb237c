"""How often the intervals of ``sselmp plan`` hold the time that is really needed, over simulated short runs.

    .venv/bin/python benchmarks/coverage_plan.py --trials 400 --json FILE

Short runs are simulated, judged and planned from, at one temperature or at three of which the law leads to a colder
one. The time that is really needed is that after which D of independent runs, found in the same way, scatters by the
precision asked for: from the scatter in runs about as long as it takes, with variance falling as one over time.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

import walks

from sselmp import units
from sselmp.transport.arrhenius import ArrheniusPoint, Refusal, extrapolate, fit_arrhenius
from sselmp.transport.planning import Expected, Goal, Measured, plan
from sselmp.transport.verdict import assess

HOP2, IONS, EA = 2.5**2, 24, 0.25
COLDEST, TARGET = 600.0, 500.0
GOAL = Goal(precision=0.05, replicas=1, timestep_ps=0.002, ms_per_step=None, hop_length_A=2.5)


@dataclass(frozen=True)
class Case:
    """A motion, the hops in a short run of 1000 frames at 600 K, and the temperatures of the short runs."""

    motion: str
    hops: float
    kelvins: tuple[float, ...] = (COLDEST,)

    @property
    def target(self) -> float:
        """The temperature planned for: that of the run, or one that was not run [K]."""
        return TARGET if len(self.kelvins) > 1 else COLDEST

    def chance(self, kelvin: float) -> float:
        """Of a hop, per ion and frame."""
        per = 1.0 / units.BOLTZMANN_EV_PER_K
        return self.hops / 1000 / IONS * math.exp(-EA * per * (1.0 / kelvin - 1.0 / COLDEST))

    def simulate(self, rng: np.random.Generator, *, frames: int, kelvin: float):
        """What a run of so many frames is judged to be."""
        chosen = {"lattice": walks.lattice_walk, "caged rattling": walks.caged_walk, "hops in threes": walks.chain_walk}
        positions = chosen[self.motion](rng, frames=frames, ions=IONS, chance=self.chance(kelvin))
        return assess([walks.motion(positions)])


CASES = tuple(
    Case(motion, hops, kelvins)
    for motion in ("lattice", "caged rattling", "hops in threes")
    for hops, kelvins in ((100.0, (COLDEST,)), (400.0, (COLDEST,)), (100.0, (COLDEST, 700.0, 850.0)))
)


def needed(case: Case, *, trials: int, seed: int) -> tuple[float, float]:
    """The time after which D scatters by the precision asked for, and its relative error [ps]."""
    frames = round(500 * (3 if case.motion == "hops in threes" else 1) / IONS / case.chance(case.target))
    found = []
    for trial in range(trials):
        rng = np.random.default_rng([seed, 1, trial, round(case.hops), len(case.kelvins)])
        found.append(case.simulate(rng, frames=frames, kelvin=case.target).diffusivity.D)
    scatter = float(np.std(found, ddof=1)) / (case.chance(case.target) * HOP2 / 6.0)
    return frames * (scatter / GOAL.precision) ** 2, math.sqrt(2.0 / (trials - 1))


def planned(case: Case, *, seed: int, trial: int):
    """The plan's row for the target; None where the short runs give none."""
    measured = []
    for kelvin in case.kelvins:
        rng = np.random.default_rng([seed, 2, trial, round(case.hops), round(kelvin), len(case.kelvins)])
        found = case.simulate(rng, frames=1000, kelvin=kelvin)
        one = found.diffusivity
        if found.verdict.diffusive:
            measured.append(Measured(kelvin, one.D, one.error, one.degrees_of_freedom, one.observed_ps))
    if len(measured) < len(case.kelvins):
        return None
    if len(case.kelvins) == 1:
        (only,) = measured
        wanted = Expected(only.temperature_K, only.D, only.error / only.D, "measured")
    else:
        points = [ArrheniusPoint(one.temperature_K, one.D, one.error, one.degrees_of_freedom) for one in measured]
        law = fit_arrhenius(points)
        if isinstance(law, Refusal) or law.fault is not None:
            return None
        there = extrapolate(law, TARGET)
        wanted = Expected(TARGET, there.D, there.ln_error, "Arrhenius law")
    return plan(measured, [wanted], goal=GOAL).rows[0]


def study(case: Case, *, trials: int, seed: int) -> dict[str, object]:
    """One row of the table."""
    truth, truth_error = needed(case, trials=trials, seed=seed)
    rows = [row for trial in range(trials) if (row := planned(case, seed=seed, trial=trial)) is not None]
    times = np.array([math.sqrt(row.interval_68.low * row.interval_68.high) for row in rows])
    held = [row.interval_68.low <= truth <= row.interval_68.high for row in rows]
    return {
        "motion": case.motion,
        "hops_at_600_K": case.hops,
        "planned_for": "the run's own temperature" if len(case.kelvins) == 1 else "500 K by the law of three",
        "plans": len(rows) / trials,
        "needed_ps": truth,
        "needed_relative_error": truth_error,
        "held_68": float(np.mean(held)),
        "median_planned_over_needed": float(np.median(times) / truth),
        "planned_over_needed_16_84": [float(one) for one in np.quantile(times, [0.16, 0.84]) / truth],
        "interval_factor": float(np.median([math.sqrt(row.interval_68.high / row.interval_68.low) for row in rows])),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=400)
    parser.add_argument("--seed", type=int, default=4)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    rows = []
    for case in CASES:
        rows.append(study(case, trials=options.trials, seed=options.seed))
        print("  ".join(f"{key} {value}" for key, value in rows[-1].items()), flush=True)
        if options.json:
            options.json.write_text(json.dumps({"trials": options.trials, "rows": rows}, indent=1))


if __name__ == "__main__":
    main()
