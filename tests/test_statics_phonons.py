"""Phonons are those of closed forms and of brute force, and what is unstable, inexact or interpolated is said to be."""

from __future__ import annotations

import metals
import numpy as np
import pytest
from ase.build import bulk
from ase.calculators.emt import EMT
from ase.data import atomic_masses, atomic_numbers
from ase.phonons import Phonons as BruteForce

from sselmp import units
from sselmp.errors import SettingsError
from sselmp.statics.phonon_result import Mode
from sselmp.statics.phonons import displaced_supercells, judged, phonons, thermal
from sselmp.statics.quantities import of_phonons
from sselmp.statics.relaxation import relax
from sselmp.statics.settings import PhononSettings
from sselmp.statics.thermodynamics import oscillators
from sselmp.statics.watched import atoms_of
from sselmp.structures.crystal import Crystal
from sselmp.structures.supercell import factors_reaching, image_distance

COARSE = PhononSettings(mesh=(6, 6, 6), band_points=9)
THZ_PER_ROOT = np.sqrt(units.ELEMENTARY_CHARGE_C / 1e-20 / 1.66053906660e-27) / (2 * np.pi) / 1e12  # of eV/Å²/u


def found(crystal, calculator, settings=COARSE, *, spoil=None):
    """The phonons, and what they were made of; forces may be spoilt on purpose."""
    dynamics = displaced_supercells(crystal, settings=settings, symmetry_tolerance_A=0.01)
    cells = (dynamics.supercell, *dynamics.displaced)
    forces = [np.array(atoms_of(cell, calculator).get_forces()) for cell in cells]
    if spoil is not None:
        forces = [force + spoil(cell.positions - cells[0].positions) for cell, force in zip(cells, forces, strict=True)]
    return phonons(dynamics, forces, settings=settings), dynamics


def in_the_supercell(dynamics):
    return np.sort(dynamics.frequencies(dynamics.commensurate()), axis=None)


@pytest.fixture(scope="module")
def triclinic():
    """A crystal of two atoms in a skewed cell, and its phonons."""
    start = metals.crystal(metals.low_symmetry())
    relaxed = relax(start, metals.emt(), settings=metals.TIGHT.model_copy(update={"cell": "none"}))
    crystal = relaxed.result.crystal.crystal()
    settings = PhononSettings(supercell=(2, 2, 2), mesh=(6, 6, 6), band_points=5)
    return crystal, settings, found(crystal, EMT(), settings)


def test_neighbours_of_fcc_bound_by_springs_vibrate_as_their_closed_form_says():
    crystal, calculator, constant = metals.neighbours_only()
    result, dynamics = found(crystal, calculator, COARSE.model_copy(update={"displacement_A": 0.001}))
    mass = atomic_masses[atomic_numbers["Cu"]]
    reciprocal = np.linalg.inv(dynamics.primitive.cell).T
    bonds = np.array(list(np.ndindex(3, 3, 3))) - 1.0
    bonds = bonds[np.abs(bonds).sum(axis=1) == 2] / np.sqrt(2.0)  # the twelve directions
    compared = 0
    for piece in result.bands:
        for q, frequencies in zip(piece.q, piece.frequencies_THz, strict=True):
            phase = 2 * np.pi * metals.LENGTH * bonds @ (np.array(q) @ reciprocal)
            dynamical = constant / mass * np.einsum("i,ij,ik->jk", 1.0 - np.cos(phase), bonds, bonds)
            closed = THZ_PER_ROOT * np.sqrt(np.linalg.eigvalsh(dynamical).clip(0.0))
            assert frequencies == pytest.approx(closed, abs=2e-3)
            compared += 1
    assert compared == 9 * len(result.bands) >= 60
    at_X = next(piece for piece in result.bands if piece.end == "X").frequencies_THz[-1]
    unit = THZ_PER_ROOT * np.sqrt(constant / mass)
    assert at_X == pytest.approx([2.0 * unit, 2.0 * unit, np.sqrt(8.0) * unit], rel=1e-3)
    assert result.verdict == "stable"


