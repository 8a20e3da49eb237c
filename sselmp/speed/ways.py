"""The ways to make a step of dynamics, each with its own replica of one crystal: NVT (Berendsen), 2 fs, 600 K."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from sselmp import files, units
from sselmp.bridge.session import opened as lammps_opened
from sselmp.errors import PotentialError
from sselmp.inputs import datafile, script
from sselmp.potentials.cards import Card
from sselmp.potentials.fast.opening import opened
from sselmp.potentials.fast.potential import FastPotential
from sselmp.structures.crystal import Crystal

if TYPE_CHECKING:
    from ase import Atoms
    from ase.calculators.calculator import Calculator

TEMPERATURE_K, TIMESTEP_FS, TAU_FS = 600.0, 2.0, 100.0
Steps = Callable[[int], None]  # makes so many steps


def atoms_of(crystal: Crystal, *, seed: int) -> Atoms:
    """A replica: positions moved by some hundredths of an Å, velocities of 600 K."""
    from ase import Atoms
    from ase import units as ase_units

    atoms = Atoms(crystal.species, positions=crystal.positions, cell=crystal.cell, pbc=True)
    random = np.random.default_rng(seed)
    atoms.positions += random.normal(0.0, 0.03, atoms.positions.shape)
    spread = np.sqrt(ase_units.kB * TEMPERATURE_K / atoms.get_masses())[:, None]
    atoms.set_velocities(random.normal(0.0, 1.0, atoms.positions.shape) * spread)
    return atoms


@contextmanager
def ase_loop(calculator: Calculator, crystal: Crystal) -> Iterator[Steps]:
    """What a user would do otherwise: ASE's own dynamics with the package's calculator."""
    from ase import units as ase_units
    from ase.md.nvtberendsen import NVTBerendsen

    atoms = atoms_of(crystal, seed=0)
    atoms.calc = calculator
    dynamics = NVTBerendsen(atoms, TIMESTEP_FS * ase_units.fs, temperature_K=TEMPERATURE_K, taut=TAU_FS * ase_units.fs)
    yield dynamics.run


@contextmanager
def lammps_loop(card_name: str, crystal: Crystal, *, device: str, path: str) -> Iterator[Steps]:
    """LAMMPS through the bridge, by the plain or the fast path."""
    elements = crystal.elements
    with tempfile.TemporaryDirectory(prefix="sselmp-bench-") as folder, lammps_opened() as session:
        data = Path(folder) / "structure.data"
        files.write_text(data, datafile.data_text(crystal, type_order=elements, triclinic=True))
        for line in (
            "units metal",
            "atom_style atomic",
            "atom_modify map array sort 0 0",
            f"read_data {script.word(str(data))}",
            f"pair_style sselmp {script.word(card_name)} device {device} path {path}",
            f"pair_coeff * * {' '.join(elements)}",
            f"timestep {script.number(TIMESTEP_FS / units.FS_PER_PS)}",
            "displace_atoms all random 0.05 0.05 0.05 1",
            f"velocity all create {TEMPERATURE_K:g} 1 mom yes rot no dist gaussian",
            "fix integrate all nve",
            f"fix heat all temp/berendsen {TEMPERATURE_K:g} {TEMPERATURE_K:g} {TAU_FS / units.FS_PER_PS:g}",
            "thermo 0",
            "run 0 post no",
        ):
            session.command(line)
        yield lambda number: session.command(f"run {number} pre no post no")


@contextmanager
def fast_loop(card: Card, calculator: Calculator, *, crystal: Crystal, device: str, name: str) -> Iterator[Steps]:
    """LAMMPS by the fast path, and by no other.

    Raises:
        PotentialError: The family has no fast path, or it differs from the plain one.
    """
    _fast_potential(card, calculator, device=device)
    with lammps_loop(name, crystal, device=device, path="fast") as steps:
        yield steps


@contextmanager
def batch_loop(card: Card, calculator: Calculator, *, device: str, many: Sequence[Atoms]) -> Iterator[Steps]:
    """Replicas in one evaluation on the fast path, moved by a velocity Verlet of some lines instead of LAMMPS.

    Raises:
        PotentialError: The family has no fast path, or it differs from the plain one.
    """
    potential = _fast_potential(card, calculator, device=device)
    forces = [one.forces for one in potential.evaluate(many)]

    def make(number: int) -> None:
        for _ in range(number):
            _half(many, forces, then_move=True)
            forces[:] = [one.forces for one in potential.evaluate(many)]
            _half(many, forces, then_move=False)

    yield make


def _fast_potential(card: Card, calculator: Calculator, *, device: str) -> FastPotential:
    found = opened(card, calculator, device=device, path="fast")
    if found.potential is None:
        raise PotentialError(found.words)
    return found.potential


def _half(many: Sequence[Atoms], forces: Sequence[np.ndarray], *, then_move: bool) -> None:
    """Half a step of the velocities, with the thermostat's pull on them or the whole step of the positions after it."""
    from ase import units as ase_units

    step = TIMESTEP_FS * ase_units.fs
    for atoms, force in zip(many, forces, strict=True):
        momenta = atoms.arrays["momenta"]
        momenta += 0.5 * step * force
        masses = atoms.get_masses()[:, None]
        if then_move:
            atoms.positions += step * momenta / masses
        else:
            now = float((momenta**2 / masses).sum()) / (3 * len(atoms) * ase_units.kB)
            momenta *= np.sqrt(1.0 + TIMESTEP_FS / TAU_FS * (TEMPERATURE_K / now - 1.0))
