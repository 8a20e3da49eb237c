"""Writes configurations and what a potential says of them as ASE's .traj; evaluates nothing."""

from __future__ import annotations

from pathlib import Path

from sselmp import files
from sselmp.statics.relaxation import Step


def write_trajectory(path: Path, steps: tuple[Step, ...]) -> None:
    """Write the configurations of a relaxation, or of a path, whole.

    Raises:
        RunError: It cannot be written.
    """
    from ase.calculators.singlepoint import SinglePointCalculator
    from ase.io.trajectory import Trajectory

    from sselmp.statics.watched import atoms_of

    with files.whole(path) as temporary, Trajectory(str(temporary), "w") as trajectory:
        for step in steps:
            atoms = atoms_of(step.crystal, None)
            found = step.prediction
            known = {"energy": found.energy, "forces": found.forces}
            known |= {} if found.stress is None else {"stress": found.stress}
            atoms.calc = SinglePointCalculator(atoms, **known)
            trajectory.write(atoms)
