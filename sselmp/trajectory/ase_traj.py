"""Frames of ASE's .traj files, through ASE; knows no time, for the file holds none."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from sselmp.errors import TrajectoryError
from sselmp.trajectory.frames import Frame, Reading
from sselmp.trajectory.streams import OnBytes

MAGIC = b"- of UlmASE-Trajectory"


def frames(path: Path, reading: Reading, *, on_bytes: OnBytes | None = None) -> Iterator[Frame]:
    """Read one .traj file. ASE's dynamics writes positions unwrapped, but others may not, and the file does not say.

    Raises:
        TrajectoryError: It cannot be read, has no cell, atoms change, or a number is not finite.
    """
    from ase.io.trajectory import TrajectoryReader
    from ase.io.ulm import InvalidULMFileError

    try:
        reader = TrajectoryReader(str(path))
    except (OSError, ValueError, InvalidULMFileError) as error:
        raise TrajectoryError(f"{path} is not an ASE trajectory that can be read", got=error) from error
    species: tuple[str, ...] = ()
    with reader:
        for index in range(len(reader)):
            try:
                atoms = reader[index]
            except (OSError, ValueError, KeyError, InvalidULMFileError) as error:
                raise TrajectoryError(f"{path}: frame {index} is damaged", got=error) from error
            symbols = tuple(atoms.get_chemical_symbols())
            cell = np.array(atoms.cell.array, dtype=np.float64)
            if species and symbols != species:
                raise TrajectoryError(
                    f"{path}: the atoms change at frame {index}",
                    got=f"{len(symbols)} atoms",
                    allowed=f"the {len(species)} atoms of the first frame, in the same order",
                )
            if abs(np.linalg.det(cell)) < 1e-6:
                raise TrajectoryError(f"{path}: frame {index} has no cell", allowed="a periodic cell")
            if not np.isfinite(atoms.positions).all():
                raise TrajectoryError(f"{path}: frame {index} holds something that is not a finite number")
            species = species or symbols
            if on_bytes is not None:
                on_bytes(path.stat().st_size * (index + 1) // len(reader))
            yield Frame(
                step=None,
                time_ps=None,
                cell=cell,
                ids=np.arange(1, len(species) + 1),
                species=species,
                scaled=atoms.positions @ np.linalg.inv(cell),
                unwrapped=reading.unwrapped,
            )
