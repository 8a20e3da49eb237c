"""Evaluates configurations in the potential's environment: ``python -m sselmp.statics.forces_program WORK OUT``.

It exits with 0 when all has been tried; what could not be had is in OUT, as JSON. The forces of a configuration are
written as soon as they are there, and those that are there already are not found again.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from pathlib import Path

from sselmp import files
from sselmp.errors import PotentialError, SselmpError
from sselmp.potentials.batches import BatchedPotential
from sselmp.potentials.cards import load_card
from sselmp.potentials.predictions import Prediction
from sselmp.statics import configurations, record
from sselmp.structures.crystal import Crystal

ATOMS_AT_ONCE_ON_GPU = 2000


def main() -> None:
    """Run with the arguments of this process."""
    try:
        work_path, out = map(Path, sys.argv[1:])
        work = configurations.ForcesWork.model_validate_json(work_path.read_text(encoding="utf-8"))
        failed = record.Failures(failures=tuple(carry_out(work)))
        files.write_text(out, failed.model_dump_json(indent=1) + "\n")
    except SselmpError as error:
        sys.stderr.write(f"sselmp-statics: {error}\n")
        raise SystemExit(error.exit_code) from error


def carry_out(work: configurations.ForcesWork) -> list[record.Failure]:
    """Evaluate all configurations; a structure that fails does not stop the others.

    Raises:
        SettingsError: There is no such card.
        PotentialError: The potential cannot be loaded.
    """
    potential = BatchedPotential(load_card(work.card))
    total = sum(len(one.crystals) * len(one.crystals[0].species) for one in work.sets)
    failures, done = [], 0
    for one in work.sets:
        atoms = len(one.crystals[0].species)
        crystals = [stored.crystal() for stored in one.crystals]
        try:
            for count in _evaluated(potential, crystals, folder=Path(one.folder)):
                words = f"{one.structure} {work.property}, {count} of {len(crystals)} cells"
                _tell(done + count * atoms, total, words=words)
        except SselmpError as error:
            failures.append(record.Failure(structure=one.structure, property=work.property, message=str(error)))
        done += len(crystals) * atoms
    return failures


def _evaluated(potential: BatchedPotential, crystals: list[Crystal], *, folder: Path) -> Iterator[int]:
    """Evaluate and write, and tell how many are there after each batch."""
    from sselmp.statics.watched import atoms_of

    sha256, device = potential.card.physics_sha256(), record.device()
    missing = [one for one in crystals if configurations.find(folder, one, potential_sha256=sha256) is None]
    there = len(crystals) - len(missing)
    yield there
    together = 1 if device == "cpu" else max(1, ATOMS_AT_ONCE_ON_GPU // len(crystals[0]))
    for first in range(0, len(missing), together):
        batch = missing[first : first + together]
        start = time.perf_counter()
        try:
            found = potential.evaluate([atoms_of(crystal, None) for crystal in batch])
        except SselmpError:
            raise
        except Exception as error:  # whatever a package raises must become one message
            raise PotentialError("the potential failed", got=f"{type(error).__name__}: {error}") from error
        seconds = (time.perf_counter() - start) / len(batch)
        for crystal, one in zip(batch, found, strict=True):
            forces = _forces(crystal, one, potential_sha256=sha256, seconds=seconds, device=device)
            configurations.write(folder, crystal, forces=forces)
        there += len(batch)
        yield there


def _forces(
    crystal: Crystal, found: Prediction, *, potential_sha256: str, seconds: float, device: str
) -> configurations.Forces:
    if found.forces.shape != (len(crystal), 3):
        raise PotentialError("the potential gave no usable answer", got=f"forces of shape {found.forces.shape}")
    return configurations.Forces(
        structure_sha256=crystal.structure_sha256(),
        potential_sha256=potential_sha256,
        energy_eV=found.energy,
        forces_eV_per_A=tuple((float(x), float(y), float(z)) for x, y, z in found.forces),
        seconds=round(seconds, 4),
        device=device,
    )


def _tell(done: int, total: int, *, words: str) -> None:
    sys.stdout.write(f"{record.PROGRESS} {done} {total} {words}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
