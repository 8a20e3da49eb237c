"""Barriers are those of saddles known in closed form, do not depend on axes, and are absent where there is none."""

from __future__ import annotations

import csv
import math

import metals
import numpy as np
import pytest
from ase.build import bulk
from ase.constraints import FixAtoms
from ase.optimize import BFGS
from ase.utils.forcecurve import fit_raw
from egg_box import A, B, C, EggBox, lattice, wells
from scipy.optimize import minimize_scalar

from sselmp.errors import SettingsError
from sselmp.report import barrier_figure, barrier_tables, statics_figures, statics_tables
from sselmp.statics.barriers import barriers, foreseen
from sselmp.statics.elastic_band import elastic_band
from sselmp.statics.hop_pairs import hop_kinds
from sselmp.statics.hops import Hop, Parts, Saddle, passages
from sselmp.statics.quantities import quantities
from sselmp.statics.record import Record
from sselmp.statics.relaxation import Step, relax
from sselmp.statics.settings import BarrierSettings
from sselmp.statics.vacancy_cell import vacancy_hop
from sselmp.statics.watched import Watched, atoms_of, evaluated
from sselmp.structures.crystal import Crystal

COPPER = {"element": "Cu", "longest_hop_A": 2.7, "ends_fmax_eV_per_A": 0.01}
SHORT = {"longest_hop_A": 3.5, "supercell": (3, 3, 3), "images": 3}


def found(crystal, calculator, folder, **settings):
    how = BarrierSettings(**{**SHORT, **settings})
    return barriers(crystal, calculator, settings=how, symmetry_tolerance_A=0.01, parts=Parts(folder))


def recorded(result):
    """A record of which only the result is looked at."""
    identity = type("Identity", (), {"property": "barriers"})()
    return Record.model_construct(structure="wells", potential="egg-box", result=result, identity=identity)


def copper():
    return relax(metals.crystal(bulk("Cu", "fcc", a=3.6)), metals.emt(), settings=metals.TIGHT).result.crystal.crystal()


def test_barriers_over_a_cosine_are_its_walls_and_open_one_direction_after_another(tmp_path):
    made = found(lattice(), Watched(EggBox(wells(0.2, 0.3, 0.5))), tmp_path)
    assert made.verdict == "complete"
    assert [hop.length_A for hop in made.hops] == pytest.approx([A, B, C])
    assert [hop.saddle.forward_eV for hop in made.hops] == pytest.approx([0.2, 0.3, 0.5], abs=2e-3)
    assert [hop.saddle.back_eV for hop in made.hops] == pytest.approx([0.2, 0.3, 0.5], abs=2e-3)
    assert [(one.dimension, one.hop, one.axes) for one in made.passages] == [(1, 1, "a"), (2, 2, "ab"), (3, 3, "abc")]
    assert [one.barrier_eV for one in made.passages] == pytest.approx([0.2, 0.3, 0.5], abs=2e-3)
    assert all(hop.symmetric and hop.saddle.maxima == 1 and hop.saddle.bow_A < 0.1 for hop in made.hops)
    assert all(hop.saddle.largest_force_eV_per_A <= 0.05 for hop in made.hops)


def test_between_unequal_sites_the_ways_differ_by_the_energy_of_the_reaction(tmp_path):
    def ground(places):
        x = places[:, 0] / A
        steps = 0.15 * (1.0 - np.cos(2.0 * np.pi * x)) + 0.05 * (1.0 - np.cos(np.pi * x))
        return steps + wells(0.0, 2.0, 2.0)(places)

    along = minimize_scalar(lambda x: -ground(np.array([[x, 0.0, 0.0]]))[0], bounds=(0.0, A), method="bounded")
    both = lattice((2, 1, 1))
    other = Crystal("wells", ("Li", "Li", "Cl"), cell=both.cell, positions=[*both.positions, [A, B / 2.0, C / 2.0]])
    only = Watched(EggBox(lambda places: ground(places) * (np.arange(len(places)) < 35)))  # not the framework's
    made = found(other, only, tmp_path, supercell=(2, 3, 3), longest_hop_A=3.05, fmax_eV_per_A=0.02)
    (hop,) = made.hops
    assert [(one.dimension, one.barrier_eV) for one in made.passages] == [(1, hop.saddle.forward_eV)]  # from below
    assert not hop.symmetric
    assert hop.multiplicity == 2
    assert hop.saddle.reaction_eV == pytest.approx(0.1, abs=1e-4)
    assert hop.saddle.forward_eV == pytest.approx(-along.fun, abs=1e-3)
    assert hop.saddle.back_eV == pytest.approx(-along.fun - 0.1, abs=1e-3)


