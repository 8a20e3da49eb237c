"""DeePMD: both backends against the authors' own entry points, and what the family refuses."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import ase.build
import ase.io
import numpy as np
import pytest
from lammps_program import LammpsProgram

from sselmp.errors import PotentialError, SettingsError
from sselmp.potentials.cards import check_elements, load_card
from sselmp.potentials.families import deepmd
from sselmp.units import EV_PER_A3_IN_BAR

PROGRAM = Path(__file__).parent / "programs" / "deepmd_models.py"
UNIVERSAL = "weights/deepmd/2025-03-14-dpa3-mptrj.pth"
SMALL = "weights/deepmd/Li6PS5Cl-se_e2_a-small.pb"
STRUCTURES = ("LiCl-rocksalt-5.14", "LiCl-distorted", "LiCl-distorted+unwrapped", "LiCl-distorted+isolated")
OF_THE_SMALL_MODEL = (*STRUCTURES, "Li2S-distorted", "Li6PS5Cl-ordered", "Li6PS5Cl-ordered+doubled")

OWN_CARD = """\
name = "small"
extends = "deepmd-own"
cutoff_A = 6.0
elements = ["Li", "P", "S", "Cl"]
weights = {{ file = "{file}", sha256 = "908ca49b34939a0c6f38a51543bdf7f7b0edba3ff887e8cb05f32dd6bf58d337" }}
"""
FACTS = deepmd.Facts(
    elements=("Li", "S"), cutoff_A=6.0, passes_messages=False, precision="float64", needs_parameters=False
)

slow_and_real = [pytest.mark.potential, pytest.mark.slow]


def asked(prefix: Path, folder: Path, *arguments: object, **variables: object) -> dict:
    """What deepmd_models.py says of a model, in a folder of its own."""
    threads = dict.fromkeys(
        ("OMP_NUM_THREADS", "DP_INTRA_OP_PARALLELISM_THREADS", "DP_INTER_OP_PARALLELISM_THREADS"), "1"
    )
    environment = {**os.environ, **threads, **{key: str(value) for key, value in variables.items()}}
    argv = [str(part) for part in (prefix / "bin" / "python", PROGRAM, *arguments)]
    done = subprocess.run(argv, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=600)
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1]) | {"lines": done.stdout.splitlines(), "stderr": done.stderr}


@pytest.fixture(scope="session")
def universal(family_environment, test_data, tmp_path_factory):
    prefix = family_environment("dpa3")
    folder = tmp_path_factory.mktemp("dpa3")
    return asked(prefix, folder, "deepmd", test_data / UNIVERSAL, *STRUCTURES, SSELMP_WEIGHTS=test_data / "weights")


@pytest.fixture(scope="session")
def own_card(test_data, tmp_path_factory):
    path = tmp_path_factory.mktemp("small") / "small.toml"
    path.write_text(OWN_CARD.format(file=test_data / SMALL))
    return path


@pytest.fixture(scope="session")
def small(family_environment, test_data, own_card):
    prefix = family_environment("deepmd")
    return asked(prefix, own_card.parent, own_card, test_data / SMALL, *OF_THE_SMALL_MODEL)


@pytest.fixture(params=[pytest.param("universal", marks=slow_and_real), pytest.param("small", marks=slow_and_real)])
def said(request):
    return request.getfixturevalue(request.param)


def test_energies_forces_and_stress_are_those_of_the_authors_own_entry_point(said):
    assert set(said["ours"]) == set(said["reference"])
    for name, expected in said["reference"].items():
        found, atoms = said["ours"][name], len(expected["forces"])
        assert found["energy"] / atoms == pytest.approx(expected["energy"] / atoms, abs=1e-7), name
        assert np.array(found["forces"]) == pytest.approx(np.array(expected["forces"]), abs=1e-6), name
        if expected["stress"] is not None:
            assert np.array(found["stress"]) == pytest.approx(np.array(expected["stress"]), abs=1e-7), name
        assert sum(found["energies"]) == pytest.approx(found["energy"], abs=1e-7)


def test_an_isolated_cluster_has_no_stress_and_another_energy_than_the_crystal(said):
    crystal, cluster = (said["ours"][f"LiCl-distorted{change}"] for change in ("", "+isolated"))
    assert cluster["stress"] is None
    assert abs(cluster["energy"] - crystal["energy"]) > 0.1


def test_inputs_and_the_process_are_left_as_they_were_and_nothing_is_printed(said):
    assert said["changed"] == []
    assert all(one["unchanged"] for one in said["ours"].values())
    assert len(said["lines"]) == 1


@pytest.mark.parametrize(
    ("what", "message"),
    [
        ("half", "is no checkpoint that the family 'deepmd' can use"),
        ("device", "the device 'cuda' is not there"),
        ("slab", "periodic along some axes only"),
        ("element", "does not know"),
        ("cutoff", "contradicts its checkpoint: cutoff_A\n  got:     5.0\n  allowed: 6.0"),
    ],
)
def test_what_cannot_be_right_is_refused_in_one_message(said, what, message):
    assert message in said["refused"][what]


@pytest.mark.slow
@pytest.mark.potential
def test_the_universal_model_gives_what_was_recorded_of_it_on_argyrodite(family_environment, test_data, tmp_path):
    recorded = json.loads((test_data / "golden.json").read_text())["2025-03-14-dpa3-mptrj.pth"]
    expected = recorded["Li6PS5Cl_mp-985592"]
    script = (
        "import json, sys\nfrom ase.io import read\n"
        "from sselmp.potentials.calculators import load_calculator\nfrom sselmp.potentials.cards import load_card\n"
        "atoms = read(sys.argv[1])\natoms.calc = load_calculator(load_card('deepmd'))\n"
        "print(json.dumps([atoms.get_potential_energy(), atoms.get_forces()[0].tolist(), atoms.get_stress().tolist()]))"
    )
    argv = [family_environment("dpa3") / "bin" / "python", "-c", script]
    argv += [test_data / "structures" / "mp" / "Li6PS5Cl_mp-985592.cif"]
    variables = {**os.environ, "OMP_NUM_THREADS": "1", "SSELMP_WEIGHTS": str(test_data / "weights")}
    done = subprocess.run(argv, env=variables, capture_output=True, text=True, check=False, timeout=600, cwd=tmp_path)
    assert done.returncode == 0, done.stderr[-3000:]
    energy, force, stress = json.loads(done.stdout.splitlines()[-1])
    assert energy / 52 == pytest.approx(expected["energy_per_atom_eV"], abs=1e-6)
    assert force == pytest.approx(expected["force_atom0_eV_A"], abs=1e-5)
    assert stress == pytest.approx(expected["stress_voigt_eV_A3"], abs=1e-6)


@pytest.mark.slow
@pytest.mark.potential
def test_the_virial_in_lammps_is_the_derivative_of_the_energy(family_environment, own_card, tmp_path):
    lammps = LammpsProgram(prefix=family_environment("deepmd"), folder=tmp_path)
    atoms = ase.build.bulk("LiCl", "rocksalt", 5.3, cubic=True)
    atoms.rattle(0.1, seed=3)
    ase.io.write(tmp_path / "salt.data", atoms, format="lammps-data", specorder=["Li", "Cl"], masses=True)
    lammps.works(
        "units metal\natom_style atomic\nread_data salt.data\n"
        f"pair_style sselmp {own_card}\npair_coeff * * Li Cl\n"
        "thermo_style custom step pe vol pxx\nthermo_modify format float %.15g\nrun 0\n"
        "change_box all x scale 1.001 remap\nrun 0\n"
        "change_box all x scale $(0.999/1.001) remap\nrun 0\n"
    )
    rows = lammps.thermo()
    pressure = -(rows[1, 1] - rows[2, 1]) / 0.002 / rows[0, 2] * EV_PER_A3_IN_BAR
    assert abs(rows[0, 3]) > 1000
    assert rows[0, 3] == pytest.approx(pressure, rel=1e-3)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"cutoff_A": 8.0}, "contradicts its checkpoint: cutoff_A"),
        ({"precision": "float32"}, "contradicts its checkpoint: precision"),
        ({"elements": ("Li", "Na")}, r"elements \(its types are Li S\)\n  got:     Na"),
        ({"message_passing_depth": 3}, "message_passing_depth above 1"),
    ],
)
def test_a_card_that_contradicts_its_model_is_refused(change, message):
    card = load_card("deepmd-own").model_copy(update=change)
    with pytest.raises(PotentialError, match=message):
        deepmd._hold(card, FACTS, file=Path("graph.pb"))


def test_a_card_may_name_fewer_elements_than_its_model_has_types():
    card = load_card("deepmd-own").model_copy(update={"elements": ("Li",)})
    deepmd._hold(card, FACTS, file=Path("graph.pb"))


def test_a_model_that_wants_parameters_nobody_gives_is_refused():
    facts = deepmd.Facts(**{**vars(FACTS), "needs_parameters": True})
    with pytest.raises(PotentialError, match="wants frame or atomic parameters"):
        deepmd._hold(load_card("deepmd-own"), facts, file=Path("graph.pb"))


@pytest.mark.parametrize(
    ("card", "file", "message"),
    [
        ("deepmd-own", None, "names no weights"),
        ("deepmd-own", "model.ckpt", r"a name that ends in '\.ckpt'\n  allowed: \.pb \(TensorFlow\)"),
    ],
)
def test_a_file_of_another_kind_is_refused_by_its_name(card, file, message):
    with pytest.raises(PotentialError, match=message):
        deepmd.load(load_card(card), Path(file) if file else None, device="cpu")


def test_an_option_is_refused():
    card = load_card("deepmd-own").model_copy(update={"options": {"head": "x"}})
    with pytest.raises(PotentialError, match="has no option 'head'"):
        deepmd.load(card, Path("graph.pb"), device="cpu")


def test_the_universal_model_refuses_elements_that_it_was_never_trained_on_though_its_types_name_them():
    with pytest.raises(SettingsError, match="does not know Po"):
        check_elements(load_card("deepmd"), ["Li", "Po"])
