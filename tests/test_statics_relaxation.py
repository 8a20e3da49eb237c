"""Relaxations end at a minimum and say so, or say that they do not."""

from __future__ import annotations

import metals
import numpy as np
import pytest
from ase.build import bulk
from ase.calculators.lj import LennardJones

from sselmp.errors import PotentialError, SettingsError
from sselmp.statics.relaxation import relax, relaxable_stress, shortest_distance
from sselmp.statics.settings import RelaxationSettings
from sselmp.statics.watched import Watched
from sselmp.structures.crystal import Crystal


def rattled():
    atoms = bulk("Cu", "fcc", a=3.75, cubic=True)
    atoms.rattle(0.05, seed=1)
    return metals.crystal(atoms)


def result(crystal, calculator=None, **settings):
    return relax(crystal, calculator or metals.emt(), settings=RelaxationSettings(**settings)).result


@pytest.mark.parametrize("optimizer", ["FIRE", "BFGS"])
def test_a_rattled_crystal_comes_back_to_its_lattice_whatever_the_optimizer(optimizer):
    found = result(rattled(), optimizer=optimizer, fmax_eV_per_A=1e-3, stress_tolerance_GPa=0.01)
    assert found.verdict == "converged"
    assert found.before.space_group == "P1 (1)"
    assert found.after.space_group == "Fm-3m (225)"
    assert found.after.lengths_A == pytest.approx([3.5906] * 3, abs=2e-3)  # of EMT's copper, by its equation of state
    assert found.after.angles_deg == pytest.approx([90.0] * 3, abs=0.02)
    assert found.largest_force_eV_per_A <= 1e-3
    assert found.largest_stress_GPa <= 0.01


def test_every_step_is_kept_with_what_the_potential_said_of_it():
    relaxed = relax(rattled(), metals.emt(), settings=RelaxationSettings())
    energies = [step.prediction.energy for step in relaxed.steps]
    assert len(energies) == relaxed.result.steps + 1
    assert energies[-1] == relaxed.result.energy_eV == min(energies)
    assert np.array_equal(relaxed.steps[0].crystal.positions, rattled().positions)
    assert np.array_equal(relaxed.steps[-1].crystal.cell, np.array(relaxed.result.crystal.cell))


def test_forces_that_vanish_by_symmetry_do_not_make_a_strained_crystal_converged():
    found = result(metals.crystal(bulk("Cu", "fcc", a=3.8)), maximum_steps=2)
    assert found.largest_force_eV_per_A < 1e-9  # all that matcalc 0.7 looks at for its is_converged
    assert found.verdict == "not converged"
    assert "GPa after 2 steps" in found.reason


@pytest.mark.parametrize(("cell", "volume_kept", "shape_kept"), [
    ("none", True, True), ("shape", True, False), ("volume", False, True), ("all", False, False),
])  # fmt: skip
def test_what_of_the_cell_relaxes_is_chosen(cell, volume_kept, shape_kept):
    start = metals.crystal(bulk("Cu", "fcc", a=3.75, cubic=True))
    strained = Crystal("t", start.species, cell=start.cell @ np.diag([1.0, 1.0, 1.03]), positions=start.positions)
    found = result(strained, cell=cell, fmax_eV_per_A=0.01)
    assert found.verdict == "converged"
    assert (found.after.volume_A3 == pytest.approx(found.before.volume_A3, rel=1e-6)) == volume_kept
    ratio = found.after.lengths_A[2] / found.after.lengths_A[0]
    assert (ratio == pytest.approx(1.03, rel=1e-6)) == shape_kept
    assert (found.largest_stress_GPa is None) == (cell == "none")


def test_the_stress_that_counts_is_that_which_the_cell_may_relax():
    stress = np.array([3.0, 2.0, 1.0, 0.5, 0.0, -4.0])
    assert relaxable_stress(stress, cell="all") == 4.0
    assert relaxable_stress(stress, cell="volume") == 2.0
    assert relaxable_stress(stress - [0, 0, 0, 0, 0, -4.0], cell="shape") == 1.0


def test_symmetry_is_kept_where_that_is_chosen():
    start = metals.crystal(bulk("Cu", "bcc", a=2.85))
    near = Crystal("t", start.species, cell=start.cell @ np.diag([1, 1, 1.002]), positions=start.positions)
    pushed = Crystal("t", start.species, cell=start.cell @ np.diag([1, 1, 1.02]), positions=start.positions)
    free = result(pushed, optimizer="BFGS")
    assert free.after.space_group == "Fm-3m (225)"  # along Bain's path
    kept = result(near, optimizer="BFGS", keep_symmetry=True)  # within the tolerance it is body-centred cubic
    assert kept.verdict == "converged"
    assert kept.after.space_group == kept.before.space_group == "Im-3m (229)"


def test_an_exploding_volume_is_a_collapse_and_no_result():
    pressed = Watched(LennardJones(sigma=4.0, epsilon=0.5, rc=9.0))  # wants atoms twice as far apart
    found = result(metals.crystal(bulk("Cu", "fcc", a=3.6)), pressed)
    assert (found.verdict, found.converged) == ("collapsed", False)
    assert found.reason == "the volume is 2.83 of what it was"


def test_atoms_that_fall_into_each_other_are_a_collapse():
    falling = Watched(LennardJones(sigma=0.8, epsilon=5.0, rc=5.0))  # wants copper atoms less than an Å apart
    pair = Crystal("pair", ("Cu", "Cu"), cell=np.eye(3) * 6.0, positions=np.array([[0, 0, 0], [1.75, 0, 0]]))
    found = result(pair, falling, cell="none")
    assert found.verdict == "collapsed"
    assert found.reason == "atoms 1 (Cu) and 2 (Cu) are 1.28 Å apart"


class TurnsBad(LennardJones):
    """Answers with what is no number after three evaluations."""

    calls = 0

    def calculate(self, *arguments):
        super().calculate(*arguments)
        self.calls += 1
        if self.calls > 3:
            self.results["forces"] = self.results["forces"] * np.nan


def test_an_answer_that_is_no_number_ends_the_relaxation_with_the_last_good_step():
    cold = Watched(TurnsBad(sigma=2.3, epsilon=0.3, rc=6.0))
    found = result(rattled(), cold)
    assert found.verdict == "collapsed"
    assert "not finite" in found.reason
    assert found.steps == 2
    assert np.all(np.isfinite(found.forces_eV_per_A))


def test_a_potential_that_fails_at_once_or_gives_no_stress_is_an_error():
    salt = metals.crystal(bulk("NaCl", "rocksalt", a=5.6))
    with pytest.raises(PotentialError, match="No EMT-potential for Na"):
        result(salt)
    blind = Watched(LennardJones(), stress=False)
    with pytest.raises(SettingsError, match="gives no stress"):
        result(rattled(), blind)
    assert result(rattled(), Watched(LennardJones(sigma=2.3, epsilon=0.3, rc=6.0), stress=False), cell="none").converged


def test_the_shortest_distance_is_found_across_the_border_and_in_a_wide_cell():
    wide = Crystal("w", ("Cu", "Cu"), cell=np.eye(3) * 20.0, positions=np.array([[0.5, 0, 0], [19.0, 0, 0]]))
    assert shortest_distance(wide) == (pytest.approx(1.5), "")
    alone = Crystal("a", ("Cu",), cell=np.eye(3) * 12.0, positions=np.zeros((1, 3)))
    assert shortest_distance(alone)[0] == pytest.approx(12.0)
