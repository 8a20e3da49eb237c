"""Run folders of solid argon with LAMMPS's own Lennard-Jones in place of a potential, and LAMMPS started in them."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

import numpy as np

from sselmp import cells, layout, settings
from sselmp.inputs.datafile import data_text
from sselmp.inputs.render import render
from sselmp.inputs.script import needs_tilts, script_values
from sselmp.manifest import Identity
from sselmp.structures.crystal import Crystal

LENNARD_JONES = "pair_style lj/cut 7.0\npair_modify shift yes\npair_coeff * * 0.0104 3.4\n"


def argon(*, sheared: bool = False, a: float = 5.3, repeats: int = 3) -> Crystal:
    """A cube of fcc argon, or the same sheared into a triclinic cell."""
    basis = np.array([[0, 0, 0], [0, 0.5, 0.5], [0.5, 0, 0.5], [0.5, 0.5, 0]])
    fractional = (basis[:, None] + np.array(list(np.ndindex(repeats, repeats, repeats)))[None]).reshape(-1, 3) / repeats
    cell = np.eye(3) * a * repeats
    if sheared:
        cell = cell @ np.array([[1, 0, 0], [0.12, 1, 0], [-0.08, 0.1, 1]])
    return Crystal(name="argon", species=("Ar",) * len(fractional), cell=cell, positions=fractional @ cell)


def identity(crystal: Crystal, *, relax: str = "none", guard: float = 8.0, **dynamics) -> Identity:
    """A run of 40 + 160 steps at 40 K with a frame every 10 steps and a restart file every 20."""
    chosen = {"equilibration_ps": 0.08, "production_ps": 0.32, **dynamics}
    return Identity(
        potential="lennard-jones",
        potential_sha256="0" * 64,
        system="argon",
        structure_sha256=crystal.structure_sha256(),
        temperature_K=40.0,
        seed=7,
        relaxation=settings.Relaxation(what=relax, force_tolerance_eV_per_A=1e-4, maximum_steps=100),
        dynamics=settings.Dynamics(**chosen),
        output=settings.Output(thermo_every=10, trajectory_every=10, restart_every=20),
        guard=settings.Guard(temperature_factor=guard),
    )


def fill(folder: Path, run: Identity, crystal: Crystal) -> Path:
    """Write the run folder's input with LAMMPS's Lennard-Jones."""
    values = script_values(run, crystal, elements=crystal.elements)
    (folder / layout.RESTARTS).mkdir(parents=True)
    (folder / layout.INPUT_SCRIPT).write_text(render("in.lammps.j2", values))
    (folder / layout.POTENTIAL_SCRIPT).write_text(LENNARD_JONES)
    triclinic = needs_tilts(crystal, run.relaxation)
    (folder / layout.STRUCTURE_DATA).write_text(data_text(crystal, type_order=crystal.elements, triclinic=triclinic))
    return folder


def start(folder: Path, environment: Path, **variables: object) -> subprocess.Popen[str]:
    """Start LAMMPS in a folder, in a process group of its own; ``variables`` become ``-var NAME VALUE``."""
    argv = [str(environment / "bin" / "lmp"), "-in", layout.INPUT_SCRIPT, "-log", "none"]
    for name, value in variables.items():
        argv += ["-var", name, str(value)]
    return subprocess.Popen(
        argv,
        cwd=folder,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def run(folder: Path, environment: Path, **variables: object) -> str:
    """Run LAMMPS to its end in a folder and insist on success; returns what it printed."""
    process = start(folder, environment, **variables)
    output, _ = process.communicate(timeout=120)
    assert process.returncode == 0, output[-3000:]
    return output


def kill_when(process: subprocess.Popen[str], path: Path, *, seconds: float = 60.0) -> None:
    """Kill a running LAMMPS with SIGKILL as soon as a file exists; it must not have ended by itself."""
    end = time.monotonic() + seconds
    while not path.exists():
        assert process.poll() is None, process.stdout.read()[-3000:]
        assert time.monotonic() < end, f"{path.name} did not appear"
        time.sleep(0.001)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    assert process.returncode < 0, "the run had ended before it could be killed"


def frames(path: Path) -> dict[int, str]:
    """The text of each frame of a dump by its step; an incomplete last frame is left out."""
    found = {}
    for text in path.read_text().split("ITEM: TIMESTEP\n")[1:]:
        lines = text.splitlines()
        atoms = int(lines[2])
        if len(lines) == 8 + atoms and text.endswith("\n"):
            found[int(lines[0])] = text
    return found


def lammps_cell(crystal: Crystal) -> np.ndarray:
    """The crystal's cell in LAMMPS's frame, (3, 3) [Å]."""
    return cells.lammps_frame(crystal.cell).cell
