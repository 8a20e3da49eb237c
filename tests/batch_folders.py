"""Run folders of argon in different cells for tests of batches, through the bridge with a calculator of the tests."""

from __future__ import annotations

from pathlib import Path

from lammps_program import CALCULATORS
from launch_folder import CARD, SCRIPT, make_run_folder

from sselmp import files, layout, manifest

SIDES = {"two": "0 2 0 2 0 2", "three": "0 3 0 2 0 2", "sheared": "0 2 0 2 0 3"}  # 32, 48, 48 atoms


def make_card(folder: Path, calculator: str = "ase.calculators.lj:LennardJones", **options: object) -> Path:
    """A card for a calculator: ASE's, or one of the tests', which a program finds by its path."""
    text = CARD.replace("SIGMA", "3.4").replace("ase.calculators.lj:LennardJones", calculator)
    text += "".join(f"{key} = {value!r}\n" for key, value in options.items())
    path = folder / "lj.toml"
    path.write_text(text)
    return path


def make_batch_folder(folder: Path, card: Path, *, total: int, sides: str = "0 2 0 2 0 2", seed: int = 4321) -> Path:
    """A run folder in a box of so many cells, prepared with a card."""
    script = SCRIPT.replace("0 2 0 2 0 2", sides).replace("4321", str(seed))
    make_run_folder(folder, total=total, script=script, potential=f"pair_style sselmp {card}\npair_coeff * * Ar\n")
    manifest.write(folder, manifest.read(folder).model_copy(update={"card": str(card)}))
    return folder


__all__ = ["CALCULATORS", "SIDES", "files", "layout", "make_batch_folder", "make_card"]