def test_the_modes_that_fit_into_the_supercell_are_those_of_displacing_every_atom(triclinic, tmp_path):
    crystal, settings, (_, dynamics) = triclinic
    atoms = atoms_of(crystal, EMT())
    brute = BruteForce(atoms, EMT(), supercell=settings.supercell, delta=0.01, name=str(tmp_path / "brute"))
    brute.run()
    brute.read(acoustic=True)
    q = np.array(list(np.ndindex(settings.supercell))) / np.array(settings.supercell)
    energies = brute.band_structure(q, verbose=False)
    expected = np.sort(energies / units.PLANCK_EV_PER_THZ, axis=None)
    assert in_the_supercell(dynamics)[3:] == pytest.approx(expected[3:], abs=5e-3)
    assert len(expected) == 8 * 6


def test_a_crystal_that_is_turned_has_the_same_phonons(triclinic):
    crystal, settings, (result, dynamics) = triclinic
    turn = metals.rotation()
    turned = Crystal("turned", crystal.species, cell=crystal.cell @ turn, positions=crystal.positions @ turn)
    again, other = found(turned, EMT(), settings)
    assert in_the_supercell(other) == pytest.approx(in_the_supercell(dynamics), abs=1e-3)
    assert again.thermal.heat_capacity_J_per_K_mol == pytest.approx(result.thermal.heat_capacity_J_per_K_mol, abs=1e-3)
    assert (again.verdict, again.space_group, again.displacements) == ("stable", result.space_group, 12)


def test_left_handed_and_conventional_cells_of_a_crystal_have_its_phonons(triclinic):
    crystal, settings, (_, dynamics) = triclinic
    swapped = Crystal("left", crystal.species, cell=crystal.cell[[1, 0, 2]], positions=crystal.positions)
    assert np.linalg.det(swapped.cell) * np.linalg.det(crystal.cell) < 0
    _, other = found(swapped, EMT(), settings)
    assert in_the_supercell(other) == pytest.approx(in_the_supercell(dynamics), abs=1e-3)
    _, calculator, _ = metals.neighbours_only()
    cubic = metals.crystal(bulk("Cu", "fcc", a=metals.LENGTH * np.sqrt(2.0), cubic=True))
    result, conventional = found(cubic, calculator, COARSE.model_copy(update={"supercell": (2, 2, 2)}))
    assert (len(conventional.primitive), len(conventional.commensurate())) == (1, 32)
    assert abs(np.linalg.det(conventional.translations)) == pytest.approx(32)
    whole = conventional.commensurate() @ conventional.translations.T
    assert whole == pytest.approx(np.rint(whole), abs=1e-9)
    alone, _ = found(metals.neighbours_only()[0], calculator)
    ends = [{piece.end: piece.frequencies_THz[-1] for piece in one.bands}["L"] for one in (result, alone)]
    assert ends[0] == pytest.approx(ends[1], abs=2e-3)


def test_the_density_of_states_holds_three_modes_an_atom_and_each_element_its_own(triclinic):
    _, _, (result, _) = triclinic
    density = result.density
    axis, total = np.array(density.frequency_THz), np.array(density.total_states_per_THz)
    parts = {part.element: np.array(part.states_per_THz) for part in density.elements}
    assert np.trapezoid(total, axis) == pytest.approx(6.0, rel=0.02)
    assert sum(parts.values()) == pytest.approx(total, abs=1e-5)
    assert {name: np.trapezoid(part, axis) for name, part in parts.items()} == pytest.approx(
        {"Ni": 3.0, "Pd": 3.0}, rel=0.03
    )
    mean = {name: np.trapezoid(part * axis, axis) for name, part in parts.items()}
    assert mean["Ni"] > 1.1 * mean["Pd"]  # the lighter one is the faster