def test_ends_that_symmetry_calls_alike_and_that_are_not_are_told(tmp_path):
    def ground(places):  # one of two sites is 0.1 eV above the other, which the crystal does not show
        return wells(0.3, 2.0, 2.0)(places) + 0.05 * (1.0 - np.cos(np.pi * places[:, 0] / A))

    made = found(lattice((2, 1, 1)), Watched(EggBox(ground)), tmp_path, supercell=(2, 3, 3), longest_hop_A=3.1)
    assert made.hops[0].symmetric
    told = statics_tables.cautions([recorded(made)])
    assert any("their ends differ by 100 meV" in words for words in told)
    assert any("hops of up to 3.00 Å lead through the crystal in 1 of 3 directions" in words for words in told)


def test_a_path_that_only_symmetry_holds_on_a_ridge_leaves_it(tmp_path):
    def ground(places):
        x, y, z = np.pi * places.T / np.array([[A], [B], [C]])
        across = 0.3 + 0.1 * (1.0 - 4.0 * np.sin(2.0 * y) ** 2) ** 2  # 0.4 on the line, 0.3 beside it
        return np.sin(x) ** 2 * across + np.cos(x) ** 2 * np.sin(y) ** 2 + np.sin(z) ** 2

    hop = found(lattice(), Watched(EggBox(ground)), tmp_path, longest_hop_A=3.1).hops[0]
    assert hop.saddle.forward_eV == pytest.approx(0.3, abs=2e-3)
    assert hop.saddle.bow_A == pytest.approx(B / 12.0, abs=0.05)


def test_the_vacancy_in_copper_hops_over_the_atom_held_half_way(tmp_path):
    crystal = copper()
    watched = metals.emt()
    made = found(crystal, watched, tmp_path, **COPPER)
    planned = foreseen(crystal, BarrierSettings(**{**SHORT, **COPPER}), symmetry_tolerance_A=0.01)
    assert 0.4 < watched.evaluations * made.atoms / planned < 2.0  # what the bar goes by
    (hop,) = made.hops
    start = vacancy_hop(crystal, hop_kinds(crystal, "Cu", longest_A=2.7, tolerance_A=0.01)[0], factors=(3, 3, 3))
    energies = []
    for places in (start.initial.positions, (start.initial.positions + start.final.positions) / 2.0):
        atoms = atoms_of(Crystal("Cu", start.initial.species, cell=start.initial.cell, positions=places), metals.emt())
        atoms.set_constraint(FixAtoms([start.ion]))  # where symmetry leaves no force on it
        BFGS(atoms, logfile=None).run(fmax=0.005)
        energies.append(atoms.get_potential_energy())
    assert hop.symmetric
    assert hop.multiplicity == 6
    assert hop.saddle.forward_eV == pytest.approx(energies[1] - energies[0], abs=3e-3)
    assert hop.saddle.back_eV == pytest.approx(hop.saddle.forward_eV, abs=1e-3)
    assert [one.dimension for one in made.passages] == [1, 2, 3]
    assert made.image_distance_A == pytest.approx(3 * 3.59 / math.sqrt(2.0), rel=1e-3)
    turn = metals.rotation()
    turned = Crystal("Cu", crystal.species, cell=crystal.cell @ turn, positions=crystal.positions @ turn)
    again = found(turned, metals.emt(), tmp_path / "turned", **COPPER)
    assert again.hops[0].saddle.forward_eV == pytest.approx(hop.saddle.forward_eV, abs=2e-3)


