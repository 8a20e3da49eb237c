"""The AIMD trajectory of ordered Li6PS5Cl at 500 K (416 atoms) among the test data, as a record."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np

from sselmp.trajectory.record import Trajectory, from_scaled

XDATCAR = "diffusion/argyrodite-aimd/Li6PS5Cl_0p_run1_XDATCAR.gz"


def trajectory(test_data: Path) -> Trajectory:
    lines = gzip.decompress((test_data / XDATCAR).read_bytes()).decode().splitlines()
    cell = np.array([[float(word) for word in line.split()] for line in lines[2:5]])
    counts = [int(word) for word in lines[6].split()]
    species = tuple(np.repeat(lines[5].split(), counts).tolist())
    starts = [at for at, line in enumerate(lines) if line.startswith("Direct")]
    rows = [line.split()[:3] for at in starts for line in lines[at + 1 : at + 1 + len(species)]]
    scaled = np.array(rows, dtype=float).reshape(len(starts), len(species), 3)
    steps = np.diff(scaled, axis=0)
    scaled[1:] = scaled[0] + np.cumsum(steps - steps.round(), axis=0)
    return from_scaled(
        scaled,
        cell_rows=np.broadcast_to(cell, (len(starts), 3, 3)).copy(),
        steps=np.arange(len(starts)) * 50,
        timestep_ps=0.002,
        species=species,
    )