def test_what_breaks_the_sum_rule_is_told_and_put_right():
    copper = metals.crystal(bulk("Cu", "fcc", a=3.59))
    spring = 0.5  # eV/Å²: of each atom to its place, which no crystal has
    small = COARSE.model_copy(update={"supercell": (2, 2, 2)})
    right, _ = found(copper, EMT(), small)
    wrong, _ = found(copper, EMT(), small, spoil=lambda moved: -spring * moved)
    at_place = THZ_PER_ROOT * np.sqrt(spring / atomic_masses[29])
    assert wrong.before_symmetrisation.acoustic_at_gamma_THz == pytest.approx([at_place] * 3, rel=1e-3)
    assert wrong.before_symmetrisation.sum_rule_eV_per_A2 == pytest.approx(spring, rel=1e-6)
    assert right.before_symmetrisation.sum_rule_eV_per_A2 < 1e-6
    for result in (right, wrong):
        assert result.acoustic_at_gamma_THz == pytest.approx([0.0] * 3, abs=1e-4)
    assert wrong.gamma_THz == pytest.approx([0.0] * 3, abs=1e-4)
    drifting, _ = found(copper, EMT(), small, spoil=lambda moved: np.full(moved.shape, 0.03))
    assert drifting.before_symmetrisation.residual_force_eV_per_A == pytest.approx(0.03 * np.sqrt(3.0))
    assert drifting.bands[0].frequencies_THz[-1] == pytest.approx(right.bands[0].frequencies_THz[-1])  # was subtracted


@pytest.mark.parametrize(("lattice", "a"), [("bcc", 2.87), ("sc", 2.4)])
def test_what_would_fall_to_another_structure_is_imaginary_and_where_is_said(lattice, a):
    result, dynamics = found(
        metals.crystal(bulk("Cu", lattice, a=a)),
        EMT(),
        COARSE.model_copy(update={"supercell": (4, 4, 4), "mesh": (6, 6, 6)}),
    )
    assert result.verdict == "imaginary"
    assert result.lowest_commensurate.frequency_THz == pytest.approx(in_the_supercell(dynamics)[0], abs=1e-6)
    assert result.lowest_commensurate.frequency_THz < -1.0
    assert result.lowest_commensurate.where == {"bcc": "N", "sc": "M"}[lattice]
    assert f"{result.lowest_commensurate.frequency_THz:.2f} THz at {result.lowest_commensurate.where}" in result.reason


def test_thermal_properties_leave_out_what_is_imaginary_and_their_names_say_so():
    """Half of the lowest branch of a simple cubic crystal of copper is not real."""
    result, _ = found(metals.crystal(bulk("Cu", "sc", a=2.4)), EMT())
    heat = result.thermal
    assert 0.1 < heat.imaginary_share < 0.3
    classical = 3.0 * units.GAS_CONSTANT_J_PER_MOL_K
    assert heat.heat_capacity_J_per_K_mol[-1] == pytest.approx(classical * (1.0 - heat.imaginary_share), rel=0.01)
    names = [number.name for number in of_phonons(result)]
    assert "C_v at 300 K, real modes only" in names
    assert "C_v at 300 K" not in names


def test_a_mode_that_is_imaginary_only_between_waves_of_the_supercell_is_called_interpolated():
    bcc = metals.crystal(bulk("Cu", "bcc", a=2.87))  # three cells miss N, where it is lowest
    crystal, _ = found(bcc, EMT(), COARSE.model_copy(update={"supercell": (3, 3, 3), "tolerance_THz": 1.05}))
    assert crystal.verdict == "imaginary where interpolated"
    assert (crystal.lowest.where, crystal.lowest.commensurate) == ("N", False)
    assert crystal.lowest.frequency_THz < -1.05 < crystal.lowest_commensurate.frequency_THz
    low = Mode(frequency_THz=-0.4, q=(0.1, 0.0, 0.0), where="between Γ and X", commensurate=False)
    fine = Mode(frequency_THz=1.2, q=(0.5, 0.0, 0.0), where="X", commensurate=True)
    verdict, reason = judged(low, fine, tolerance_THz=0.1)
    assert verdict == "imaginary where interpolated"
    assert "-0.40 THz between Γ and X (0.1, 0, 0), interpolated" in reason
    assert "a larger supercell decides" in reason
    assert judged(low, fine, tolerance_THz=0.5)[0] == "stable"
    assert judged(low, low.model_copy(update={"commensurate": True}), tolerance_THz=0.1)[0] == "imaginary"


