"""Replicas in one batch beside the same replicas one after another, and what a request to the batch server costs.

``.venv/bin/python benchmarks/batch_server.py sevennet chgnet --replicas 6 --steps 20 --rounds 3`` runs whole run
folders of Li6PS5Cl in turn (batched, one after another, batched ...); ``--requests 500`` times requests. Environments
are those of ``sselmp env build``.
"""

import argparse
import json
import os
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SIZES = (52, 1404, 11232)
FREE_CARD = """
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
CAMPAIGN = {
    "title": "replicas",
    "systems": ["Li6PS5Cl"],
    "temperatures_K": [600],
    "relaxation": {"what": "none"},
    "preflight": "skip",
}
# Runs in the environment: asks so often, for so many atoms, and prints seconds a request.
ASKER = """
import sys, time
from pathlib import Path
import numpy as np
card, server, atoms, count = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
if server == "-":
    from sselmp.bridge.forces import Model
    model = Model(card, ["Li"])
else:
    from sselmp.bridge.batch_client import RemoteModel
    model = RemoteModel(card, ["Li"], server=Path(server), device="auto", path="auto")
model.set_atoms(np.zeros(atoms, dtype=np.int32), periodic=[True] * 3)
positions, cell = np.random.default_rng(1).uniform(0, 40, (atoms, 3)), 40 * np.eye(3)
for _ in range(20):
    model.evaluate(positions, cell=cell)
times = []
for _ in range(count):
    begin = time.perf_counter()
    model.evaluate(positions, cell=cell)
    times.append(time.perf_counter() - begin)
