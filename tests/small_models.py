"""Small random models of a family and what its environment says of them, for the tests of the families' adapters."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from ase.io import write
from lammps_program import LammpsProgram

from sselmp.potentials.golden import structure
from sselmp.units import EV_PER_A3_IN_BAR

PROGRAMS = Path(__file__).parent / "programs"
MODELS = {
    "mace": ["single", "double", "first-head", "second-head"],
    "mattersim": ["small"],
    "orb": ["conservative", "conservative-double", "direct", "v2"],
}


@dataclass(frozen=True)
class SmallModels:
    """Models of one family in one folder, with their cards."""

    family: str
    prefix: Path
    folder: Path
    cards: dict[str, str]

    @classmethod
    def made(cls, family: str, *, prefix: Path, folder: Path) -> SmallModels:
        """Build them through the package's own API."""
        cards = run(prefix, "make_small_models.py", family, str(folder / "models"), home=folder / "makers-home")
        return cls(family=family, prefix=prefix, folder=folder, cards=cards)

    def checked(self) -> dict:
        """What the adapter gives and leaves behind, in a home folder of its own."""
        return run(self.prefix, "check_small_models.py", *self.cards.values(), home=self.folder / "home")

    def refused(self, name: str) -> dict:
        """What the adapter says to checkpoints and cards that it must refuse."""
        return run(self.prefix, "refuse_small_models.py", self.family, self.cards[name], home=self.folder / "home")


def run(prefix: Path, program: str, *arguments: str, home: Path) -> dict:
    """Run a program in an environment; it prints JSON as its last line."""
    home.mkdir(exist_ok=True)
    unset = {"TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "MPLCONFIGDIR"}
    variables = {key: value for key, value in os.environ.items() if key not in unset}
    variables |= {"HOME": str(home), "OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE"}
    argv = [prefix / "bin" / "python", PROGRAMS / program, *arguments]
    done = subprocess.run(argv, capture_output=True, text=True, check=False, env=variables)
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])


def assert_process_unchanged(found: dict) -> None:
    """Neither loading nor evaluating leaves a trace in the process or in what was evaluated."""
    assert found["after loading"] == found["before"]
    later = found["after evaluating"]  # lazy imports of packages may add filters of warnings then
    assert {**later, "warnings": []} == {**found["before"], "warnings": []}
    assert found["same input"]


def assert_one_form(found: dict, *, energies: bool) -> None:
    """Results are Python floats and float64 arrays."""
    arrays = {"forces", "stress"} | ({"energies"} if energies else set())
    numbers = {key: ["float", "float64"] for key in ("energy", "free_energy")}
    assert found["kinds"] == numbers | {key: ["ndarray", "float64"] for key in arrays}
    if energies:
        assert abs(found["sum of energies"] - found["energy"]) < 1e-6 * max(8.0, abs(found["energy"]))


def assert_refused(said: dict, expected: dict[str, str]) -> None:
    """Each case is refused with its message, as a PotentialError."""
    for name, words in expected.items():
        assert said[name].startswith("PotentialError"), f"{name}: {said[name]}"
        assert words in said[name], f"{name}: {said[name]}"


UNUSABLE = "is no checkpoint that the family"
REFUSED = {
    "cut in half": UNUSABLE,
    "cut at its end": UNUSABLE,
    "empty": UNUSABLE,
    "text": UNUSABLE,
    "tensors of another family": UNUSABLE,
    "a list": UNUSABLE,
    "a plain network": UNUSABLE,
    "of a missing package": UNUSABLE,
    "no weights": "names no weights",
    "option": "has no option 'haed'",
    "cutoff": "contradicts its checkpoint: cutoff_A",
    "depth": "contradicts its checkpoint: message_passing_depth",
    "forces": "contradicts its checkpoint: forces",
    "gpu": "the device 'cuda:7' is not there",
}

SCRIPT = """
units metal
atom_style atomic
atom_modify map array
box tilt large
read_data licl.data
pair_style sselmp {card}
pair_coeff * * Li Cl
mass 1 6.94
mass 2 35.45
compute virial all pressure NULL virial
thermo_style custom step pe c_virial[1] c_virial[2] c_virial[3] c_virial[4] c_virial[5] c_virial[6]
thermo_modify format float %.15g
thermo 1
velocity all create 300 11
fix 1 all nve
timestep 0.001
run 4
write_data last.data nocoeff nofix
write_dump all custom last.dump id fx fy fz modify sort id format float %.15g
"""


def assert_lammps_agrees(models: SmallModels, name: str, *, lammps: LammpsProgram) -> None:
    """Four steps of a triclinic LiCl in LAMMPS: energy, forces and virial of the last are the ASE calculator's."""
    card = models.cards[name]
    atoms = structure("LiCl-distorted")
    write(lammps.folder / "licl.data", atoms, format="lammps-data", specorder=["Li", "Cl"])
    lammps.works(SCRIPT.format(card=card))
    data = str(lammps.folder / "last.data")
    answer = run(models.prefix, "ask_potential.py", card, data, home=lammps.folder / "home")
    row, frame = lammps.thermo()[-1], lammps.table("last.dump")
    assert row[0] == 4
    assert abs(row[1] - answer["energy"]) / len(atoms) < 1e-6
    np.testing.assert_allclose(frame[:, 1:4], answer["forces"], atol=2e-5)
    pressure = -np.array(answer["stress"])[[0, 1, 2, 5, 4, 3]] * EV_PER_A3_IN_BAR
    np.testing.assert_allclose(row[2:8], pressure, rtol=1e-4, atol=2.0)
