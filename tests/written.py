"""The same frames written in every trajectory format that is read, from unwrapped scaled coordinates and cells."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np

STEP = 50  # between frames
TYPES = ("Li", "S")


@dataclass(frozen=True)
class Frames:
    """Unwrapped scaled coordinates (F, N, 3), cells (F, 3, 3) in LAMMPS's frame, and symbols (N,)."""

    scaled: np.ndarray
    cells: np.ndarray
    species: tuple[str, ...]

    @property
    def wrapped(self):
        return self.scaled % 1.0

    @property
    def images(self):
        return np.floor(self.scaled).astype(int)


def breathing(*, frames=40, ions=6, framework=5, seed=0, hop=0.05) -> Frames:
    """Li that walks, and S far from the first cell that keeps its place, in a tilted cell that breathes."""
    rng = np.random.default_rng(seed)
    mobile = rng.random((1, ions, 3)) + np.cumsum(rng.normal(scale=hop, size=(frames, ions, 3)), axis=0)
    rest = rng.random((framework, 3)) + rng.integers(-3, 4, (framework, 3))
    scaled = np.concatenate([mobile, np.broadcast_to(rest, (frames, framework, 3))], axis=1)
    cell = np.array([[10.0, 0.0, 0.0], [1.5, 11.0, 0.0], [-2.0, 1.0, 12.0]])
    sizes = 1.0 + 0.05 * np.sin(np.arange(frames) * 0.7)
    return Frames(scaled, cell * sizes[:, None, None], ("Li",) * ions + ("S",) * framework)


def cartesian(scaled, frames: Frames):
    return np.einsum("fnj,fjk->fnk", scaled, frames.cells)


def dump(path: Path, frames: Frames, columns: str, *, first=0, origin=(0.0, 0.0, 0.0), extra="") -> Path:
    """A LAMMPS text dump with the columns named, atoms in an order that changes from frame to frame."""
    tables = {"xsu": frames.scaled, "xs": frames.wrapped, "i": frames.images}
    tables |= {"xu": cartesian(frames.scaled, frames) + origin, "x": cartesian(frames.wrapped, frames) + origin}
    rng = np.random.default_rng(1)
    parts = []
    for index, cell in enumerate(frames.cells):
        (lx, _, _), (xy, ly, _), (xz, yz, lz) = cell
        low = np.array([min(0, xy, xz, xy + xz), min(0, yz), 0]) + origin
        high = np.array([lx + max(0, xy, xz, xy + xz), ly + max(0, yz), lz]) + origin
        parts.append(extra.format(time=first + index))
        parts.append(f"ITEM: TIMESTEP\n{first + index * STEP}\nITEM: NUMBER OF ATOMS\n{len(frames.species)}\n")
        parts.append("ITEM: BOX BOUNDS xy xz yz pp pp pp\n")
        parts += [f"{a:.12f} {b:.12f} {t:.12f}\n" for a, b, t in zip(low, high, (xy, xz, yz), strict=True)]
        parts.append(f"ITEM: ATOMS {columns}\n")
        for atom in rng.permutation(len(frames.species)):
            parts.append(" ".join(_word(name, atom, index, frames, tables) for name in columns.split()) + "\n")
    path.write_text("".join(parts))
    return path


def _word(name, atom, index, frames, tables):
    if name in {"id", "type", "element"}:
        symbol = frames.species[atom]
        return {"id": str(3 * atom + 2), "type": str(TYPES.index(symbol) + 1), "element": symbol}[name]
    if name[0] == "i":
        return str(tables["i"][index, atom, "xyz".index(name[1])])
    if name == "q":
        return "-1.5e+00"
    return f"{tables['x' + name[1:]][index, atom, 'xyz'.index(name[0])]:.10f}"


def xdatcar(path: Path, frames: Frames) -> Path:
    """As VASP writes it while the cell changes; the species are blocks already."""
    symbols = list(dict.fromkeys(frames.species))
    counts = [frames.species.count(symbol) for symbol in symbols]
    parts = []
    for index, (cell, scaled) in enumerate(zip(frames.cells, frames.wrapped, strict=True)):
        parts.append("a title\n           1\n" + "".join("  {:.8f} {:.8f} {:.8f}\n".format(*row) for row in cell))
        parts.append(f"  {'  '.join(symbols)}\n  {'  '.join(map(str, counts))}\n")
        parts.append(f"Direct configuration= {index + 1:5d}\n")
        parts += ["  {:.8f} {:.8f} {:.8f}\n".format(*row) for row in scaled]
    path.write_text("".join(parts))
    return path


def through_ase(path: Path, frames: Frames, *, wrapped: bool) -> Path:
    """An extended xyz or a .traj by ASE itself, by the path's name."""
    from ase import Atoms
    from ase.io import write

    write(
        path,
        [
            Atoms(frames.species, scaled_positions=scaled, cell=cell, pbc=True)
            for scaled, cell in zip(frames.wrapped if wrapped else frames.scaled, frames.cells, strict=True)
        ],
    )
    return path


def dcd(path: Path, frames: Frames, *, wrapped: bool, order="<", every=STEP, degrees=False) -> Path:
    """As LAMMPS writes it (cosines), or as CHARMM does (degrees)."""

    def record(content: bytes) -> bytes:
        return struct.pack(order + "i", len(content)) + content + struct.pack(order + "i", len(content))

    control = [len(frames.cells), 0, every, *[0] * 7, 1, *[0] * 8, 24]
    parts = [record(b"CORD" + struct.pack(order + "20i", *control)), record(struct.pack(order + "i", 1) + b" " * 80)]
    parts.append(record(struct.pack(order + "i", len(frames.species))))
    for cell, positions in zip(
        frames.cells, cartesian(frames.wrapped if wrapped else frames.scaled, frames), strict=True
    ):
        a, b, c = (float(np.linalg.norm(row)) for row in cell)
        alpha, beta, gamma = cell[1] @ cell[2] / b / c, cell[0] @ cell[2] / a / c, cell[0] @ cell[1] / a / b
        if degrees:
            alpha, beta, gamma = np.degrees(np.arccos([alpha, beta, gamma]))
        parts.append(record(struct.pack(order + "6d", a, gamma, b, beta, alpha, c)))
        parts += [record(positions[:, axis].astype(order + "f4").tobytes()) for axis in range(3)]
    path.write_bytes(b"".join(parts))
    return path
