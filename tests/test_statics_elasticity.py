"""Elastic tensors are what closed forms, differences of energies and matcalc say, whatever the axes of the crystal."""

from __future__ import annotations

import json
from pathlib import Path

import metals
import numpy as np
import pytest
from ase.build import bulk
from ase.calculators.emt import EMT

from sselmp import layout, units
from sselmp.errors import SettingsError
from sselmp.launch.statics import Request, study
from sselmp.settings import check, read_toml
from sselmp.statics import elastic_tensor, symmetry
from sselmp.statics.elasticity import Moduli, Tensor, deformation, elasticity
from sselmp.statics.relaxation import relax
from sselmp.statics.settings import ElasticitySettings, StaticsSettings
from sselmp.statics.watched import atoms_of
from sselmp.structures.crystal import Crystal

SMALL = ElasticitySettings(normal_strains=(-0.002, 0.002), shear_strains=(-0.002, 0.002), fmax_eV_per_A=1e-5)
CLAMPED = ElasticitySettings(relax_ions=False)
RECORDED = Path(__file__).parent / "data" / "matcalc" / "emt.json"


def paper():
    """The settings that do as matcalc does."""
    path = layout.statics_settings_folder() / "paper.toml"
    return check(StaticsSettings, read_toml(path), source=str(path))


def found(crystal, calculator, settings):
    return elasticity(crystal, calculator, settings=settings, symmetry_tolerance_A=0.01)


def tensor(result):
    return np.array(result.tensor.C_GPa)


def test_central_forces_between_neighbours_of_fcc_give_the_moduli_of_their_closed_form():
    crystal, calculator, constant = metals.neighbours_only()
    C11 = 2.0 * constant / (metals.LENGTH * np.sqrt(2.0)) * units.EV_PER_A3_IN_GPA
    C = tensor(found(crystal, calculator, SMALL))
    closed = np.zeros((6, 6))
    closed[:3, :3] = C11 / 2.0
    closed[np.diag_indices(6)] = [C11] * 3 + [C11 / 2.0] * 3
    assert pytest.approx(closed, abs=2e-3 * C11) == C


def test_the_shear_strains_of_matcalc_are_too_large_for_a_line_and_the_default_ones_are_not():
    crystal, calculator, constant = metals.neighbours_only()
    C44 = constant / (metals.LENGTH * np.sqrt(2.0)) * units.EV_PER_A3_IN_GPA
    as_matcalc = found(crystal, calculator, paper().elasticity).tensor
    ours = found(crystal, calculator, CLAMPED).tensor
    assert as_matcalc.C_GPa[3][3] / C44 > 1.05
    assert ours.C_GPa[3][3] == pytest.approx(C44, rel=0.01)
    assert as_matcalc.moduli.G_GPa / as_matcalc.G_at_zero_GPa > 1.05  # and the record tells
    assert ours.moduli.G_GPa == pytest.approx(ours.G_at_zero_GPa, rel=0.01)


def test_clamped_moduli_are_second_differences_of_the_energy():
    crystal = relax(metals.crystal(metals.low_symmetry()), metals.emt(), settings=metals.TIGHT).result.crystal.crystal()
    fitted = np.array(found(crystal, metals.emt(), SMALL).clamped.C_as_fitted_GPa)
    h = 2e-3

    def energy(*strains):
        green = np.zeros((3, 3))
        for component, strain in strains:
            green += deformation(component, strain) @ deformation(component, strain) - np.eye(3)
        values, vectors = np.linalg.eigh(np.eye(3) + green)
        cell = crystal.cell @ (vectors * np.sqrt(values) @ vectors.T)
        moved = Crystal("moved", crystal.species, cell=cell, positions=crystal.fractional() @ cell)
        return atoms_of(moved, EMT()).get_potential_energy()

    size = abs(np.linalg.det(crystal.cell))
    for p, q in ((0, 0), (3, 3), (0, 1), (2, 4), (3, 5)):
        mixed = sum(s * t * energy((p, s * h), (q, t * h)) for s in (1, -1) for t in (1, -1)) / (4 * h * h)
        if p == q:
            mixed = (energy((p, h)) - 2 * energy() + energy((p, -h))) / h**2
        scale = (2.0 if p > 2 else 1.0) * (2.0 if q > 2 else 1.0)  # engineering shear
        assert (fitted[p, q] + fitted[q, p]) / 2 == pytest.approx(
            mixed / size / scale * units.EV_PER_A3_IN_GPA, abs=1.5
        ), (p, q)