print(sorted(times)[count // 2], min(times), time.process_time())
"""
# Runs in the environment: a server whose answers are zeros, which leaves the way there and back.
ZEROS = """
import socket, sys
import numpy as np
from sselmp.bridge.batch_server import BatchServer, Offer
from sselmp.bridge.forces import Answer
from sselmp.potentials.cards import load_card

class Zeros:
    def evaluate(self, wanted):
        return [Answer(0.0, np.zeros((len(one.numbers), 3)), np.zeros(6), None) for one in wanted]

card = load_card(sys.argv[1])
listener = socket.socket(socket.AF_UNIX)
listener.bind(sys.argv[2])
listener.listen()
print("ready", flush=True)
offer = Offer(card.name, physics=card.physics_sha256(), device="cpu")
BatchServer(listener, Zeros(), offer=offer).serve(lambda: True)
"""


def requests(prefix: Path, *, count: int) -> list[dict]:
    """Milliseconds a request, of a potential that is free: in the asker's own process, and through a server."""
    rows = []
    with tempfile.TemporaryDirectory(prefix="sb") as name:
        folder = Path(name)
        card = folder / "free.toml"
        card.write_text(FREE_CARD)
        environment = {**os.environ, "PYTHONPATH": str(ROOT / "benchmarks"), "OMP_NUM_THREADS": "1"}
        python, free, zeros = str(prefix / "bin" / "python"), folder / "f", folder / "z"
        module = ["-m", "sselmp.bridge.batch_program", str(card), "--socket", str(free), "--starter", str(os.getpid())]
        servers = [
            subprocess.Popen([python, *argv], env=environment, stdout=subprocess.PIPE, text=True)
            for argv in (module, ["-c", ZEROS, str(card), str(zeros)])
        ]
        try:
            for program in servers:
                while "ready" not in program.stdout.readline():
                    pass
            for atoms in SIZES:
                for askers in (1, 6):
                    row = {"atoms": atoms, "askers": askers}
                    for way, where in (("own process", "-"), ("way alone", str(zeros)), ("server", str(free))):
                        ask = [python, "-c", ASKER, str(card), where, str(atoms), str(count)]
                        running = [
                            subprocess.Popen(ask, env=environment, stdout=subprocess.PIPE, text=True)
                            for _ in range(askers)
                        ]
                        found = [[float(word) for word in one.communicate()[0].split()] for one in running]
                        row[f"{way} median ms"] = statistics.median(one[0] for one in found) * 1e3
                        row[f"{way} least ms"] = min(one[1] for one in found) * 1e3
                    rows.append(row)
        finally:
            for program in servers:
                program.terminate()
                program.wait()
    return rows


def loop_s(folder: Path) -> float:
    """Seconds that LAMMPS spent in its loops, without what came before."""
    found = re.findall(r"^Loop time of ([0-9.eE+-]+)", (folder / "log.0.lammps").read_text(), re.MULTILINE)
    return sum(float(word) for word in found)


def replicas(potential: str, *, runs: int, steps: int, rounds: int) -> dict:
    """Whole runs in a batch, one after another, and two at once, in turn: seconds a step of all replicas."""
    from sselmp.inputs.prepare import prepare
    from sselmp.launch.argv import RunOptions
    from sselmp.launch.batch import Told, run_batches
    from sselmp.launch.several import run_folders
    from sselmp.settings import Campaign

    dynamics = {"ensemble": "nvt", "timestep_fs": 2.0, "equilibration_ps": 0.0, "production_ps": steps * 0.002}
    output = {"thermo_every": 1, "trajectory_every": 1, "restart_every": steps}
    ways: dict[str, list[tuple[float, float]]] = {"batch": [], "one after another": [], "two at once": []}

    def ended(folder, how):
        if isinstance(how, Exception):
            raise SystemExit(f"{folder}: {how}")

    for round_ in range(rounds):
        for way, found in ways.items():
            seeds = tuple(range(1, runs + 1))
            settings = Campaign(**CAMPAIGN, potentials=(potential,), seeds=seeds, dynamics=dynamics, output=output)
            with tempfile.TemporaryDirectory() as name:
                folders = prepare("replicas", settings, base=Path(name))
                begin = time.perf_counter()
                if way == "batch":
                    told = Told(on_wait=lambda *_: None, on_progress=lambda *_: None, on_end=ended)
                    run_batches(folders, options=RunOptions(), told=told)
                else:
                    at_once = 2 if way == "two at once" else 1
                    run_folders(
                        folders, options=RunOptions(), at_once=at_once, on_progress=lambda *_: None, on_end=ended
                    )
                wall = time.perf_counter() - begin
                loops = [loop_s(folder) for folder in folders]
            together = {"batch": max(loops), "one after another": sum(loops), "two at once": sum(loops) / 2}[way]
            found.append((together / steps, wall))
            print(
                f"{potential} round {round_}: {way}: {together / steps:.3f} s a step of all, {wall:.1f} s in all",
                flush=True,
            )
    ratios = [b[0] / a[0] for a, b in zip(ways["batch"], ways["one after another"], strict=True)]
    walls = [b[1] / a[1] for a, b in zip(ways["batch"], ways["one after another"], strict=True)]
    pairs = [b[0] / a[0] for a, b in zip(ways["batch"], ways["two at once"], strict=True)]
    return {
        "potential": potential,
        "replicas": runs,
        **{f"{way} s a step": statistics.median(one[0] for one in found) for way, found in ways.items()},
        "one after another/batch": statistics.median(ratios),
        "range": [min(ratios), max(ratios)],
        "the same with starting": statistics.median(walls),
        "two at once/batch": statistics.median(pairs),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("potentials", nargs="*")
    parser.add_argument("--replicas", type=int, default=6)
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--requests", type=int, default=0, help="so many requests of each size")
    parser.add_argument("--environment", type=Path, default=ROOT / ".venvs" / "sevennet", help="for the requests")
    parser.add_argument("--json", type=Path, help="write the result there too")
    chosen = parser.parse_args()
    result = {
        "requests": requests(chosen.environment, count=chosen.requests) if chosen.requests else [],
        "replicas": [],
    }
    for row in result["requests"]:
        print(", ".join(f"{key} {value:.3g}" for key, value in row.items()))
    for potential in chosen.potentials:
        row = replicas(potential, runs=chosen.replicas, steps=chosen.steps, rounds=chosen.rounds)
        result["replicas"].append(row)
        print(json.dumps(row, indent=2))
    if chosen.json:
        chosen.json.write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    if not hasattr(socket, "AF_UNIX"):
        sys.exit("Unix sockets are needed")
    main()
