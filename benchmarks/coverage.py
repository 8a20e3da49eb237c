"""How often the intervals of D and σ hold the truth, and verdicts are right, over simulated trajectories.

    .venv/bin/python benchmarks/coverage.py --trials 400 --out coverage.json

Prints a table. Every trajectory has a seed of its own that does not depend on the others. Intervals are those of the
collective conductivity (that of D_σ) and of D, and with it of the Nernst–Einstein conductivity, which is D times a
constant. They are counted over all trajectories and over those whose verdict is diffusive.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

import walks

from sselmp.transport.collective import charge_diffusivity, charge_motion
from sselmp.transport.verdict import assess

HOP2 = 2.5**2
CHAIN = 3


@dataclass(frozen=True)
class Case:
    """A kind of motion; ``hops`` is the mean number of hops in a trajectory, 0 for a cage that has no way out."""

    name: str
    frames: int
    ions: int
    hops: float
    memory: float = 0.0

    @property
    def chance(self) -> float:
        """Of a hop, per ion and frame."""
        return self.hops / self.frames / self.ions

    @property
    def D(self) -> float:
        """True one [Å²/ps]."""
        return self.chance * HOP2 / 6.0

    def simulate(self, rng: np.random.Generator) -> np.ndarray:
        """One trajectory, (F, n, 3) [Å]."""
        size = {"frames": self.frames, "ions": self.ions}
        if self.name == "lattice":
            return walks.lattice_walk(rng, **size, chance=self.chance)
        if self.name == "anisotropic":
            return walks.walk(rng, **size, D=np.array([6.0, 2.0, 1.0]) / 3.0 * self.D)
        if self.name == "caged rattling":
            return walks.caged_walk(rng, **size, chance=self.chance)
        if self.name == "correlated":
            return walks.chain_walk(rng, **size, chance=self.chance, group=CHAIN)
        return walks.cage(rng, **size, width=0.8, memory=self.memory)


MOVING = tuple(
    Case(name, frames, ions, hops)
    for name in ("lattice", "anisotropic", "caged rattling", "correlated")
    for frames, ions, hops in ((1000, 24, 480.0), (1000, 8, 15.0), (1000, 24, 100.0), (3000, 24, 4000.0))
)
CAGES = tuple(Case("cage", frames, 24, 0.0, memory) for frames, memory in ((400, 3.0), (400, 20.0), (1000, 50.0)))


def study(case: Case, *, trials: int, seed: int) -> dict[str, object]:
    kinds: Counter[str] = Counter()
    held: Counter[str] = Counter()
    errors, values = [], []
    for trial in range(trials):
        rng = np.random.default_rng([seed, trial, case.frames, case.ions, round(case.hops)])
        motion = walks.motion(case.simulate(rng))
        found = assess([motion])
        kinds[found.verdict.kind] += 1
        if found.verdict.upper_bound is not None:
            held["bounds"] += 1
            held["bounds that hold"] += found.verdict.upper_bound >= case.D
        if not case.hops:
            continue
        charge = charge_diffusivity([charge_motion(motion)], least=found.onset.scale)
        truths = (case.D, case.D * (CHAIN if case.name == "correlated" else 1))
        for name, one, truth in zip(("D", "Dσ"), (found.diffusivity, charge), truths, strict=True):
            for interval in (one.interval_68, one.interval_95):
                inside = interval.low <= truth <= interval.high
                key = f"{name} {100 * interval.probability:.0f}"
                held[key] += inside
                held[f"{key} diffusive"] += inside and found.verdict.diffusive
        values.append(found.diffusivity.D / case.D)
        errors.append(found.diffusivity.error / case.D)
    return _row(case, trials, kinds=kinds, held=held, values=values, errors=errors)


def _row(case, trials, *, kinds, held, values, errors) -> dict[str, object]:
    row: dict[str, object] = {"motion": case.name, "frames": case.frames, "ions": case.ions, "hops": case.hops}
    row |= {"memory": case.memory} if case.memory else {}
    row |= {kind: kinds[kind] / trials for kind in ("diffusive", "too short", "not diffusive")}
    row["bounds_held"] = held["bounds that hold"] / held["bounds"] if held["bounds"] else None
    if case.hops:
        row |= {
            "mean_D": float(np.mean(values)),
            "scatter_D": float(np.std(values)),
            "mean_error": float(np.mean(errors)),
        }
        for key in ("D 68", "D 95", "Dσ 68", "Dσ 95"):
            row[key] = held[key] / trials
            row[f"{key} diffusive"] = held[f"{key} diffusive"] / kinds["diffusive"] if kinds["diffusive"] else None
    return row


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=400)
    parser.add_argument("--seed", type=int, default=4)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    rows = []
    for case in (*MOVING, *CAGES):
        row = study(case, trials=options.trials, seed=options.seed)
        rows.append(row)
        cells = (f"{key} {value:.3g}" if isinstance(value, float) else f"{key} {value}" for key, value in row.items())
        print("  ".join(cells), flush=True)
        if options.out:
            options.out.write_text(json.dumps({"trials": options.trials, "seed": options.seed, "rows": rows}, indent=1))


if __name__ == "__main__":
    main()
