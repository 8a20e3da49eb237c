"""Carries out a preflight in the potential's environment: ``python -m sselmp.preflight.program CARD STRUCTURE OUT``.

It exits with 0 when everything was measured, whether or not a check failed; what it measured is in OUT, as JSON.
"""

from __future__ import annotations

import os
import platform
import resource
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from pathlib import Path
from statistics import median

from sselmp import files
from sselmp.errors import SselmpError
from sselmp.potentials.calculators import load_calculator
from sselmp.potentials.cards import Card, check_elements, load_card
from sselmp.potentials.environments import versions_here
from sselmp.potentials.predictions import Prediction
from sselmp.preflight import derivatives, dynamics, invariance, lammps_side, specimen
from sselmp.preflight.checks import Check, Limits, failed, limits_of, noted
from sselmp.preflight.measure import Calculations
from sselmp.preflight.record import Findings, Hardware, Outcome

PROGRESS = "sselmp-preflight"  # opens a line of progress: done, total, name of the check
STEPS: dict[specimen.Level, int] = {"quick": 12, "full": 24}
Several = tuple[Check, ...]


def main() -> None:
    """Run with the arguments of this process."""
    try:
        card_name, structure, out = sys.argv[1:]
        findings = run(card_name, specimen.read(Path(structure)))
        files.write_text(Path(out), findings.model_dump_json(indent=1) + "\n")
    except SselmpError as error:
        sys.stderr.write(f"sselmp-preflight: {error}\n")
        raise SystemExit(error.exit_code) from error


def run(card_name: str, subject: specimen.Specimen) -> Findings:
    """Carry out all checks of a potential on a structure.

    Raises:
        SettingsError: There is no such card.
    """
    start = time.perf_counter()
    card = load_card(card_name)
    preflight = _Preflight(card, card_name, subject=subject, progress=_Progress(total=_planned(card, subject)))
    checks = tuple(with_allowance(check, card) for check in preflight.checks())
    return Findings(
        checks=tuple(Outcome(**asdict(check)) for check in checks),
        versions=versions_here(),
        hardware=_hardware(),
        seconds=round(time.perf_counter() - start, 2),
        seconds_per_evaluation=preflight.seconds_per_evaluation,
        seconds_per_step=preflight.seconds_per_step,
        peak_memory_MB=_peak_memory_MB(),
        peak_gpu_memory_MB=_peak_gpu_memory_MB(),
    )


def with_allowance(check: Check, card: Card) -> Check:
    """Let a check pass that its card allows to miss the limit by as much as it does, and say so."""
    for allowance in card.allowances:
        if (
            allowance.check == check.name
            and not check.passed
            and check.measured is not None
            and check.limit is not None
        ):
            limit = check.limit * allowance.times
            words = f"{check.words}; the card allows {allowance.times:g} times the limit: {allowance.reason}"
            return replace(check, passed=check.measured <= limit, limit=limit, words=words)
    return check


class _Progress:
    """Counts evaluations and tells of each in one line on stdout."""

    def __init__(self, *, total: int) -> None:
        self._done, self._total = 0, total
        self.name = "loading"

    def __call__(self) -> None:
        self._done += 1
        sys.stdout.write(f"{PROGRESS} {min(self._done, self._total)} {self._total} {self.name}\n")
        sys.stdout.flush()


