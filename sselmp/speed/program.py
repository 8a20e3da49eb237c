"""Times steps in the potential's environment: ``python -m sselmp.speed.program WANTED OUT``; both are JSON."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from statistics import median

from sselmp import __version__, files
from sselmp.errors import SselmpError
from sselmp.potentials.calculators import chosen_device, load_calculator
from sselmp.potentials.cards import check_elements, load_card
from sselmp.potentials.environments import versions_here
from sselmp.potentials.fast.opening import opened
from sselmp.speed import ways
from sselmp.speed.record import PROGRESS, Findings, Timing, Wanted, Way
from sselmp.structures.crystal import Crystal
from sselmp.structures.supercell import factors_for, repeat
from sselmp.structures.systems import load_system

WARM_UP = 3
MOST_STEPS = 2000
PROFILED = 5


def main() -> None:
    """Run with the arguments of this process."""
    try:
        wanted, out = map(Path, sys.argv[1:])
        found = run(Wanted.model_validate_json(wanted.read_text(encoding="utf-8")))
        files.write_text(out, found.model_dump_json(indent=1) + "\n")
    except SselmpError as error:
        sys.stderr.write(f"sselmp-bench: {error}\n")
        raise SystemExit(error.exit_code) from error


def run(wanted: Wanted) -> Findings:
    """Time each way at each size.

    Raises:
        SettingsError: There is no such card or system, or the card does not know an element.
        PotentialError: The potential cannot be loaded.
    """
    card = load_card(wanted.card)
    crystal = load_system(wanted.system).crystal
    check_elements(card, crystal.elements)
    device = chosen_device(wanted.device, family=card.family)
    load_calculator(card, device=device)  # whatever is wrong with it is told before anything is timed
    timings: list[Timing] = []
    total = len(wanted.atoms) * (3 + len(wanted.replicas))
    for size in wanted.atoms:
        large = repeat(crystal, factors_for(crystal, minimum_atoms=size))
        bench = _Bench(wanted, large, device=device)
        timings += bench.single()
        _tell(len(timings), total=total, words=f"{len(large)} atoms")
        base = timings[-3].ms_per_step
        for replicas in wanted.replicas:
            timings.append(bench.batch(replicas, base_ms=base))
            _tell(len(timings), total=total, words=f"{replicas} × {len(large)} atoms")
    return Findings(
        potential=card.name,
        system=wanted.system,
        timings=tuple(timings),
        device=_device_name(device),
        cores=os.cpu_count() or 1,
        threads=_threads(),
        sselmp_version=__version__,
        versions=versions_here(),
        created=datetime.now(UTC).isoformat(timespec="seconds"),
    )


@dataclass
class _Turns:
    """A way, opened, and the times of a step in its turns [ms]."""

    way: Way
    steps: ways.Steps | None
    words: str
    times: list[float] = field(default_factory=list)
    busy: float | None = None


class _Bench:
    """The timings of one size."""

    def __init__(self, wanted: Wanted, crystal: Crystal, *, device: str) -> None:
        self._wanted, self._crystal, self._device = wanted, crystal, device
        self._card = load_card(wanted.card)
        self._calculator = load_calculator(self._card, device=device)

    def single(self) -> list[Timing]:
        """One replica by ASE's loop, the plain bridge and the fast path, in turn."""
        name, card, crystal, device = self._wanted.card, self._card, self._crystal, self._device
        makers: dict[Way, Callable[[], AbstractContextManager[ways.Steps]]] = {
            "ASE loop": lambda: ways.ase_loop(self._calculator, crystal),
            "plain bridge": lambda: ways.lammps_loop(name, crystal, device=device, path="plain"),
            "fast path": lambda: ways.fast_loop(card, self._calculator, crystal=crystal, device=device, name=name),
        }
        with ExitStack() as open_ways:
            turns = [_opened(way, make, open_ways=open_ways) for way, make in makers.items()]
            self._take_turns(turns)
        base = median(turns[0].times) if turns[0].times else None
        return [self._timing(one, replicas=1, base_ms=base) for one in turns]

    def batch(self, replicas: int, *, base_ms: float | None) -> Timing:
        """Replicas in one batch; ASE's loop would make one step after another."""
        many = [ways.atoms_of(self._crystal, seed=seed) for seed in range(replicas)]
        with ExitStack() as open_ways:

            def make() -> AbstractContextManager[ways.Steps]:
                return ways.batch_loop(self._card, self._calculator, device=self._device, many=many)

            turns = _opened("batch", make, open_ways=open_ways)
            self._take_turns([turns])
        return self._timing(turns, replicas=replicas, base_ms=None if base_ms is None else base_ms * replicas)

    def _take_turns(self, turns: list[_Turns]) -> None:
        """Warm each way up, then let them run in turn; what fails is left out from there on."""
        numbers = {one.way: self._attempt(one, self._warm_up) for one in turns}
        for _ in range(self._wanted.rounds):
            for one in turns:
                number = numbers[one.way]
                elapsed = None if number is None else self._attempt(one, partial(_timed, number=int(number)))
                one.times += [] if elapsed is None or number is None else [1e3 * elapsed / number]
        if self._device != "cpu":
            for one in turns:
                one.busy = self._attempt(one, _busy_ms)

    def _warm_up(self, turns: _Turns) -> float:
        """Number of steps of a turn."""
        _timed(turns, number=WARM_UP)
        return float(min(MOST_STEPS, max(1, round(self._wanted.seconds / _timed(turns, number=1)))))

    def _attempt(self, turns: _Turns, do: Callable[[_Turns], float]) -> float | None:
        try:
            return None if turns.steps is None else do(turns)
        except Exception as error:  # noqa: BLE001 - too little memory, or whatever else a package raises
            turns.steps, turns.words = None, _first_line(error)
            return None

    def _timing(self, turns: _Turns, *, replicas: int, base_ms: float | None) -> Timing:
        middle = median(turns.times) if turns.times and turns.steps is not None else None
        found = opened(self._card, self._calculator, device=self._device, path="fast")
        fast = found.words.removeprefix("fast path: ") if turns.way in {"fast path", "batch"} else ""
        return Timing(
            way=turns.way,
            atoms=len(self._crystal),
            replicas=replicas,
            ms_per_step=middle,
            lowest_ms=None if middle is None else min(turns.times),
            highest_ms=None if middle is None else max(turns.times),
            gpu_busy_ms=turns.busy,
            ratio=None if middle is None or base_ms is None else base_ms / middle,
            words=turns.words or fast,
        )


