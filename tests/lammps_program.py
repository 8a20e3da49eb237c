"""Runs real LAMMPS programs for tests and reads back what they wrote."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

CALCULATORS = Path(__file__).parent / "calculators"

LENNARD_JONES_CARD = """
name = "{name}"
title = "a calculator of the tests"
family = "ase"
environment = "sevennet"
cutoff_A = {cutoff}
message_passing_depth = 1
precision = "float64"
forces = "conservative"
stress = {stress}
per_atom_energy = {energies}
citation = "none"
[options]
calculator = "{calculator}"
"""


@dataclass
class LammpsProgram:
    """LAMMPS of one environment, run in one folder."""

    prefix: Path
    folder: Path

    def environment(self) -> dict[str, str]:
        """One thread, the tests' own calculators importable, the environment's programs first."""
        path = f"{self.prefix / 'bin'}:{os.environ['PATH']}"
        threads = {"OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE"}
        return {**os.environ, **threads, "PYTHONPATH": str(CALCULATORS), "PATH": path}

    def argv(self, script: str, *switches: str, program: str = "sselmp-lmp", ranks: int = 1) -> list[str]:
        """Write ``script`` to ``in.test`` and make the command line that runs it."""
        (self.folder / "in.test").write_text(script)
        start = [str(self.prefix / "bin" / "mpiexec"), "-n", str(ranks)] if ranks > 1 else []
        return [*start, str(self.prefix / "bin" / program), "-in", "in.test", *switches]

    def run(
        self, script: str, *switches: str, program: str = "sselmp-lmp", ranks: int = 1
    ) -> subprocess.CompletedProcess[str]:
        """Run to the end, whatever the exit code."""
        return subprocess.run(
            self.argv(script, *switches, program=program, ranks=ranks),
            cwd=self.folder,
            env=self.environment(),
            capture_output=True,
            text=True,
            timeout=1500,
            check=False,
        )

    def works(self, script: str, *switches: str, program: str = "sselmp-lmp", ranks: int = 1) -> str:
        """Run to the end and insist on success; returns what was printed."""
        done = self.run(script, *switches, program=program, ranks=ranks)
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
        return done.stdout

    def start(self, script: str, *switches: str, program: str = "sselmp-lmp", ranks: int = 1) -> subprocess.Popen[str]:
        """Start in a process group of its own."""
        return subprocess.Popen(
            self.argv(script, *switches, program=program, ranks=ranks),
            cwd=self.folder,
            env=self.environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def card(
        self, name: str, calculator: str, *, cutoff: float = 8.0, stress: bool = True, energies: bool = True, **options
    ) -> Path:
        """Write a card for an ASE calculator, given as module:Class with its options."""
        text = LENNARD_JONES_CARD.format(
            name=name, calculator=calculator, cutoff=cutoff, stress=str(stress).lower(), energies=str(energies).lower()
        )
        for key, value in options.items():
            text += f"{key} = {str(value).lower() if isinstance(value, bool) else repr(value)}\n"
        path = self.folder / f"{name}.toml"
        path.write_text(text)
        return path

    def lennard_jones(self) -> Path:
        """A card for ASE's Lennard-Jones with argon's parameters, as ``pair_style lj/cut 8.0`` with 0.0104 3.4."""
        return self.card("lj", "ase.calculators.lj:LennardJones", sigma=3.4, epsilon=0.0104, rc=8.0, smooth=False)

    def table(self, name: str) -> np.ndarray:
        """The last frame of a dump as an array."""
        lines = (self.folder / name).read_text().split("ITEM: ATOMS")[-1].splitlines()[1:]
        return np.array([line.split() for line in lines], dtype=float)

    def thermo(self, name: str = "log.lammps") -> np.ndarray:
        """All rows of thermo output in a log: lines of numbers only."""
        rows, width = [], 0
        for line in (self.folder / name).read_text().splitlines():
            words = line.split()
            if words[:1] == ["Step"]:
                width = len(words)
            elif width and len(words) == width:
                try:
                    rows.append([float(w) for w in words])
                except ValueError:
                    continue
        return np.array(rows)


def wait_for(condition, *, seconds: float = 60.0) -> None:
    """Wait until a condition holds."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.02)


def kill_group(process: subprocess.Popen, number: signal.Signals) -> None:
    """Send a signal to a program and everything that it started."""
    os.killpg(process.pid, number)