def test_heat_capacity_is_that_of_dulong_and_petit_when_hot_and_goes_with_the_cube_when_cold():
    copper = metals.crystal(bulk("Cu", "fcc", a=3.59))
    _, dynamics = found(copper, EMT())
    modes = dynamics._phonopy.run_mesh([61, 61, 61], is_gamma_center=True)  # few waves, each with its weight
    frequencies = np.repeat(modes.frequencies, modes.weights, axis=0)[1:]  # without Γ
    one = thermal(frequencies, np.array([0.0, 9.0, 12.0, 300.0, 3000.0]))
    heat = np.array(one.heat_capacity_J_per_K_mol)
    assert heat[4] == pytest.approx(3.0 * units.GAS_CONSTANT_J_PER_MOL_K, rel=2e-3)
    assert heat[0] == 0.0
    assert np.log(heat[2] / heat[1]) / np.log(12.0 / 9.0) == pytest.approx(3.0, abs=0.1)
    theirs = dynamics._phonopy.run_thermal_properties(temperatures=np.array([300.0]), exclude_gamma_acoustic=True)
    phonopys = theirs.thermal_properties
    ours = (one.free_energy_kJ_per_mol[3], one.entropy_J_per_K_mol[3], heat[3])
    assert ours == pytest.approx([float(phonopys[place][0]) for place in (1, 2, 3)], rel=1e-4)


def test_an_oscillator_has_the_thermal_properties_of_einsteins_formula():
    temperatures = np.linspace(1.0, 900.0, 2000)
    one = oscillators(np.array([5.0]), temperatures)
    quantum = units.PLANCK_EV_PER_THZ * 5.0
    assert one.zero_point_energy_eV == pytest.approx(quantum / 2)
    x = quantum / (units.BOLTZMANN_EV_PER_K * temperatures)
    einstein = units.BOLTZMANN_EV_PER_K * (x / 2 / np.sinh(x / 2)) ** 2
    assert one.heat_capacity_eV_per_K[5:] == pytest.approx(einstein[5:], rel=1e-9)
    assert one.entropy_eV_per_K[1:-1] == pytest.approx(-np.gradient(one.free_energy_eV, temperatures)[1:-1], abs=1e-9)
    energy = one.free_energy_eV + temperatures * one.entropy_eV_per_K
    assert energy == pytest.approx(quantum * (0.5 + 1.0 / np.expm1(x)), rel=1e-9)


def test_the_supercell_is_the_smallest_in_which_no_atom_is_nearer_to_its_image_than_asked():
    skewed = metals.crystal(bulk("Cu", "bcc", a=2.87))  # angles of 109°: lengths alone would mislead
    for crystal in (skewed, metals.crystal(bulk("Cu", "fcc", a=3.59)), metals.crystal(metals.low_symmetry())):
        for asked in (7.0, 10.0):
            factors = np.array(factors_reaching(crystal, image_distance_A=asked))
            assert image_distance(crystal.cell * factors[:, None]) >= asked - 1e-6
            fewer = np.maximum(factors - 1, 1)
            assert image_distance(crystal.cell * fewer[:, None]) < asked
    assert factors_reaching(metals.crystal(bulk("Cu", "fcc", a=3.59, cubic=True)), image_distance_A=10.0) == (3, 3, 3)


def test_a_supercell_of_one_atom_is_refused():
    bcc = metals.crystal(bulk("Cu", "bcc", a=2.87))
    with pytest.raises(SettingsError, match="the supercell holds one atom"):
        found(bcc, EMT(), PhononSettings(supercell=(1, 1, 1)))
