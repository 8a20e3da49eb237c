"""Preflight passes potentials that are right and fails each broken one in the check that is there for it."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from ase.build import bulk
from lammps_program import LENNARD_JONES_CARD, LammpsProgram

from sselmp.potentials.cards import Allowance, load_card
from sselmp.potentials.golden import structure
from sselmp.preflight import specimen
from sselmp.preflight.checks import Check, Limits
from sselmp.preflight.dynamics import MASS_UNIT, Flight, drift, kept_energy
from sselmp.preflight.program import with_allowance
from sselmp.structures.crystal import Crystal
from sselmp.structures.systems import load_system

# found there as in the potential's environment through PYTHONPATH
sys.path.insert(0, str(Path(__file__).parent / "calculators"))
import broken

PROGRAM = Path(__file__).parent / "programs" / "preflights.py"
CHECKS = (
    "elements", "cell", "extensive", "energies", "translation", "rotation", "permutation", "forces", "stress",
    "determinism", "inputs", "parity", "drift", "time", "memory",
)  # fmt: skip
# Each way to be wrong, and all the checks that it fails: the one for it, and those that it cannot but fail too.
BROKEN = {
    "WrongStressSign": {"stress"},
    "StressInGPa": {"stress"},
    "StressInLammpsOrder": {"stress", "rotation"},
    "ForcesOnePercentOff": {"forces", "drift"},
    "ForcesOfTwoAtomsSwapped": {"forces", "drift", "cell"},
    "NotExtensive": {"extensive"},
    "KnowsTheOrigin": {"translation"},
    "KnowsTheAxes": {"rotation"},
    "DependsOnOrder": {"permutation", "parity", "extensive"},
    "NeverTheSame": {"determinism", "parity", "cell", "translation", "rotation", "permutation"},
    "Remembers": {"determinism", "elements", "extensive", "translation", "rotation", "permutation"},
    "CutsOff": {"drift", "forces", "stress"},
    "ElementsByAppearance": {"elements", "permutation"},
    "ElementsAlike": {"elements"},
    "WrongEnergiesOfAtoms": {"energies"},
    "NearestImageOnly": {"cell", "extensive", "forces", "stress", "drift"},
    "WrapsItsInput": {"inputs"},
    "KeepsSomethingForTheAsker": {"parity", "energies", "extensive"},
    "RightForcesForTheAskerOnly": {"parity", "drift"},
    "RightStressForTheAskerOnly": {"parity"},
    "WrongShape": {"loading"},
}
# What a broken potential may or may not fail beside the check for it, depending on chance or on the structure.
PERHAPS = {
    "CutsOff": {"forces", "stress"},
    "RightForcesForTheAskerOnly": {"drift"},
    "NearestImageOnly": {"forces", "stress", "drift"},
}
# At the distance of a shell of neighbours, so that pairs pass it all the time.
CUTOFFS = {"CutsOff": 4.45}


NO_NOISE = Limits(energy_per_atom=1e-9, force=1e-9, stress=1e-9, noise=0.0)


def lithium_chloride() -> Crystal:
    atoms = bulk("LiCl", "rocksalt", a=5.14, cubic=True)
    return Crystal("LiCl", tuple(atoms.get_chemical_symbols()), cell=atoms.cell.array, positions=atoms.positions)


def card(
    folder: Path, calculator: str, *, forces: str = "conservative", name: str | None = None, more: str = ""
) -> Path:
    cutoff = CUTOFFS.get(calculator, 5.0)
    text = LENNARD_JONES_CARD.format(
        name=name or calculator, calculator=f"broken:{calculator}", cutoff=cutoff, stress="true", energies="true"
    )
    path = folder / f"{name or calculator}.toml"
    path.write_text(text.replace('"conservative"', f'"{forces}"') + f"rc = {cutoff}\n{more}")
    return path


@pytest.fixture(scope="module")
def found(lammps_environment, tmp_path_factory):
    """What preflight finds for every calculator of ``broken.py``, at both levels: name → findings."""
    folder = tmp_path_factory.mktemp("preflight")
    here = LammpsProgram(prefix=lammps_environment, folder=folder)
    cards = [card(folder, name) for name in ("Pairs", *BROKEN)]
    cards += [card(folder, "Direct", forces="direct"), card(folder, "ElementsExchanged", more=golden())]
    results = {}
    for level in ("quick", "full"):
        told = folder / f"{level}.json"
        specimen.write(told, specimen.Specimen.of(lithium_chloride(), level=level))
        done = subprocess.run(
            [here.prefix / "bin" / "python", PROGRAM, told, *cards],
            cwd=folder, env=here.environment(), capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr[-3000:]
        results[level] = json.loads(done.stdout.splitlines()[-1])
    return results


def golden() -> str:
    """What the right potential gives for Li2S, as a card records it: rock salt itself looks the same exchanged."""
    atoms = structure("Li2S-5.72")
    atoms.calc = broken.Pairs()
    return (
        f'[[golden]]\nstructure = "Li2S-5.72"\nenergy_eV = {atoms.get_potential_energy()}\n'
        f'forces_eV_per_A = {atoms.get_forces().tolist()}\nrecorded_with = "the tests"\n'
    )


def failures(findings: dict) -> set[str]:
    return {check["name"] for check in findings["checks"] if not check["passed"]}


def measured(findings: dict, name: str) -> float:
    return next(check["measured"] for check in findings["checks"] if check["name"] == name)


@pytest.mark.parametrize("level", ["quick", "full"])
def test_a_right_potential_passes_every_check_far_from_its_limits(found, level):
    checks = found[level]["Pairs"]["checks"]
    assert tuple(check["name"] for check in checks) == CHECKS
    assert failures(found[level]["Pairs"]) == set()
    shares = [c["measured"] / c["limit"] for c in checks if c["limit"] and c["name"] != "elements"]
    assert max(shares) < 0.3, max(checks, key=lambda c: c["measured"] / c["limit"] if c["limit"] else 0)


@pytest.mark.parametrize("level", ["quick", "full"])
@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_potential_fails_in_the_check_that_is_there_for_it(found, name, level):
    got = failures(found[level][name])
    surely = BROKEN[name] - PERHAPS.get(name, set())
    assert surely <= got <= BROKEN[name], [c for c in found[level][name]["checks"] if not c["passed"]]


def test_elements_exchanged_for_good_miss_the_golden_values(found):
    (check,) = found["full"]["ElementsExchanged"]["checks"]
    assert (check["name"], check["passed"]) == ("loading", False)
    assert "golden" in check["words"]


def test_direct_forces_are_measured_and_reported_but_have_no_limit(found):
    findings = found["full"]["Direct"]
    assert failures(findings) == set()
    check = next(c for c in findings["checks"] if c["name"] == "forces")
    assert check["limit"] is None
    along = float(check["words"].partition("(")[2].partition(" %")[0])
    assert along == pytest.approx(100 * (1 - 1 / 1.03), rel=0.05)  # percent of the forces as given
    assert 0.3 * along < check["measured"] < 3 * along  # random directions


def test_the_record_says_versions_hardware_time_and_memory(found):
    findings = found["full"]["Pairs"]
    assert {"ase", "lammps", "numpy", "sselmp"} <= set(findings["versions"])
    assert findings["hardware"]["device"] == "cpu"
    assert findings["hardware"]["host"]
    assert 0 < findings["seconds_per_evaluation"] < findings["seconds"]
    assert findings["seconds_per_step"] > 0
    assert findings["peak_memory_MB"] > 10


def test_the_configuration_has_no_symmetry_left_and_is_in_lammps_frame():
    crystal = specimen.perturbed(lithium_chloride())
    assert np.abs(np.triu(crystal.cell, 1)).max() == 0.0
    assert np.linalg.det(crystal.cell) == pytest.approx(5.14**3, rel=0.02)
    assert np.linalg.norm(crystal.cell, axis=1) == pytest.approx([5.14] * 3, rel=0.03)
    assert np.array_equal(crystal.positions, specimen.perturbed(lithium_chloride()).positions)
    distances = np.linalg.norm(crystal.positions[1:] - crystal.positions[0], axis=1)
    assert len(set(np.round(distances, 4))) == 7


def test_a_specimen_comes_back_from_its_file_as_it_was(tmp_path):
    crystal = lithium_chloride()
    specimen.write(tmp_path / "s.json", specimen.Specimen.of(crystal, level="quick"))
    back = specimen.read(tmp_path / "s.json")
    assert back.level == "quick"
    assert back.crystal().species == crystal.species
    assert np.array_equal(back.crystal().positions, crystal.positions)
    assert np.array_equal(back.crystal().cell, crystal.cell)


@pytest.mark.slow
@pytest.mark.potential
@pytest.mark.parametrize("system", ["Li6PS5Cl"])
def test_sevennet_passes_far_from_the_limits(lammps_environment, tmp_path, system):
    here = LammpsProgram(prefix=lammps_environment, folder=tmp_path)
    told = tmp_path / "structure.json"
    specimen.write(told, specimen.Specimen.of(load_system(system).crystal, level="quick"))
    done = subprocess.run(
        [here.prefix / "bin" / "python", "-m", "sselmp.preflight.program", "sevennet", told, "found.json"],
        cwd=tmp_path, env=here.environment(), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    findings = json.loads((tmp_path / "found.json").read_text())
    assert failures(findings) == set()
    shares = [c["measured"] / c["limit"] for c in findings["checks"] if c["limit"] and c["name"] != "elements"]
    assert max(shares) < 0.3
    steps = [line.split()[1:3] for line in done.stdout.splitlines() if line.startswith("sselmp-preflight ")]
    assert steps[-1] == [str(len(steps)), str(len(steps))]  # as many evaluations as the bar was told
    assert len(steps) < 60


def test_a_card_may_allow_a_check_to_miss_its_limit_by_so_much_and_says_why():
    allowing = load_card("sevennet").model_copy(
        update={"allowances": (Allowance(check="rotation", times=50.0, reason="it learned turns from data"),)}
    )
    missed = Check("rotation", passed=False, measured=4e-4, limit=1e-5, units="eV/atom", words="turned")
    passed = with_allowance(missed, allowing)
    assert passed.passed
    assert passed.limit == pytest.approx(5e-4)
    assert "it learned turns from data" in passed.words
    assert not with_allowance(replace(missed, measured=6e-4), allowing).passed
    assert not with_allowance(replace(missed, measured=float("nan")), allowing).passed
    assert not with_allowance(replace(missed, name="translation"), allowing).passed
    assert with_allowance(replace(missed, passed=True), allowing).words == "turned"


def test_velocity_verlet_keeps_the_energy_that_drift_is_judged_by():
    stiffness, mass, timestep = 8.0, 6.94, 0.002  # a lithium atom in a stiff place, a fifteenth of its period a step
    position, velocity = np.array([[0.1, 0.0, 0.0]]), np.array([[3.0, 8.0, 0.0]])
    rows = []
    for _ in range(25):
        force = -stiffness * position
        rows.append((0.5 * stiffness * np.sum(position**2), velocity, force))
        half = velocity + 0.5 * timestep * force / (mass * MASS_UNIT)
        position = position + timestep * half
        velocity = half - 0.5 * timestep * stiffness * position / (mass * MASS_UNIT)
    energies, velocities, forces = (np.array(column) for column in zip(*rows, strict=True))
    flight = Flight(timestep, masses=np.array([mass]), potential=energies, velocities=velocities, forces=forces)
    plain = energies + 0.5 * mass * MASS_UNIT * np.sum(velocities**2, axis=(1, 2))
    assert np.ptp(kept_energy(flight)) < 0.02 * np.ptp(plain)
    leaking = replace(flight, potential=energies + 1e-4 * np.arange(25))
    assert drift(flight, limits=NO_NOISE, conservative=True).passed == (np.ptp(kept_energy(flight)) < 5e-5)
    assert not drift(leaking, limits=NO_NOISE, conservative=True).passed
    assert drift(leaking, limits=NO_NOISE, conservative=False).passed