def test_a_path_that_does_not_converge_says_so_and_gives_no_number(tmp_path):
    hasty = found(lattice(), Watched(EggBox(wells(0.2, 0.3, 0.5))), tmp_path, maximum_steps=2, fmax_eV_per_A=0.001)
    assert hasty.verdict == "no barrier"
    assert hasty.passages == ()
    assert {hop.verdict for hop in hasty.hops} == {"not converged"}
    assert "after 2 steps" in hasty.hops[0].reason
    assert {quantity.unit for quantity in quantities(recorded(hasty))} == {"Å"}
    cautions = statics_tables.cautions([recorded(hasty)])
    assert sum("has no barrier: not converged" in words for words in cautions) == 3
    barrier_tables.write(hasty, tmp_path / "b")
    with (tmp_path / "b-hops.csv").open() as stream:
        assert {row["barrier_eV"] for row in csv.DictReader(stream)} == {""}
    assert statics_figures.draw(recorded(hasty), tmp_path / "b.png")


def test_an_end_that_slides_to_another_site_has_no_barrier(tmp_path):
    ahead = math.copysign(0.9 * A, hop_kinds(lattice(), "Li", longest_A=3.1, tolerance_A=0.01)[0].vector_A[0])

    def sloping(places):  # for the ion that hops a trough that ends near the vacancy
        found = wells(0.2, 2.0, 2.0)(places)
        found[0] = -0.4 * np.cos(np.pi * (places[0, 0] - ahead) / A)
        return found

    made = found(lattice(), Watched(EggBox(sloping)), tmp_path, longest_hop_A=3.1)
    assert [hop.verdict for hop in made.hops] == ["end has moved"]
    assert "in the first end atom 1 (Li) has left its site for another, 2.56 Å" in made.hops[0].reason


def test_a_framework_atom_that_leaves_its_place_is_told():
    salt = metals.crystal(bulk("LiCl", "rocksalt", a=5.1, cubic=True))
    hop = vacancy_hop(salt, hop_kinds(salt, "Li", longest_A=4.0, tolerance_A=0.01)[0], factors=(2, 2, 2))
    assert not hop.strayed(hop.initial, hop.initial)
    moved = np.array(hop.initial.positions)
    moved[-1] += (0.0, 0.0, 1.2)
    relaxed = Crystal("LiCl", hop.initial.species, cell=hop.initial.cell, positions=moved)
    assert hop.strayed(relaxed, hop.initial) == "atom 63 (Cl) of the framework has moved by 1.18 Å"


def test_an_end_that_does_not_come_to_rest_has_no_barrier(tmp_path):
    shaken = metals.crystal(bulk("Cu", "fcc", a=3.4))
    made = found(shaken, metals.emt(), tmp_path, element="Cu", longest_hop_A=2.5, maximum_steps=1)
    assert [hop.verdict for hop in made.hops] == ["end not converged"]


def test_a_potential_that_fails_leaves_each_hop_with_its_words(tmp_path):
    def failing(_places):
        raise ArithmeticError("no such place")

    made = found(lattice(), Watched(EggBox(failing)), tmp_path)
    assert (made.verdict, {hop.verdict for hop in made.hops}) == ("no barrier", {"failed"})
    assert "the potential failed" in made.hops[0].reason
    assert "no such place" in made.hops[0].reason


def test_a_potential_that_fails_on_the_way_leaves_no_path(tmp_path):
    failing = Watched(EggBox(wells(0.2, 2.0, 2.0), stop_at=9, by=ArithmeticError))
    (hop,) = found(lattice(), failing, tmp_path, longest_hop_A=3.1).hops
    assert (hop.verdict, hop.saddle, hop.profile) == ("not converged", None, ())
    assert "in step 2 the potential failed" in hop.reason


