"""Energies and forces of given configurations: what the program is told, and one file for each; evaluates none."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Literal

import numpy as np

from sselmp import files, layout
from sselmp.cells import Array, readonly
from sselmp.errors import RunError
from sselmp.settings import Checked, read_record
from sselmp.statics.relaxation import StoredCrystal, Vector
from sselmp.statics.settings import Property
from sselmp.structures.crystal import Crystal


class Configurations(Checked):
    """Configurations of a structure, and the folder of its records."""

    structure: str
    folder: str
    crystals: tuple[StoredCrystal, ...]


class ForcesWork(Checked):
    """What the program in the potential's environment is told.

    Attributes:
        property: For which this is done.
    """

    format: Literal[1] = 1
    card: str
    property: Property
    sets: tuple[Configurations, ...]


class Forces(Checked):
    """The content of ``results/statics/POTENTIAL/STRUCTURE/forces/HASH.json``; units are in the keys.

    Attributes:
        structure_sha256: Of the configuration.
        potential_sha256: Of the potential's physics.
    """

    format: Literal[1] = 1
    structure_sha256: str
    potential_sha256: str
    energy_eV: float
    forces_eV_per_A: tuple[Vector, ...]
    seconds: float
    device: str

    def array(self) -> Array:
        """(n, 3) [eV/Å]."""
        return readonly(np.array(self.forces_eV_per_A))


def path_of(folder: Path, crystal: Crystal, *, potential_sha256: str) -> Path:
    """Where the forces of a configuration are or will be: its content and the potential decide."""
    both = f"{crystal.structure_sha256()} {potential_sha256}"
    return folder / layout.FORCES / f"{hashlib.sha256(both.encode()).hexdigest()[:16]}.json"


def find(folder: Path, crystal: Crystal, *, potential_sha256: str) -> Forces | None:
    """The forces of a configuration; None where they are not there.

    Raises:
        RunError: A file of that name is something else.
    """
    path = path_of(folder, crystal, potential_sha256=potential_sha256)
    if not path.is_file():
        return None
    found = read_record(Forces, path, what="the forces of a configuration", command="sselmp statics")
    same = (found.structure_sha256, found.potential_sha256) == (crystal.structure_sha256(), potential_sha256)
    if not same or len(found.forces_eV_per_A) != len(crystal):
        raise RunError(f"{path} holds the forces of something else", repair="delete it and run the command again")
    return found


def write(folder: Path, crystal: Crystal, *, forces: Forces) -> None:
    """Write the forces of a configuration, whole.

    Raises:
        RunError: They cannot be written.
    """
    path = path_of(folder, crystal, potential_sha256=forces.potential_sha256)
    files.write_text(path, forces.model_dump_json() + "\n")
