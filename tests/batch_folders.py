"""Run folders of fcc metals in cells of different sizes, for tests of batches: through the bridge with ASE's EMT."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from launch_folder import CARD, SCRIPT, make_run_folder

from sselmp import manifest


@dataclass(frozen=True)
class Metal:
    """An element that EMT knows, its lattice constant [Å], mass [u], box of cells, and steps of its run."""

    element: str
    lattice_A: float
    mass: float
    box: str
    steps: int


COPPER = Metal("Cu", lattice_A=3.61, mass=63.546, box="0 2 0 2 0 2", steps=100)
ALUMINIUM = Metal("Al", lattice_A=4.05, mass=26.982, box="0 3 0 2 0 2", steps=80)
GOLD = Metal("Au", lattice_A=4.08, mass=196.967, box="0 2 0 2 0 1", steps=60)
METALS = (COPPER, ALUMINIUM, GOLD)


def make_card(folder: Path) -> Path:
    """A card of ASE's effective medium theory."""
    head = CARD.split("[options]")[0].replace('name = "lj"', 'name = "emt"')
    path = folder / "emt.toml"
    path.write_text(head + '[options]\ncalculator = "ase.calculators.emt:EMT"\n')
    return path


def make_folder(folder: Path, card: Path, metal: Metal, *, steps: int | None = None) -> Path:
    """A run folder of a metal, prepared with a card; its file names carry ``steps``, so that long ones never end."""
    script = SCRIPT.replace("lattice fcc 5.3", f"lattice fcc {metal.lattice_A}")
    script = script.replace("0 2 0 2 0 2", metal.box).replace("39.948", str(metal.mass))
    script = script.replace("element Ar", f"element {metal.element}").replace("temp 60 60", "temp 300 300")
    potential = f"pair_style sselmp {card}\npair_coeff * * {metal.element}\n"
    make_run_folder(folder, total=steps or metal.steps, script=script, potential=potential)
    manifest.write(folder, manifest.read(folder).model_copy(update={"card": str(card)}))
    return folder