def _opened(way: Way, make: Callable[[], AbstractContextManager[ways.Steps]], *, open_ways: ExitStack) -> _Turns:
    try:
        return _Turns(way, open_ways.enter_context(make()), words="")
    except Exception as error:  # noqa: BLE001 - LAMMPS raises bare Exception, and a package whatever it likes
        return _Turns(way, None, words=_first_line(error))


def _timed(turns: _Turns, *, number: int) -> float:
    """Seconds that so many steps take, whatever was left to do on a GPU included."""
    if turns.steps is None:
        raise RuntimeError("a way that failed has no steps")
    _finish_gpu()
    start = time.perf_counter()
    turns.steps(number)
    _finish_gpu()
    return time.perf_counter() - start


def _busy_ms(turns: _Turns) -> float:
    """Milliseconds a step in which the GPU computes or copies."""
    from torch.profiler import ProfilerActivity, profile

    with profile(activities=[ProfilerActivity.CUDA]) as seen:
        _timed(turns, number=PROFILED)
    return float(sum(event.self_device_time_total for event in seen.key_averages())) / 1e3 / PROFILED


def _finish_gpu() -> None:
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_available():
        torch.cuda.synchronize()


def _device_name(device: str) -> str:
    import platform

    if device == "cpu":
        return platform.processor() or platform.machine()
    import torch

    return str(torch.cuda.get_device_name(device))


def _threads() -> int:
    torch = sys.modules.get("torch")
    return 1 if torch is None else int(torch.get_num_threads())


def _first_line(error: Exception) -> str:
    lines = [line for line in str(error).splitlines() if line.strip()]
    return f"{type(error).__name__}: {lines[0] if lines else ''}"


def _tell(done: int, *, total: int, words: str) -> None:
    with contextlib.suppress(BrokenPipeError):
        sys.stdout.write(f"{PROGRESS} {done} {total} {words}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