def test_a_path_without_a_maximum_has_no_barrier(tmp_path):
    def downhill(places):
        return 0.2 * (1.0 - np.cos(np.pi * places[:, 0] / A)) + wells(0.0, 2.0, 2.0)(places)

    made = found(lattice((2, 1, 1)), Watched(EggBox(downhill)), tmp_path, supercell=(2, 3, 3), longest_hop_A=3.05)
    assert [hop.verdict for hop in made.hops] == ["no saddle"]
    assert quantities(recorded(made))[-1].name == "length, hop 1"


def test_atoms_that_must_squeeze_through_others_are_told_before_anything_is_evaluated():
    watched = Watched(EggBox(wells(0.2, 0.3, 0.5)))
    ends = []
    for x in (-3.0, 3.0):  # through a wall of caesium, whose gaps are too narrow
        places = np.array([[0.0, 0.0, 0.0], [x, 1.6, 1.6]])
        crystal = Crystal("wall", ("Cs", "Cs"), cell=np.diag((14.0, 3.2, 3.2)), positions=places)
        ends.append(Step(crystal, evaluated(atoms_of(crystal, watched))))
    before = watched.evaluations
    band = elastic_band((ends[0], ends[1]), watched, ion=1, settings=BarrierSettings())
    assert band.verdict == "atoms too near"
    assert "on the first path atoms 1 (Cs) and 2 (Cs) are 2." in band.reason
    assert watched.evaluations == before


def test_ways_open_with_the_lowest_saddles_above_the_most_stable_vacancy():
    def hop(number, *energies):
        initial, top, final = energies
        saddle = Saddle(initial_eV=initial, saddle_eV=top, final_eV=final, largest_force_eV_per_A=0, bow_A=0, maxima=1)
        told = {"image": (0, 0, 0), "length_A": 3.0, "multiplicity": 1, "symmetric": False, "reason": ""}
        return Hop(number=number, origin=0, target=1, verdict="converged", saddle=saddle, **told)

    within, between, along, nowhere = (
        hop(1, -5, -4.9, -5.1),
        hop(2, -5.1, -4.6, -5),
        hop(3, -5, -4.7, -5),
        hop(4, 0, 0, 0),
    )
    pairs = [[(0, 1, (0, 0, 0))], [(1, 0, (1, 0, 0))], [(0, 0, (0, 1, 0))], [(0, 0, (0, 0, 1))]]
    none = nowhere.model_copy(update={"saddle": None, "verdict": "not converged"})
    ways = passages([within, between, along, none], pairs)
    assert [(way.dimension, way.hop, way.axes) for way in ways] == [(1, 3, "b"), (2, 2, "ab")]
    assert [way.barrier_eV for way in ways] == pytest.approx([0.4, 0.5])  # above -5.1 eV, not above either end
    assert passages([within], pairs[:1]) == ()  # to and fro in a cage
    assert passages([none], pairs[3:]) == ()


