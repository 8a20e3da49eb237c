"""Voltages: systems worked out by hand, and pymatgen's grand potential on real entries."""

from __future__ import annotations

import itertools

import pytest
from phases_by_hand import lithium_phosphides, phase

from sselmp.errors import SettingsError
from sselmp.statics.hull import build_hull, hull_of_system
from sselmp.statics.materials_project import read_cache
from sselmp.statics.voltage import voltage_profile


def profile_of(phases, target, **options):
    return voltage_profile(build_hull(phases, targets=[target], way="self-consistent"), target, **options)


def test_a_stable_phosphide_lives_between_the_voltages_of_its_neighbours():
    known = lithium_phosphides(-1.2)
    found = profile_of(known.values(), known["LiP"])
    # P + Li → LiP sets 1.2 eV free for one electron, LiP + 2 Li → Li3P 2.0 eV for two
    assert found.window_V == pytest.approx((1.0, 1.2))
    assert found.neutral_V == pytest.approx((1.0, 1.2))
    assert [s.voltage_V for s in found.steps] == pytest.approx([1.2, 1.0])
    assert [s.taken_up for s in found.steps] == pytest.approx([1, 2])
    assert [s.reaction for s in found.steps] == ["P + Li → LiP", "LiP + 2 Li → Li3P"]
    assert [s.uptake for s in found.stages] == pytest.approx([-1, 0, 2])
    assert [s.reaction for s in found.stages] == ["LiP → P + Li", "no reaction", "LiP + 2 Li → Li3P"]
    assert found.least_released_eV_per_atom == 0
    # at 0 V the reaction LiP + 2 Li → Li3P sets 2 eV free, for the two atoms of LiP
    assert found.stages[-1].released_low_eV_per_atom == pytest.approx(1.0)


def test_a_metastable_phosphide_gets_its_decomposition_in_place_of_a_window():
    known = lithium_phosphides(-1.0)
    found = profile_of(known.values(), known["LiP"])
    assert found.window_V is None
    assert found.neutral_V is None
    assert [s.voltage_V for s in found.steps] == pytest.approx([3.2 / 3])
    assert [s.reaction for s in found.stages] == ["LiP → P + Li", "LiP + 2 Li → Li3P"]
    assert (found.least_released_V, found.least_released_eV_per_atom) == pytest.approx((3.2 / 3, 0.8 * 2 / 3 - 0.5))


def test_a_metastable_electrolyte_decays_without_the_electrode_in_its_neutral_range():
    known = [phase("Li"), phase("P"), phase("S"), phase("Li2S", -4.0), phase("P2S5", -2.0), phase("Li3P", -3.0)]
    target = phase("Li3PS4", -6.5)
    found = profile_of(known, target)
    # above: S from Li2S, 4 eV for two electrons; below: P2S5 + 10 Li → 5 Li2S + 2 P sets 18 eV free for ten
    assert found.neutral_V == pytest.approx((1.8, 2.0))
    assert found.window_V is None
    assert found.least_released_eV_per_atom == pytest.approx(0.5 / 8)
    assert next(s.reaction for s in found.stages if s.uptake == 0) == "Li3PS4 → 1.5 Li2S + 0.5 P2S5"
    assert found.stages[-1].reaction == "Li3PS4 + 8 Li → 4 Li2S + Li3P"


def test_two_charges_a_metal_atom_halve_the_voltage():
    known = [phase("Mg"), phase("S"), phase("MgS", -3.6)]
    assert profile_of(known, known[2], element="Mg").steps[0].voltage_V == pytest.approx(1.8)


def test_a_phase_without_the_open_element_is_followed_too():
    known = lithium_phosphides(-1.2)
    hull = hull_of_system(known.values(), targets=[], elements=["Li", "P"], way="self-consistent")
    found = voltage_profile(hull, known["P"])
    assert found.window_V == pytest.approx((1.2, 5.0))
    assert [s.uptake for s in found.stages] == pytest.approx([0, 1, 3])