def test_relaxed_ions_soften_the_clamped_tensor_by_what_their_hessian_says():
    crystal = relax(metals.crystal(metals.low_symmetry()), metals.emt(), settings=metals.TIGHT).result.crystal.crystal()
    result = found(crystal, metals.emt(), SMALL)
    h, count = 1e-3, 3 * len(crystal)

    def forces(strain=(0, 0.0), move=None):
        cell = crystal.cell @ deformation(*strain)
        atoms = bulk("Cu")
        atoms = type(atoms)(
            crystal.species, scaled_positions=crystal.fractional(), cell=cell, pbc=True, calculator=EMT()
        )
        if move is not None:
            atoms.positions[move[0] // 3, move[0] % 3] += move[1]
        return atoms.get_forces().ravel()

    hessian = np.array([(forces(move=(k, -h)) - forces(move=(k, h))) / (2 * h) for k in range(count)])
    coupling = np.array([(forces((p, h)) - forces((p, -h))) / (2 * h * (1 if p < 3 else 2)) for p in range(6)])
    softened = coupling @ np.linalg.pinv((hessian + hessian.T) / 2, rcond=1e-6) @ coupling.T
    expected = (
        np.array(result.clamped.C_as_fitted_GPa) - softened / abs(np.linalg.det(crystal.cell)) * units.EV_PER_A3_IN_GPA
    )
    assert np.array(result.tensor.C_as_fitted_GPa) == pytest.approx(expected, abs=1.0)
    assert result.clamped.moduli.G_GPa > 1.03 * result.tensor.moduli.G_GPa  # there is something to soften


def test_the_tensor_of_a_turned_triclinic_crystal_is_the_turned_tensor():
    atoms = metals.low_symmetry()
    start = relax(metals.crystal(atoms), metals.emt(), settings=metals.TIGHT).result.crystal.crystal()
    turn = metals.rotation()
    turned = Crystal(start.name, start.species, cell=start.cell @ turn, positions=start.positions @ turn)
    first, second = (found(one, metals.emt(), SMALL) for one in (start, turned))
    assert first.space_group.startswith("P")
    fitted = np.array(first.tensor.C_as_fitted_GPa)
    assert np.array(second.tensor.C_as_fitted_GPa) == pytest.approx(elastic_tensor.turned(fitted, turn.T), abs=0.1)
    assert np.abs(fitted - np.array(second.tensor.C_as_fitted_GPa)).max() > 10.0  # the turn is seen
    assert tensor(second) == pytest.approx(tensor(first), abs=0.1)  # but not in the standard axes
    for name in ("K_GPa", "G_GPa", "K_voigt_GPa", "G_reuss_GPa", "anisotropy"):
        assert getattr(second.tensor.moduli, name) == pytest.approx(getattr(first.tensor.moduli, name), rel=1e-3)


def test_moduli_do_not_depend_on_axes_and_are_those_of_an_isotropic_solid_by_construction():
    K, G = 42.0, 19.0
    C = np.zeros((6, 6))
    C[:3, :3] = K - 2.0 * G / 3.0
    C[np.diag_indices(6)] = [K + 4.0 * G / 3.0] * 3 + [G] * 3
    for matrix in (C, elastic_tensor.turned(C, metals.rotation())):
        one = Moduli.of(matrix)
        assert (one.K_GPa, one.G_GPa) == pytest.approx((K, G))
        assert one.young_GPa == pytest.approx(9 * K * G / (3 * K + G))
        assert one.poisson == pytest.approx((3 * K - 2 * G) / (6 * K + 2 * G))
        assert one.anisotropy == pytest.approx(0.0, abs=1e-9)
        directions = np.eye(3) @ metals.rotation(8)
        assert elastic_tensor.young_along(matrix, directions) == pytest.approx([one.young_GPa] * 3)


def test_moduli_of_cubic_crystals_follow_the_formulas_of_hill():
    C11, C12, C44 = 170.0, 115.0, 90.0
    C = np.zeros((6, 6))
    C[:3, :3] = C12
    C[np.diag_indices(6)] = [C11] * 3 + [C44] * 3
    one = Moduli.of(elastic_tensor.turned(C, metals.rotation(2)))
    assert one.K_GPa == pytest.approx((C11 + 2 * C12) / 3)
    assert one.G_voigt_GPa == pytest.approx((C11 - C12 + 3 * C44) / 5)
    assert one.G_reuss_GPa == pytest.approx(5 * (C11 - C12) * C44 / (4 * C44 + 3 * (C11 - C12)))
    along = elastic_tensor.young_along(C, np.array([[1.0, 0, 0], [1, 1, 1] / np.sqrt(3)]))
    S11, S44 = (C11 + C12) / ((C11 - C12) * (C11 + 2 * C12)), 1 / C44
    S12 = -C12 / ((C11 - C12) * (C11 + 2 * C12))
    assert along == pytest.approx([1 / S11, 1 / (S11 - 2 * (S11 - S12 - S44 / 2) / 3)])


@pytest.mark.parametrize("name", ["cubic", "tetragonal", "orthorhombic", "hexagonal", "trigonal", "monoclinic"])
def test_standard_axes_are_those_of_pymatgen(name):
    from pymatgen.core import Lattice, Structure
    from pymatgen.core.elasticity import ElasticTensor

    lattices = {
        "cubic": (225, Lattice.cubic(3.6)),
        "tetragonal": (123, Lattice.tetragonal(3.1, 4.4)),
        "orthorhombic": (47, Lattice.orthorhombic(4.2, 3.1, 5.3)),
        "hexagonal": (191, Lattice.hexagonal(3.2, 4.9)),
        "trigonal": (166, Lattice.hexagonal(3.2, 14.9)),
        "monoclinic": (10, Lattice.monoclinic(4.2, 3.1, 5.3, 103.0)),
    }
    group, lattice = lattices[name]
    structure = Structure.from_spacegroup(group, lattice, ["Cu"], [[0, 0, 0]]).get_primitive_structure()
    turn = metals.rotation(11)
    structure = Structure(structure.lattice.matrix @ turn, structure.species, structure.frac_coords)
    crystal = Crystal(
        name, tuple(s.symbol for s in structure.species), cell=structure.lattice.matrix, positions=structure.cart_coords
    )
    found_group = symmetry.symmetry(crystal, tolerance_A=0.01)
    assert found_group.number == group
    values = np.random.default_rng(4).normal(size=(6, 6))
    C = elastic_tensor.averaged(values + values.T + 30 * np.eye(6), found_group.rotations)
    assert np.abs(elastic_tensor.averaged(C, found_group.rotations) - C).max() < 1e-10
    theirs = ElasticTensor.from_voigt(C).convert_to_ieee(structure, initial_fit=False).voigt
    ours = elastic_tensor.turned(C, found_group.axes)
    # axes along equivalent lattice vectors may be chosen the other way round, which changes signs only
    assert np.abs(ours) == pytest.approx(np.abs(theirs), abs=1e-6)


def test_a_crystal_that_a_strain_makes_cheaper_is_said_to_be_unstable_and_gets_no_moduli_of_it():
    keeping = metals.TIGHT.model_copy(update={"cell": "volume"})
    body_centred = relax(metals.crystal(bulk("Cu", "bcc", a=2.85)), metals.emt(), settings=keeping).result
    result = found(body_centred.crystal.crystal(), metals.emt(), SMALL)
    C = np.array(result.tensor.C_GPa)
    assert C[0, 0] < C[0, 1]  # so that tetragonal strain lowers the energy
    assert result.verdict == "unstable"
    assert result.tensor.smallest_eigenvalue_GPa == pytest.approx(C[0, 0] - C[0, 1])
    assert result.tensor.moduli.K_GPa is None
    assert result.tensor.moduli.G_GPa is None
    assert result.tensor.moduli.K_voigt_GPa == pytest.approx(np.array(result.tensor.C_GPa)[:3, :3].sum() / 9.0)


def test_the_tensor_is_averaged_over_the_point_group_and_what_that_changed_is_told():
    result = found(metals.crystal(bulk("Cu", "fcc", a=3.6)), metals.emt(), CLAMPED)
    C = np.array(result.tensor.C_GPa)
    assert pytest.approx(C[0, 0]) == C[1, 1] == pytest.approx(C[2, 2])
    assert np.abs(C[:3, 3:]).max() < 1e-9
    one = result.tensor
    broken = elastic_tensor.Fitted(np.array(one.C_as_fitted_GPa) + np.diag([5.0, 0, 0, 0, 0, 0]), None, 0.0, 1.0)
    group = symmetry.symmetry(metals.crystal(bulk("Cu", "fcc", a=3.6)), tolerance_A=0.01)
    assert Tensor.of(broken, group=group, ions="clamped").off_symmetry_GPa == pytest.approx(10.0 / 3.0, abs=0.1)
    assert one.off_symmetry_GPa < 0.1


@pytest.mark.parametrize("row", json.loads(RECORDED.read_text())["rows"], ids=lambda row: row["name"])
def test_the_settings_of_the_paper_give_what_matcalc_gives(row):
    crystal = Crystal(row["name"], tuple(row["species"]), cell=row["cell"], positions=row["positions"])
    calculator = metals.emt()
    if "as given" not in row["name"]:
        relaxation = paper().relaxation.model_copy(update={"fmax_eV_per_A": 1e-4, "stress_tolerance_GPa": 0.01})
        crystal = relax(crystal, calculator, settings=relaxation).result.crystal.crystal()
    result = found(crystal, calculator, paper().elasticity)
    C = np.array(result.tensor.C_as_fitted_GPa).T  # rows are strains in matcalc, which averages over no point group
    one = Moduli.of(C)
    assert one.K_GPa == pytest.approx(row["K_GPa"], rel=0.001)
    assert one.G_GPa == pytest.approx(row["G_GPa"], rel=0.001)
    # relaxations end a little apart; what is strained as it is given comes out the same
    assert np.array(row["C_GPa"]) == pytest.approx(C, abs=1e-6 if "as given" in row["name"] else 0.2)


@pytest.mark.parametrize(
    ("strains", "message"),
    [((0.0, 0.01), "zero"), ((0.01, 0.01), "twice"), ((-0.5, 0.5), "linear"), ((0.01,), "at least 2")],
)
def test_strains_that_say_nothing_are_refused(strains, message):
    with pytest.raises(SettingsError, match=message):
        check(ElasticitySettings, {"shear_strains": strains}, source="mine.toml")


def test_ions_that_do_not_come_to_rest_are_told_and_leave_the_clamped_tensor_alone():
    impossible = SMALL.model_copy(update={"fmax_eV_per_A": 1e-30})
    crystal = metals.crystal(metals.low_symmetry())
    result = found(crystal, metals.emt(), impossible)
    assert result.verdict == "not at rest"
    assert "steps in the unstrained cell" in result.unrested
    clamped = found(crystal, metals.emt(), SMALL.model_copy(update={"relax_ions": False}))
    assert (result.tensor, result.clamped) == (clamped.tensor, None)


@pytest.mark.slow
@pytest.mark.potential
def test_sevennet_gives_lithium_chloride_the_moduli_that_matcalc_recorded(lammps_environment, tmp_path):
    rows = json.loads((RECORDED.parent / "sevennet-0.json").read_text())["rows"]
    (row,) = (row for row in rows if row["mp_id"] == "mp-22905")
    salt = metals.crystal(bulk("LiCl", "rocksalt", a=3.64354305 * np.sqrt(2.0)), "LiCl")  # as mp-22905
    request = Request("sevennet", (salt,), ("elastic",), paper(), tmp_path, threads=1)
    _, elastic = relaxed_and_strained(request, lammps_environment)
    assert elastic.evaluations == 25
    assert elastic.result.space_group == "Fm-3m (225)"
    assert elastic.result.tensor.moduli.K_GPa == pytest.approx(row["K_GPa"], rel=0.01)
    assert elastic.result.tensor.moduli.G_GPa == pytest.approx(row["G_GPa"], rel=0.01)


def relaxed_and_strained(request, prefix):
    """Both records of a request for one structure, found in a potential's environment."""
    outcome = study(request, prefix=prefix)
    assert outcome.failures == ()
    return outcome.records
