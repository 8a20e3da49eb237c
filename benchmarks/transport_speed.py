"""MSD, D and its error from random walks: sselmp beside kinisi and beside a bare numpy FFT per atom; and peak memory.

``.venv/bin/python benchmarks/transport_speed.py`` makes a throw-away environment with kinisi, saves each walk once as
.npy, lets every method load it (not timed) in a process of its own and in turn (A B C A B C ...), and prints medians.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(variable, "1")

import numpy as np  # noqa: E402 - after the number of threads

D_A2_PER_PS = 0.1
SPACING_PS = 0.1
KINISI = "kinisi==2.1.0"
METHODS = ("sselmp", "bare", "kinisi")


@dataclass(frozen=True)
class Case:
    """Atoms in all, those that move, and frames."""

    atoms: int
    mobile: int
    frames: int

    @property
    def name(self) -> str:
        """As files and lines of results have it."""
        return f"{self.atoms}-{self.mobile}-{self.frames}"


CASES = (Case(416, 192, 50_000), Case(1404, 648, 10_000))


# -- what is timed: positions (F, n, 3) of the mobile atoms to D and its error -----------------------------------------
def sselmp(positions):
    from sselmp.transport.msd import Motion
    from sselmp.transport.verdict import assess

    found = assess([Motion(species="Li", positions=positions, spacing_ps=SPACING_PS)]).diffusivity
    return found.D, found.error


def sselmp_msd(positions):
    from sselmp.transport.msd import squared_displacements

    return squared_displacements(positions).sum(axis=1)[100] / 6 / 100 / SPACING_PS, None


def bare(positions):
    """The MSD alone, atom by atom, as one writes it down: an FFT forth and back for each."""
    frames, atoms = positions.shape[:2]
    lags = np.arange(frames)
    total = np.zeros((3, frames))
    for atom in range(atoms):
        path = np.ascontiguousarray(positions[:, atom].T)
        spectrum = np.fft.rfft(path, n=2 * frames)
        correlation = np.fft.irfft(spectrum.real**2 + spectrum.imag**2, n=2 * frames)[:, :frames]
        sums = np.concatenate([np.zeros((3, 1)), np.cumsum(path**2, axis=1)], axis=1)
        total += (sums[:, frames - lags] + sums[:, [frames]] - sums[:, lags] - 2 * correlation) / (frames - lags)
    return total.sum(axis=0)[100] / atoms / 6 / 100 / SPACING_PS, None


def kinisi(positions, lags: int):
    """MSD and regression as kinisi does them; its unwrapping is left out. ``lags`` of zero: all, its default."""
    from types import SimpleNamespace

    import scipp as sc
    from kinisi.diffusion import Diffusion
    from kinisi.displacement import calculate_msd

    frames = len(positions)
    chosen = np.arange(1, frames) if not lags else np.unique(np.linspace(1, frames // 2, lags).astype(int))
    parsed = SimpleNamespace(
        displacements=sc.array(
            dims=["obs", "particle", "dimension"], values=positions[1:] - positions[0], unit="angstrom"
        ),
        dt_index=sc.array(dims=["time interval"], values=chosen),
        dt=sc.array(dims=["time interval"], values=chosen * SPACING_PS, unit="ps"),
        dimensionality=3 * sc.units.dimensionless,
    )
    regression = Diffusion(calculate_msd(parsed, progress=False))
    regression._diffusion(parsed.dt[len(parsed.dt) // 20], progress=False)
    values = regression.D.values * 1e4 if "cm" in str(regression.D.unit) else regression.D.values
    return float(np.mean(values)), float(np.std(values))


# -- one method in a process of its own --------------------------------------------------------------------------------
def peak_MB() -> float:
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1e3


def work(method: str, path: Path, *, lags: int) -> dict:
    positions = np.load(path)
    positions = np.ascontiguousarray(positions).transpose(2, 0, 1)  # stored (n, 3, F), as a reader leaves it
    function = {"sselmp": sselmp, "msd": sselmp_msd, "bare": bare}.get(method, lambda found: kinisi(found, lags))
    function(positions[:200])  # imports and plans
    wall, cpu = time.perf_counter(), time.process_time()
    D, error = function(positions)
    return {
        "wall_s": time.perf_counter() - wall,
        "cpu_s": time.process_time() - cpu,
        "peak_MB": peak_MB(),
        "D": float(D),
        "error": error,
    }


def work_on_file(path: Path, case: Case, *, memory_MB: float) -> dict:
    """All that ``sselmp analyze`` does with one trajectory file, but for the figures; its peak memory."""
    from sselmp.trajectory.frames import Reading
    from sselmp.trajectory.reading import read_files
    from sselmp.transport.analysis import analyse_transport
    from sselmp.transport.study import Sample

    reading = Reading(
        spacing_ps=SPACING_PS, species=("Li",) * case.mobile + ("S",) * (case.atoms - case.mobile), memory_MB=memory_MB
    )
    begin = time.process_time()
    trajectory = read_files([path], reading)
    read = time.process_time() - begin
    analyse_transport(
        [Sample("walk", 600.0, trajectory)], mobile_species="Li", charges={"Li": 1.0}, extrapolate_to_K=300.0
    )
    return {"read_s": read, "all_s": time.process_time() - begin, "peak_MB": peak_MB()}


# -- the walks ---------------------------------------------------------------------------------------------------------
def walk(case: Case, folder: Path) -> Path:
    path = folder / f"{case.name}.npy"
    stored = np.lib.format.open_memmap(path, mode="w+", dtype=np.float64, shape=(case.mobile, 3, case.frames))
    rng = np.random.default_rng(1)
    for atom in range(case.mobile):
        steps = rng.normal(scale=np.sqrt(2 * D_A2_PER_PS * SPACING_PS), size=(3, case.frames))
        stored[atom] = np.cumsum(steps, axis=1)
    stored.flush()
    return path


def dcd(case: Case, folder: Path) -> Path:
    """The same kind of walk for all atoms as a DCD file, which a reader has to go through."""
    path = folder / f"{case.name}.dcd"
    axis = np.dtype([("before", "<i4"), ("axis", "<f4", case.atoms), ("behind", "<i4")])
    frame = np.zeros(1, dtype=[("before", "<i4"), ("cell", "<f8", 6), ("behind", "<i4"), ("positions", axis, 3)])
    frame["before"] = frame["behind"] = 48
    frame["cell"] = (40.0, 0.0, 40.0, 0.0, 0.0, 40.0)
    frame["positions"]["before"] = frame["positions"]["behind"] = 4 * case.atoms
    rng, at = np.random.default_rng(2), np.zeros((3, case.atoms))
    widths = np.where(np.arange(case.atoms) < case.mobile, np.sqrt(2 * D_A2_PER_PS * SPACING_PS), 0.0)
    control = np.zeros(21, dtype="<i4")
    control[[1, 3, 11, 20]] = case.frames, 10, 1, 24
    control[0] = int.from_bytes(b"CORD", "little")

    def record(content: bytes) -> bytes:
        return np.int32(len(content)).tobytes() + content + np.int32(len(content)).tobytes()

    with path.open("wb") as stream:
        stream.write(record(control.tobytes()) + record(np.int32(1).tobytes() + b" " * 80))
        stream.write(record(np.int32(case.atoms).tobytes()))
        for _ in range(case.frames):
            at += rng.normal(size=at.shape) * widths
            frame["positions"]["axis"] = at
            stream.write(frame.tobytes())
    return path


# -- all of it ---------------------------------------------------------------------------------------------------------
def kinisi_python(folder: Path) -> Path:
    uv = Path(sys.executable).parent / "uv"
    prefix = folder / "kinisi"
    subprocess.run([uv, "venv", "--quiet", "--python", sys.executable, prefix], check=True)
    subprocess.run([uv, "pip", "install", "--quiet", "--python", prefix / "bin" / "python", KINISI], check=True)
    return prefix / "bin" / "python"


def measure(method: str, path: Path, *, python: Path, lags: int, limit_s: float) -> dict | None:
    argv = [python, __file__, "--work", method, "--path", path, "--lags", str(lags)]
    try:
        done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=limit_s)
    except subprocess.TimeoutExpired:
        print(f"    {method}: not done after {limit_s:g} s", flush=True)
        return None
    if done.returncode:
        print(f"    {method}: failed\n{done.stderr[-600:]}", flush=True)
        return None
    return json.loads(done.stdout.splitlines()[-1])


def compare(path: Path, methods: list[str], *, options: argparse.Namespace, lags: int) -> dict[str, list[dict]]:
    found: dict[str, list[dict]] = {method: [] for method in methods}
    for turn in range(options.turns):
        for method in methods:
            if method == "kinisi" and turn >= options.kinisi_turns:
                continue
            python = options.kinisi_python if method == "kinisi" else Path(sys.executable)
            one = measure(method, path, python=python, lags=lags, limit_s=options.limit)
            found[method] += [one] if one else []
    return found


def show(case: Case, found: dict[str, list[dict]]) -> None:
    base = statistics.median(one["cpu_s"] for one in found["sselmp"])
    for method, runs in found.items():
        if runs:
            cpu, wall = (statistics.median(one[name] for one in runs) for name in ("cpu_s", "wall_s"))
            error = runs[0]["error"]
            print(
                f"  {case.name}  {method:7s} cpu {cpu:9.2f} s  wall {wall:9.2f} s  = {cpu / base:7.2f} x sselmp's cpu"
                f"  ( {min(one['cpu_s'] for one in runs):.2f}-{max(one['cpu_s'] for one in runs):.2f}, n={len(runs)})"
                f"  peak {max(one['peak_MB'] for one in runs):.0f} MB"
                f"  D {runs[0]['D']:.5f} ± {error if error is None else round(error, 5)} Å²/ps",
                flush=True,
            )


def main(options: argparse.Namespace) -> None:
    print(f"numpy {version('numpy')}, scipy {version('scipy')}, {KINISI}; true D {D_A2_PER_PS} Å²/ps", flush=True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if options.kinisi_python is None and not options.no_kinisi:
            options.kinisi_python = kinisi_python(folder)
        others = ["msd", "bare"] + ([] if options.no_kinisi else ["kinisi"])
        if not options.no_kinisi:
            small = Case(416, 192, options.small)
            print(f"all lags, kinisi's default, at a size that it can do: {small.name}", flush=True)
            show(small, compare(walk(small, folder), ["sselmp", *others], options=options, lags=0))
        for case in CASES:
            print(f"{case.name} (kinisi with {options.lags} lags)", flush=True)
            path = walk(case, folder)
            show(case, compare(path, ["sselmp", *others], options=options, lags=options.lags))
            path.unlink()
        for case in CASES:
            path = dcd(case, folder)
            for memory in (64, 512, 2048):
                argv = [sys.executable, __file__, "--work", "file", "--path", path, "--case", case.name]
                argv += ["--memory", str(memory)]
                done = subprocess.run(argv, capture_output=True, text=True, check=True)
                said = json.loads(done.stdout.splitlines()[-1])
                print(
                    f"  {case.name}.dcd with --memory {memory}: peak {said['peak_MB']:.0f} MB = setting "
                    f"{said['peak_MB'] - memory:+.0f}, cpu: read {said['read_s']:.1f} s, all {said['all_s']:.1f} s",
                    flush=True,
                )
            path.unlink()


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--kinisi-turns", type=int, default=1)
    parser.add_argument("--kinisi-python", type=Path, help="of an environment that has it; else one is made")
    parser.add_argument("--no-kinisi", action="store_true")
    parser.add_argument("--lags", type=int, default=100, help="of kinisi at full size")
    parser.add_argument("--small", type=int, default=1000, help="frames at which kinisi takes all lags")
    parser.add_argument("--limit", type=float, default=1800.0, help="seconds that one method may take")
    parser.add_argument("--work", help=argparse.SUPPRESS)
    parser.add_argument("--path", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--case", help=argparse.SUPPRESS)
    parser.add_argument("--memory", type=float, help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    given = arguments()
    if given.work == "file":
        print(json.dumps(work_on_file(given.path, Case(*map(int, given.case.split("-"))), memory_MB=given.memory)))
    elif given.work:
        print(json.dumps(work(given.work, given.path, lags=given.lags)))
    else:
        main(given)
