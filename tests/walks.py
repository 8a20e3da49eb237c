"""Motions with a known diffusion coefficient, and run folders that hold them in LAMMPS's own text format."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from sselmp import layout, manifest
from sselmp.manifest import Identity, Manifest
from sselmp.settings import Dynamics, Guard, Output, Relaxation
from sselmp.trajectory.record import Trajectory, from_scaled
from sselmp.transport.msd import Motion

CELL = np.array([[10.0, 0.0, 0.0], [1.5, 11.0, 0.0], [-2.0, 1.0, 12.0]])


def walk(rng, *, frames=500, ions=24, D=(0.125, 0.125, 0.125), spacing_ps=1.0):
    """(F, n, 3) Brownian walk with D [Å²/ps] along each axis: steps of variance 2 D dt."""
    widths = np.sqrt(2.0 * np.asarray(D) * spacing_ps)
    return np.cumsum(rng.normal(size=(frames, ions, 3)) * widths, axis=0)


def lattice_walk(rng, *, frames, ions, chance, hop=2.5, rattle=0.3):
    """Hops of one length along random axes with a chance per frame, and rattling about the sites; D = chance hop²/6."""
    hops = (rng.random((frames, ions)) < chance) * rng.choice([-hop, hop], (frames, ions))
    steps = np.zeros((frames, ions, 3))
    np.put_along_axis(steps, rng.integers(0, 3, (frames, ions, 1)), hops[..., None], axis=2)
    return np.cumsum(steps, axis=0) + rng.normal(scale=rattle, size=(frames, ions, 3))


def cage(rng, *, frames, ions, width=0.5, memory=5.0):
    """Rattling in a harmonic cage of a width [Å] with a relaxation time of ``memory`` frames; it never diffuses."""
    keep = np.exp(-1.0 / memory)
    positions = np.empty((frames, ions, 3))
    positions[0] = rng.normal(scale=width, size=(ions, 3))
    for frame in range(1, frames):
        kick = rng.normal(scale=width * np.sqrt(1 - keep**2), size=(ions, 3))
        positions[frame] = keep * positions[frame - 1] + kick
    return positions


def caged_walk(rng, *, frames, ions, chance, hop=2.5, width=0.3, memory=4.0):
    """Hops as in ``lattice_walk`` with rattling that is remembered for ``memory`` frames; D = chance hop²/6."""
    hops = lattice_walk(rng, frames=frames, ions=ions, chance=chance, hop=hop, rattle=0.0)
    return hops + cage(rng, frames=frames, ions=ions, width=width, memory=memory)


def chain_walk(rng, *, frames, ions, chance, group=3, hop=2.5, rattle=0.3):
    """Hops of ``group`` random ions at once along one vector; D = chance hop²/6, D of the charge ``group`` times it."""
    events = int(rng.poisson(frames * ions * chance / group))
    when = rng.integers(0, frames, events)
    who = np.argpartition(rng.random((events, ions)), group, axis=1)[:, :group]
    along, by = rng.integers(0, 3, events), rng.choice([-hop, hop], events)
    steps = np.zeros((frames, ions, 3))
    np.add.at(steps, (when[:, None], who, along[:, None]), by[:, None])
    return np.cumsum(steps, axis=0) + rng.normal(scale=rattle, size=steps.shape)


def motion(positions, *, spacing_ps=1.0, species="Li") -> Motion:
    return Motion(species=species, positions=np.array(positions), spacing_ps=spacing_ps)


def trajectory(mobile, *, framework=8, cell=CELL, spacing_ps=1.0, drift=None) -> Trajectory:
    """Li that moves as ``mobile``, and S that stands still; all carried along by ``drift``, (F, 3)."""
    frames, ions = mobile.shape[:2]
    sites = np.random.default_rng(0).random((framework, 3)) @ cell
    cartesian = np.concatenate([mobile, np.broadcast_to(sites, (frames, framework, 3))], axis=1)
    if drift is not None:
        cartesian = cartesian + drift[:, None, :]
    return from_scaled(
        cartesian @ np.linalg.inv(cell),
        cell_rows=np.broadcast_to(cell, (frames, 3, 3)).copy(),
        steps=np.arange(frames) * 10,
        timestep_ps=spacing_ps / 10,
        species=("Li",) * ions + ("S",) * framework,
    )


def dump_text(record: Trajectory, *, first_step=0, cell=CELL) -> str:
    """A trajectory as LAMMPS writes it: triclinic box bounds, scaled unwrapped coordinates, sorted ids."""
    (lx, _, _), (xy, ly, _), (xz, yz, lz) = cell
    bounds = (
        f"{min(0, xy, xz, xy + xz)} {lx + max(0, xy, xz, xy + xz)} {xy}\n"
        f"{min(0, yz)} {ly + max(0, yz)} {xz}\n"
        f"0.0 {lz} {yz}\n"
    )
    types = {symbol: number for number, symbol in enumerate(sorted(set(record.species)), start=1)}
    parts = []
    for step, positions in zip(record.steps, record.positions @ np.linalg.inv(cell), strict=True):
        parts.append(f"ITEM: TIMESTEP\n{step + first_step}\nITEM: NUMBER OF ATOMS\n{len(record.species)}\n")
        parts.append(f"ITEM: BOX BOUNDS xy xz yz pp pp pp\n{bounds}ITEM: ATOMS id type element xsu ysu zsu\n")
        parts += [
            f"{number} {types[symbol]} {symbol} {x:.9f} {y:.9f} {z:.9f}\n"
            for number, (symbol, (x, y, z)) in enumerate(zip(record.species, positions, strict=True), start=1)
        ]
    return "".join(parts)


def run_folder(
    base: Path, *, temperature_K, seed=1, record: Trajectory | None, finished=True, system="Li6PS5Cl", equilibration=100
) -> Path:
    """A run folder as prepare and LAMMPS leave it; without a record it was only prepared."""
    timestep_fs = 100.0 * record.spacing_ps if record else 100.0
    identity = Identity(
        potential="sevennet",
        potential_sha256="0" * 64,
        system=system,
        structure_sha256="1" * 64,
        temperature_K=temperature_K,
        seed=seed,
        relaxation=Relaxation(),
        dynamics=Dynamics(equilibration_ps=1.0, production_ps=10.0, timestep_fs=timestep_fs),
        output=Output(),
        guard=Guard(),
    )
    frames = record.frames if record else 101
    folder = base / f"{temperature_K:g}K-seed{seed}-{identity.run_id()}"
    folder.mkdir(parents=True)
    done = Manifest(
        id=identity.run_id(),
        identity=identity,
        card=identity.potential,
        mobile_species="Li",
        total_steps=equilibration + 10 * (frames - 1) if finished else 100 * frames,
        equilibration_steps=equilibration,
        charges={"Li": 1.0, "S": -2.0},
        files={},
        sselmp_version="0",
        created="2026-01-01T00:00:00+00:00",
        state="prepared" if record is None else "finished" if finished else "stopped",
    )
    manifest.write(folder, done)
    if record is not None:
        (folder / layout.trajectory_name(0)).write_text(dump_text(record, first_step=equilibration))
        rows = "".join(
            f"  {step} {temperature_K + (5 if step >= equilibration else 400)}\n" for step in range(0, 200, 10)
        )
        (folder / layout.log_name(0)).write_text(f"   Step   Temp\n{rows}Loop time of 1 on 1 procs\n")
    return folder