def test_a_phase_stable_against_the_metal_has_a_window_that_begins_at_zero():
    known = lithium_phosphides(-1.2)
    assert profile_of(known.values(), known["Li3P"]).window_V == pytest.approx((0.0, 1.0))


@pytest.mark.parametrize(
    ("file", "elements", "metal", "formulae"),
    [
        ("Cl_Mn_Na_O_Y_entries.json.gz", ["Cl", "Na", "Y"], "Na", ["Na3YCl6", "YCl3"]),
        ("Cl_Mn_Na_O_Y_entries.json.gz", ["Cl", "Mn", "Na", "O"], "Na", ["NaMnO2", "MnCl2"]),
        ("Fe_Li_O_P_entries.json.gz", ["Li", "O", "P"], "Li", ["Li3PO4", "LiPO3", "Li4P2O7", "P2O5"]),
        ("Fe_Li_O_P_entries.json.gz", ["Fe", "Li", "P"], "Li", ["LiFeP", "Fe2P"]),
    ],
)
def test_steps_and_uptakes_on_real_entries_are_those_of_pymatgens_element_profile(
    test_data, file, elements, metal, formulae
):
    from pymatgen.analysis.phase_diagram import PDEntry, PhaseDiagram
    from pymatgen.core import Composition, Element

    phases = read_cache(test_data / "phase-diagram" / file, elements)
    hull = hull_of_system(phases, targets=[], elements=elements, way="Materials Project")
    diagram = PhaseDiagram([PDEntry(Composition(dict(p.composition)), p.energy_eV) for p in hull.stable])
    for formula in formulae:
        polymorphs = [p for p in phases if p.formula == formula]
        assert polymorphs
        rows = diagram.get_element_profile(Element(metal), Composition(formula))
        theirs = [(r["element_reference"].energy_per_atom - r["chempot"], r["evolution"]) for r in rows]
        for target in polymorphs[:3]:
            stages = voltage_profile(hull, target, element=metal).stages
            # theirs begin at 0 V, and name a stage by its lower end
            expected = [pair for pair in theirs if pair[0] < 5.0]
            assert [s.low_V for s in reversed(stages)] == pytest.approx([v for v, _ in expected], abs=1e-6)
            assert [s.uptake for s in reversed(stages)] == pytest.approx([n for _, n in expected], abs=1e-6)


def test_stages_fill_the_range_and_the_target_is_never_below_what_is_stable(test_data):
    phases = read_cache(test_data / "phase-diagram" / "Cl_Mn_Na_O_Y_entries.json.gz", ["Cl", "Na", "Y"])
    hull = hull_of_system(phases, targets=[], elements=["Cl", "Na", "Y"], way="Materials Project")
    for standing in hull.standings[::3]:
        if set(standing.phase.composition) == {"Na"}:
            continue
        found = voltage_profile(hull, standing.phase, element="Na", highest_V=6.0)
        assert (found.stages[0].high_V, found.stages[-1].low_V) == (6.0, 0.0)
        for above, below in itertools.pairwise(found.stages):
            assert above.low_V == below.high_V
            assert above.uptake < below.uptake
            assert above.released_low_eV_per_atom == pytest.approx(below.released_high_eV_per_atom, abs=1e-6)
        assert found.least_released_eV_per_atom <= standing.above_hull_eV_per_atom + 1e-6
        assert (found.window_V is not None) == standing.stable


def test_what_has_no_voltage_is_refused():
    known = lithium_phosphides(-1.2)
    hull = build_hull(known.values(), targets=[known["LiP"]], way="self-consistent")
    with pytest.raises(SettingsError, match=r"no voltage profile of Li against Li"):
        voltage_profile(hull, known["Li"])
    with pytest.raises(SettingsError, match=r"no voltage profile of LiP against Na\n  got:     a hull of Li-P"):
        voltage_profile(hull, known["LiP"], element="Na")
    with pytest.raises(SettingsError, match=r"needs the charge of the ion of P\n(.|\n)*Li 1"):
        voltage_profile(hull, known["LiP"], element="P")
    with pytest.raises(SettingsError, match=r"must begin above 0 V"):
        voltage_profile(hull, known["LiP"], highest_V=0.0)
