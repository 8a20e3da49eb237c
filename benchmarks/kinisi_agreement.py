"""D and its error beside kinisi's, on Brownian walks and on the trajectory of kinisi's own manual.

    .venv/bin/python benchmarks/kinisi_agreement.py [--record tests/recorded/kinisi-2.1.0.json]

Makes a throw-away environment with kinisi, which brings its example (an XDATCAR of argyrodite) along. On walks kinisi
takes all lags, as it does by default. On the example both start at the same time, and kinisi takes the multiples of
that: its covariance is that of ions that forget each frame the one before, and with a lag every 0.1 ps, at which
vibrations are remembered, its D with default lags is not the slope of its own MSD (printed too).
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

KINISI = ("kinisi==2.1.0", "pymatgen")
WALKS, FRAMES, IONS, D_A2_PER_PS, SPACING_PS = 12, 400, 16, 0.1, 1.0
EXAMPLE_SPACING_PS = 0.1
STARTS = (4, 8, 16)  # frames of the example


def walk(seed: int) -> np.ndarray:
    """(F, n, 3) Brownian walk from the origin [Å]."""
    steps = np.random.default_rng([9, seed]).normal(0.0, (2 * D_A2_PER_PS * SPACING_PS) ** 0.5, (FRAMES, IONS, 3))
    steps[0] = 0.0
    return steps.cumsum(axis=0)


# -- in kinisi's environment -------------------------------------------------------------------------------------------
def regress(parsed, start_ps: float) -> tuple[float, float]:
    import scipp as sc
    from kinisi.diffusion import Diffusion
    from kinisi.displacement import calculate_msd

    np.random.seed(1)  # its sampler draws from this
    regression = Diffusion(calculate_msd(parsed, progress=False))
    regression._diffusion(sc.scalar(start_ps, unit="ps"), progress=False)
    values = regression.D.values * 1e4  # cm²/s to Å²/ps
    return float(np.mean(values)), float(np.std(values))


def kinisi_on_walk(seed: int) -> tuple[float, float]:
    from types import SimpleNamespace

    import scipp as sc

    lags, positions = np.arange(1, FRAMES), walk(seed)
    parsed = SimpleNamespace(
        displacements=sc.array(dims=["obs", "particle", "dimension"], values=positions[1:], unit="angstrom"),
        dt_index=sc.array(dims=["time interval"], values=lags),
        dt=sc.array(dims=["time interval"], values=lags * SPACING_PS, unit="ps"),
        dimensionality=3 * sc.units.dimensionless,
    )
    return regress(parsed, SPACING_PS)


def kinisi_on_example(path: Path, start: int, *, every: int | None) -> tuple[float, float]:
    import scipp as sc
    from kinisi.pymatgen import PymatgenParser
    from pymatgen.io.vasp import Xdatcar

    structures = Xdatcar(str(path)).structures
    lags = None
    if every is not None:
        values = np.arange(every, len(structures), every) * EXAMPLE_SPACING_PS
        lags = sc.array(dims=["time interval"], values=values, unit="ps")
    parsed = PymatgenParser(
        structures,
        specie="Li",
        time_step=0.002 * sc.Unit("ps"),
        step_skip=50 * sc.Unit("dimensionless"),
        dt=lags,
        progress=False,
    )
    return regress(parsed, start * EXAMPLE_SPACING_PS)


def theirs() -> dict:
    import kinisi

    example = Path(kinisi.__file__).parent / "tests" / "inputs" / "example_XDATCAR.gz"
    return {
        "kinisi": kinisi.__version__,
        "example": str(example),
        "walks": [kinisi_on_walk(seed) for seed in range(WALKS)],
        "multiples": {start: kinisi_on_example(example, start, every=start) for start in STARTS},
        "default lags": {start: kinisi_on_example(example, start, every=None) for start in STARTS},
    }


# -- in ours -----------------------------------------------------------------------------------------------------------
def ours(positions: np.ndarray) -> tuple[float, float]:
    from sselmp.transport.diffusion import diffusivity
    from sselmp.transport.msd import Motion
    from sselmp.transport.scales import measure_scales

    found = diffusivity(measure_scales([Motion(species="Li", positions=positions, spacing_ps=SPACING_PS)]), 1)
    return found.D, found.error


def ours_on_example(path: Path) -> dict[int, tuple[float, float]]:
    from sselmp.trajectory.frames import Reading
    from sselmp.trajectory.reading import read_files
    from sselmp.transport.diffusion import diffusivity
    from sselmp.transport.msd import relative_motion
    from sselmp.transport.scales import measure_scales
    from sselmp.transport.verdict import assess

    motion = relative_motion(read_files([path], Reading(spacing_ps=EXAMPLE_SPACING_PS)), "Li", mobile="Li")
    print(f"our verdict on the example: {assess([motion]).verdict.kind}: {assess([motion]).verdict.reason}")
    scales = measure_scales([motion])
    found = {start: diffusivity(scales, start) for start in STARTS}
    return {start: (one.D, one.error) for start, one in found.items()}


def row(name: str, *, our: tuple[float, float], their: tuple[float, float]) -> str:
    apart, ratio = abs(our[0] - their[0]) / their[1], our[1] / their[1]
    values = "  ".join(f"{D:.5f} ± {error:.5f}" for D, error in (our, their))
    return f"{name:28s}  {values}  {apart:10.2f}  {ratio:10.2f}"


def main(options: argparse.Namespace) -> None:
    with tempfile.TemporaryDirectory() as name:
        python = options.kinisi_python
        if python is None:
            uv, python = Path(sys.executable).parent / "uv", Path(name) / "bin" / "python"
            subprocess.run([uv, "venv", "--quiet", "--python", sys.executable, name], check=True)
            subprocess.run([uv, "pip", "install", "--quiet", "--python", python, *KINISI], check=True)
        done = subprocess.run([python, __file__, "--work"], capture_output=True, text=True, check=True)
        found = json.loads(done.stdout.splitlines()[-1])
        here = ours_on_example(Path(found["example"]))
    print(f"{'D [Å²/ps]':28s}  {'sselmp':17s}  {'kinisi ' + found['kinisi']:17s}  ΔD/error  error/kinisi's")
    walks = [ours(walk(seed)) for seed in range(WALKS)]
    for seed, (our, their) in enumerate(zip(walks, found["walks"], strict=True)):
        print(row(f"walk {seed}", our=our, their=their))
    for which, note in (("multiples", ""), ("default lags", ", default lags")):
        for start in STARTS:
            print(
                row(
                    f"example, {start * EXAMPLE_SPACING_PS:.1f} ps{note}",
                    our=here[start],
                    their=found[which][str(start)],
                )
            )
    for label, values in (("sselmp", walks), ("kinisi", found["walks"])):
        D, error = np.array(values).T
        print(f"{label} on the walks: scatter of D about the truth {np.sqrt(np.mean((D - D_A2_PER_PS) ** 2)):.5f}, "
              f"its own error {error.mean():.5f}")  # fmt: skip
    if options.record:
        kept = {"kinisi": found["kinisi"], "generator": "benchmarks/kinisi_agreement.py", "walks": found["walks"]}
        options.record.write_text(json.dumps(kept, indent=1) + "\n")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kinisi-python", type=Path, help="of an environment that has it; else one is made")
    parser.add_argument("--record", type=Path, help="write kinisi's values on the walks for the test")
    parser.add_argument("--work", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.work:
        print(json.dumps(theirs()))
    else:
        main(given)
