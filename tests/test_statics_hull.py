"""Hulls: a system worked out by hand, what must not change them, what is refused, and pymatgen on real entries."""

from __future__ import annotations

from dataclasses import replace

import pytest
from phases_by_hand import POTENTIAL, lithium_phosphides, phase

from sselmp.errors import SettingsError
from sselmp.statics.entries import Phase, Source
from sselmp.statics.hull import build_hull, stability
from sselmp.statics.materials_project import read_cache
from sselmp.statics.mixtures import cheapest_mixture

MP = Source("Materials Project", "mp-0")


@pytest.fixture(scope="module")
def halides(test_data) -> tuple[Phase, ...]:
    return read_cache(test_data / "phase-diagram" / "Cl_Mn_Na_O_Y_entries.json.gz", ["Na", "Y", "Cl"])


def self_consistent(phases, *targets):
    return build_hull(phases, targets=targets, way="self-consistent")


def test_a_metastable_phosphide_stands_where_the_line_between_its_neighbours_says():
    known = lithium_phosphides(-1.0)  # -0.5 eV an atom; the line from Li3P (-0.8 at 1/4) to P passes at -0.8 * 2/3
    found = stability(self_consistent(known.values(), known["LiP"]), known["LiP"])
    assert found.standing.formation_eV_per_atom == pytest.approx(-0.5)
    assert found.standing.above_hull_eV_per_atom == pytest.approx(0.8 * 2 / 3 - 0.5)
    assert not found.standing.stable
    assert {p.phase.formula: p.formula_units for p in found.decomposition.parts} == pytest.approx(
        {"Li3P": 1 / 3, "P": 2 / 3}
    )
    assert found.decomposition_eV_per_atom == pytest.approx(-found.standing.above_hull_eV_per_atom)


def test_a_stable_phosphide_is_told_what_it_would_cost_to_decompose_it():
    known = lithium_phosphides(-1.2)
    hull = self_consistent(known.values(), known["LiP"])
    found = stability(hull, known["LiP"])
    assert found.standing.stable
    assert found.standing.above_hull_eV_per_atom == 0
    assert found.decomposition_eV_per_atom == pytest.approx(0.6 - 0.8 * 2 / 3)
    assert [p.formula for p in hull.stable] == ["Li", "Li3P", "LiP", "P"]
    assert {tuple(hull.standings[i].phase.formula for i in tie) for tie in hull.ties} == {
        ("Li", "Li3P"), ("Li3P", "LiP"), ("LiP", "P"),
    }  # fmt: skip


def test_a_polymorph_above_another_decomposes_into_it():
    known = lithium_phosphides(-1.2)
    other = phase("LiP", -1.1, name="LiP, another form")
    found = stability(self_consistent(known.values(), other), other)
    assert found.standing.above_hull_eV_per_atom == pytest.approx(0.05)
    assert [p.phase.name for p in found.decomposition.parts] == ["LiP"]


def test_a_ternary_target_decomposes_into_the_mixture_that_the_lever_rule_gives():
    known = [phase("Li"), phase("P"), phase("S"), phase("Li2S", -4.0), phase("P2S5", -2.0), phase("Li3P", -3.0)]
    target = phase("Li3PS4", -6.5)  # 1.5 Li2S + 0.5 P2S5 have -7.0
    found = stability(self_consistent(known, target), target)
    assert found.standing.above_hull_eV_per_atom == pytest.approx(0.5 / 8)
    assert {p.phase.formula: p.formula_units for p in found.decomposition.parts} == pytest.approx(
        {"Li2S": 1.5, "P2S5": 0.5}
    )


def as_given(phase: Phase, _place: int) -> Phase:
    return phase


def as_a_larger_cell(phase: Phase, place: int) -> Phase:
    times = place % 4 + 1
    composition = {element: n * times for element, n in phase.composition.items()}
    return replace(phase, energy_eV=phase.energy_eV * times, composition=composition)


def from_other_references(phase: Phase, _place: int) -> Phase:
    shift = {"Na": 1.7, "Y": -3.1, "Cl": 0.4}
    return replace(phase, energy_eV=phase.energy_eV + sum(shift[e] * n for e, n in phase.composition.items()))


@pytest.mark.parametrize("changed", [as_given, as_a_larger_cell, from_other_references])
def test_neither_order_nor_size_of_cells_nor_elemental_references_move_a_phase_from_its_hull(halides, changed):
    def of_each(phases):
        hull = build_hull(phases, targets=[p for p in phases if p.formula == "Na3YCl6"], way="Materials Project")
        return (
            {s.phase.name: s.above_hull_eV_per_atom for s in hull.standings},
            {s.phase.name: s.formation_eV_per_atom for s in hull.standings},
        )

    distances, formations = of_each(halides)
    others = [changed(phase, place) for place, phase in enumerate(halides)][::-1]
    found = of_each(others)
    assert found[0] == pytest.approx(distances, abs=1e-9)
    assert found[1] == pytest.approx(formations, abs=1e-9)
    assert len(distances) == 43