def test_hops_that_are_on_disk_are_not_found_again(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        found(lattice(), Watched(EggBox(wells(0.2, 0.3, 0.5), stop_at=100)), tmp_path)
    kept = {path.name: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    assert 2 <= len(kept) < 6
    assert {"hop-1.json", "hop-1.traj"} <= set(kept)
    resumed = Watched(EggBox(wells(0.2, 0.3, 0.5)))
    made = found(lattice(), resumed, tmp_path)
    assert [hop.saddle.forward_eV for hop in made.hops] == pytest.approx([0.2, 0.3, 0.5], abs=2e-3)
    assert all((tmp_path / name).stat().st_mtime_ns == when for name, when in kept.items())
    assert found(lattice(), Watched(EggBox(wells(0.2, 0.3, 0.5), stop_at=0)), tmp_path) == made
    longer = Crystal("wells", ("Li",), cell=np.diag([A + 1e-4, B, C]), positions=np.zeros((1, 3)))
    with pytest.raises(KeyboardInterrupt):  # those of another crystal are
        found(longer, Watched(EggBox(wells(0.2, 0.3, 0.5), stop_at=0)), tmp_path)


def test_the_curve_between_images_is_that_of_ase(tmp_path):
    hop = found(lattice(), Watched(EggBox(wells(0.2, 0.3, 0.5))), tmp_path, longest_hop_A=3.1).hops[0]
    from ase.io import read

    images = read(tmp_path / "hop-1.traj", index=":")
    fit = fit_raw(
        [one.get_potential_energy() for one in images], [one.get_forces() for one in images],
        [one.positions for one in images],
    )  # fmt: skip
    distances, energies = barrier_figure.curve(hop.profile)
    assert [point.distance_A for point in hop.profile] == pytest.approx(fit.path)
    assert energies == pytest.approx(np.interp(distances, fit.fit_path, fit.fit_energies), abs=2e-3)
    assert energies.max() == pytest.approx(0.2, abs=2e-3)


def test_a_curve_that_rises_above_the_climbing_image_is_told(tmp_path):
    hop = found(lattice(), Watched(EggBox(wells(0.2, 0.3, 0.5))), tmp_path, longest_hop_A=3.1)
    assert not any("take more images" in words for words in barrier_tables.cautions(hop))
    bent = hop.hops[0].profile[0].model_copy(update={"slope_eV_per_A": 2.0})
    risen = hop.hops[0].model_copy(update={"profile": (bent, *hop.hops[0].profile[1:])})
    told = barrier_tables.cautions(hop.model_copy(update={"hops": (risen,)}))
    assert any("take more images" in words for words in told)


def test_what_is_written_names_each_hop_with_its_numbers(tmp_path):
    made = found(lattice(), Watched(EggBox(wells(0.2, 0.3, 0.5))), tmp_path)
    numbers = {quantity.name: quantity for quantity in quantities(recorded(made))}
    assert numbers["barrier, 2D"].value == pytest.approx(0.3, abs=2e-3)
    assert numbers["reaction energy, hop 3"].value == pytest.approx(0.0, abs=1e-6)
    hops, profile = barrier_tables.write(made, tmp_path / "barriers-0")
    with hops.open() as stream:
        rows = list(csv.DictReader(stream))
    assert [float(row["barrier_eV"]) for row in rows] == pytest.approx([0.2, 0.3, 0.5], abs=2e-3)
    assert (rows[0]["origin"], rows[0]["verdict"], rows[0]["multiplicity"]) == ("1", "converged", "1")
    with profile.open() as stream:
        points = list(csv.DictReader(stream))
    assert len(points) == 3 * 5
    assert max(float(row["energy_eV"]) for row in points if row["hop"] == "2") == pytest.approx(0.3, abs=2e-3)
    table = statics_tables.table([recorded(made)])
    assert "hop 1: Li1 → Li1, 3.00 Å: 0.200 eV" in table.rows[0][-1]
    many = made.model_copy(update={"hops": made.hops * 4})
    assert barrier_tables.hops_in_words(many).endswith("and 2 longer ones, in the CSV")
    assert "neutral to a potential which knows no charges" in statics_tables.cautions([recorded(made)])[0]
    assert statics_figures.draw(recorded(made), tmp_path / "barriers-0.png")
    assert (tmp_path / "barriers-0.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(("settings", "message"), [
    ({"element": "Na"}, "there is no mobile ion 'Na'.*--mobile"),
    ({"longest_hop_A": 2.5}, r"no two sites of Li are near enough.*two of them is 3\.00 Å.*barriers\.longest_hop_A"),
    ({"supercell": (1, 3, 3)}, r"the supercell is too small for a hop.*images 3\.00 Å apart"),
])  # fmt: skip
def test_what_cannot_be_asked_gets_one_clear_message(tmp_path, settings, message):
    with pytest.raises(SettingsError, match=f"(?s){message}"):
        found(lattice(), Watched(EggBox(wells(0.2, 0.3, 0.5))), tmp_path, **settings)
    assert list(tmp_path.iterdir()) == []