class _Preflight:
    """The checks in their order; one that cannot be carried out fails, and the others still run."""

    def __init__(self, card: Card, card_name: str, *, subject: specimen.Specimen, progress: _Progress) -> None:
        self._card, self._card_name, self._level = card, card_name, subject.level
        self._crystal = specimen.perturbed(subject.crystal())
        self._progress = progress
        self.seconds_per_evaluation: float | None = None
        self.seconds_per_step: float | None = None

    def checks(self) -> Iterator[Check]:
        """Carry out all checks."""
        try:
            self._progress.name = "loading"
            check_elements(self._card, self._crystal.elements)
            evaluate = Calculations(self._card, load_calculator(self._card), on_evaluation=self._progress)
            base = evaluate(self._crystal)
        except SselmpError as error:
            yield failed("loading", str(error))
            return
        limits = limits_of(base, self._card.precision)
        yield from self._with_ase(evaluate, base=base, limits=limits)
        yield _inputs(evaluate)
        yield from self._guarded("parity", lambda: self._with_lammps(base=base, limits=limits))
        self.seconds_per_evaluation = median(evaluate.seconds)
        yield noted("time", measured=self.seconds_per_step, units="s/step", words=self._time_words())
        yield noted("memory", measured=_peak_memory_MB(), units="MB", words=f"peak, {len(self._crystal)} atoms")

    def _with_ase(self, evaluate: Calculations, *, base: Prediction, limits: Limits) -> Iterator[Check]:
        crystal, card = self._crystal, self._card
        conservative = card.forces == "conservative"

        def derivative(check: Callable[..., Check]) -> Several:
            return (check(evaluate, crystal, base=base, limits=limits, level=self._level, conservative=conservative),)

        def invariant(check: Callable[..., Check]) -> Several:
            return (check(evaluate, crystal, base=base, limits=limits),)

        yield from self._guarded("elements", lambda: invariant(invariance.elements))
        yield from self._guarded(
            "cell", lambda: invariance.size(evaluate, crystal, base=base, limits=limits, cutoff=card.cutoff_A)
        )
        yield invariance.energies(crystal, base=base, limits=limits)
        yield from self._guarded("translation", lambda: invariant(invariance.translation))
        yield from self._guarded("rotation", lambda: invariant(invariance.rotation))
        yield from self._guarded("permutation", lambda: invariant(invariance.permutation))
        yield from self._guarded("forces", lambda: derivative(derivatives.forces))
        yield from self._guarded("stress", lambda: derivative(derivatives.stress))
        yield from self._guarded("determinism", lambda: invariant(invariance.determinism))

    def _with_lammps(self, *, base: Prediction, limits: Limits) -> Several:
        self._progress.name = "parity"

        def on_step() -> None:
            self._progress()
            self._progress.name = "drift"

        pair = lammps_side.Pair(self._card_name, elements=lammps_side.types_of(self._crystal))
        flown = lammps_side.fly(self._card, self._crystal, pair=pair, steps=STEPS[self._level], on_step=on_step)
        self.seconds_per_step = flown.seconds_per_step
        parity = lammps_side.parity(flown.first, base=base, limits=limits)
        conservative = self._card.forces == "conservative"
        return parity, dynamics.drift(flown.flight, limits=limits, conservative=conservative)

    def _guarded(self, name: str, measure: Callable[[], Several]) -> Several:
        self._progress.name = name
        try:
            return tuple(measure())
        except SselmpError as error:
            return (failed(name, _one_line(error)),)

    def _time_words(self) -> str:
        ase = f"{self.seconds_per_evaluation:.3g} s an evaluation through ASE"
        return f"LAMMPS through the bridge; {ase}, {len(self._crystal)} atoms"


def _inputs(evaluate: Calculations) -> Check:
    words = "positions and cell are left as they were given"
    if evaluate.changed:
        return failed("inputs", f"the calculator changes {evaluate.changed} that it is given")
    return noted("inputs", measured=None, words=words)


def _planned(card: Card, subject: specimen.Specimen) -> int:
    """Number of evaluations, for the bar."""
    kinds = len(set(subject.species))
    symmetric = 1 + (kinds + 1 if kinds > 1 else 0) + 1 + 3 + 1
    derived = derivatives.evaluations(level=subject.level, elements=kinds, stress_given=card.stress)
    return symmetric + derived + 1 + STEPS[subject.level]


def _one_line(error: SselmpError) -> str:
    return " ".join(str(error).split())[:600]


def _hardware() -> Hardware:
    cpu = Path("/proc/cpuinfo")
    lines = cpu.read_text(encoding="utf-8").splitlines() if cpu.is_file() else []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return Hardware(
        host=platform.node(),
        processor=models[0] if models else platform.processor() or platform.machine(),
        threads=os.environ.get("OMP_NUM_THREADS", "not set"),
        device=_device(),
    )


def _device() -> str:
    torch = sys.modules.get("torch")
    return str(torch.cuda.get_device_name()) if torch is not None and torch.cuda.is_available() else "cpu"


def _peak_memory_MB() -> float:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(peak / (1024.0 if sys.platform != "darwin" else 1024.0**2), 1)


def _peak_gpu_memory_MB() -> float | None:
    torch = sys.modules.get("torch")
    if torch is None or not torch.cuda.is_available():
        return None
    return round(float(torch.cuda.max_memory_allocated()) / 1024.0**2, 1)


if __name__ == "__main__":
    main()