def test_distances_and_decompositions_of_333_entries_are_pymatgens(test_data):
    from pymatgen.analysis.phase_diagram import PDEntry, PhaseDiagram
    from pymatgen.core import Composition

    elements = ["Cl", "Mn", "Na", "O", "Y"]
    phases = read_cache(test_data / "phase-diagram" / "Cl_Mn_Na_O_Y_entries.json.gz", elements)
    hull = build_hull(phases, targets=phases, way="Materials Project")
    entries = {p.name: PDEntry(Composition(dict(p.composition)), p.energy_eV, name=p.name) for p in phases}
    diagram = PhaseDiagram(list(entries.values()))
    stable = hull.stable
    for standing in hull.standings[::5]:
        p = standing.phase
        parts, above = diagram.get_decomp_and_e_above_hull(entries[p.name])
        assert standing.above_hull_eV_per_atom == pytest.approx(above, abs=1e-8)
        mixture = cheapest_mixture(stable, p.composition)  # not the hull's own way: a linear programme
        assert p.energy_eV - mixture.energy_eV == pytest.approx(above * p.atoms, abs=1e-7 * p.atoms)
        assert {part.phase.formula for part in mixture.parts} == {e.composition.reduced_formula for e in parts}
    assert sum(s.stable for s in hull.standings) == len(diagram.stable_entries) == len(stable)


def test_a_hull_without_one_of_its_corners_is_refused():
    known = lithium_phosphides(-1.0)
    with pytest.raises(SettingsError, match=r"hull of Li-P has no energy of the element P\n") as caught:
        self_consistent([known["Li"], known["Li3P"]], known["LiP"])
    assert caught.value.exit_code == 2
    with pytest.raises(SettingsError, match=r"there are no competing phases for S\n(.|\n)*inputs/phases"):
        self_consistent(known.values(), phase("Li3PS4", -6.0))


def test_phases_of_foreign_elements_play_no_part():
    known = lithium_phosphides(-1.0)
    hull = self_consistent([*known.values(), phase("Li2S", -4.0), phase("S")], known["LiP"])
    assert hull.elements == ("Li", "P")
    with pytest.raises(SettingsError, match="is not among the phases of the hull of Li-P"):
        stability(hull, phase("Li2S", -4.0))


def test_two_potentials_on_one_self_consistent_hull_are_refused():
    known = lithium_phosphides(-1.0)
    other = phase("LiP", -1.0, source=replace(POTENTIAL, sha256="b" * 64))
    with pytest.raises(SettingsError, match=r"energies of one potential only\n(.|\n)*aaaaaaaaaaaa(.|\n)*bbbbbbbbbbbb"):
        self_consistent(known.values(), other)
    with pytest.raises(SettingsError, match=r"one potential only\n(.|\n)*Materials Project"):
        self_consistent([*known.values(), phase("Li", source=MP)], known["LiP"])


def test_on_the_materials_projects_hull_only_a_target_may_be_a_potentials_and_only_corrected():
    known = [phase(f, e, source=MP) for f, e in (("Li", 0), ("P", 0), ("Li3P", -3.2))]
    target = replace(phase("LiP", -1.0), reference="MP2020-corrected")
    hull = build_hull(known, targets=[target], way="Materials Project")
    assert stability(hull, target).standing.above_hull_eV_per_atom == pytest.approx(0.8 * 2 / 3 - 0.5)
    with pytest.raises(SettingsError, match=r"only the targets' energies may be a potential's"):
        build_hull([*known, target], targets=[phase("LiP", -1.0, source=MP)], way="Materials Project")
    with pytest.raises(SettingsError, match=r"does not compare(.|\n)*LiP: PBE\+U(.|\n)*to_materials_project"):
        build_hull(known, targets=[replace(target, reference="PBE+U")], way="Materials Project")


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"composition": {}}, "a positive number of atoms"),
        ({"composition": {"Li": 0}}, "a positive number of atoms"),
        ({"energy_eV": float("nan")}, "not a finite number"),
    ],
)
def test_a_phase_without_atoms_or_energy_is_refused(values, message):
    with pytest.raises(SettingsError, match=message):
        replace(phase("LiP"), **values)


def test_an_element_on_the_hull_has_nothing_to_decompose_into():
    known = lithium_phosphides(-1.0)
    hull = self_consistent(known.values(), known["LiP"])
    with pytest.raises(SettingsError, match="Li is an element on the hull"):
        stability(hull, known["Li"])
