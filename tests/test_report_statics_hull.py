"""What is written of hulls and voltages: numbers in JSON and CSV, pictures and pages of two to four elements."""

from __future__ import annotations

import csv
import json
import re

import numpy as np
import pytest
from phases_by_hand import lithium_phosphides, phase

from sselmp.errors import SettingsError
from sselmp.report.formulae import html, mathtext
from sselmp.report.hull_scene import hull_scene, verdict
from sselmp.report.labels import place_labels
from sselmp.report.statics_hull import write_hull, write_voltage
from sselmp.report.voltage_figure import sentence
from sselmp.statics.hull import build_hull, stability
from sselmp.statics.voltage import voltage_profile

SULFIDES = [phase("Li"), phase("P"), phase("S"), phase("Li2S", -4.0), phase("P2S5", -2.0), phase("Li3P", -3.0)]
CHLORIDES = [*SULFIDES, phase("Cl2"), phase("LiCl", -4.0)]


def found_of(known, target):
    hull = build_hull(known, targets=[target], way="self-consistent")
    return hull, stability(hull, target)


CASES = {
    2: (list(lithium_phosphides(-1.0).values()), phase("LiP", -0.9, name="another LiP")),
    3: (SULFIDES, phase("Li3PS4", -6.5)),
    4: (CHLORIDES, phase("Li6PS5Cl", -13.0)),
}


@pytest.mark.parametrize("elements", CASES)
def test_a_hull_of_two_to_four_elements_is_written_as_tables_picture_and_page(tmp_path, elements):
    from PIL import Image

    hull, target = found_of(*CASES[elements])
    made = write_hull(hull, tmp_path / "deep", targets=[target], title="by hand")
    assert [path.name for path in made] == ["hull.json", "hull.csv", "hull.png", "hull.html"]
    plain = json.loads(made[0].read_text())
    assert plain["format"] == "sselmp-hull-1"
    assert (plain["way"], plain["energy_reference"]) == ("self-consistent", "custom")
    above = plain["targets"][0]["above_hull_eV_per_atom"]
    assert above == pytest.approx(target.standing.above_hull_eV_per_atom, abs=1e-9)
    assert plain["targets"][0]["decomposition_eV_per_atom"] == pytest.approx(-above)
    assert len(plain["phases"]) == len(hull.standings)
    rows = list(csv.DictReader(made[1].open()))
    assert [row["formula"] for row in rows] == [s.phase.formula for s in hull.standings]
    assert [row["decomposes_into"] for row in rows if row["decomposes_into"]] == [
        " + ".join(f"{p.formula_units:.6g} {p.phase.formula}" for p in target.decomposition.parts)
    ]
    image = np.asarray(Image.open(made[2]).convert("RGB")).astype(int)
    red, orange = ([0xC0, 0x39, 0x2B], [0xE0, 0x8E, 0x0B])
    for colour in (red, orange):  # the target and its products are there
        assert np.sum(np.all(np.abs(image - colour) < 12, axis=2)) > 50
    page = made[3].read_text()
    assert "Plotly.newPlot" in page
    assert not re.search(r"<(script|link)[^>]+(src|href)=.https?:", page)  # needs no network
    assert "meV an atom above the hull" in page


def test_a_hull_of_five_elements_is_written_as_tables_only(tmp_path):
    hull, target = found_of([*CHLORIDES, phase("Mg")], phase("MgLi2PS2Cl", -7.0))
    made = write_hull(hull, tmp_path, targets=[target], title="five")
    assert [path.name for path in made] == ["hull.json", "hull.csv"]
    with pytest.raises(SettingsError, match=r"a phase diagram of 5 elements cannot be drawn"):
        hull_scene(hull)


def test_the_places_of_phases_are_their_compositions():
    hull, target = found_of(*CASES[3])
    scene = hull_scene(hull, target)
    assert scene.elements == ("Li", "P", "S")
    assert scene.target is not None
    assert scene.target not in scene.unstable
    drawn = (*scene.stable, *scene.unstable, scene.target)
    spots = {spot.standing.phase.formula: spot.place for spot in drawn}
    for formula, counts in {"Li2S": (2, 0, 1), "P2S5": (0, 2, 5), "Li3PS4": (3, 1, 4), "S": (0, 0, 1)}.items():
        assert spots[formula] == pytest.approx(np.array(counts) / sum(counts) @ scene.corners)
    assert scene.target.place == pytest.approx(spots["Li3PS4"])
    assert {spot.standing.phase.formula for spot in scene.products} == {"Li2S", "P2S5"}
    assert len(scene.ties) == len(hull.ties)
    sides = np.linalg.norm(np.diff(scene.corners[[0, 1, 2, 0]], axis=0), axis=1)
    assert sides == pytest.approx(1)


def test_verdicts_say_how_far_a_phase_is_from_the_hull_and_what_it_becomes():
    hull, target = found_of(*CASES[3])
    assert verdict(target) == "Li3PS4 is 62.5 meV an atom above the hull: 1.5 Li2S + 0.5 P2S5"
    stable = stability(hull, SULFIDES[3])
    assert verdict(stable) == "Li2S is stable; 2 Li + S would cost 1333.3 meV an atom"
    assert verdict(found_of(list(lithium_phosphides(-1.2).values()), CASES[2][1])[1]).endswith("its form LiP")


def test_a_voltage_profile_is_written_with_its_stages(tmp_path):
    hull, target = found_of(*CASES[3])
    profile = voltage_profile(hull, target.standing.phase)
    made = write_voltage(profile, tmp_path, title="Li3PS4 by hand")
    assert [path.name for path in made] == ["voltage.json", "voltage.csv", "voltage.png"]
    plain = json.loads(made[0].read_text())
    assert plain["window_V"] is None
    assert plain["neutral_V"] == pytest.approx([1.8, 2.0])
    assert [s["uptake_per_formula_unit"] for s in plain["stages"]] == pytest.approx([s.uptake for s in profile.stages])
    assert [s["reaction"] for s in plain["steps"]] == [s.reaction for s in profile.steps]
    rows = list(csv.DictReader(made[1].open()))
    assert [float(row["low_V"]) for row in rows] == pytest.approx([s.low_V for s in profile.stages])
    assert rows[-1]["phases"] == "4 Li2S + 1 Li3P"
    assert made[2].read_bytes().startswith(b"\x89PNG")
    assert sentence(profile) == (
        "Li3PS4 is metastable: it decomposes at every voltage, without Li from 1.80 to 2.00 V; "
        "least gain 62 meV an atom at 1.80 V"
    )


def test_a_stable_phases_window_is_said():
    known = lithium_phosphides(-1.2)
    hull = build_hull(known.values(), targets=[known["LiP"]], way="self-consistent")
    assert sentence(voltage_profile(hull, known["LiP"])) == "LiP is stable from 1.00 to 1.20 V against Li"
    assert sentence(voltage_profile(hull, known["P"])) == "P is stable from 1.20 to 5.00 V or more against Li"


@pytest.mark.parametrize(
    ("text", "page"),
    [
        ("Li6PS5Cl with sevennet-l3i5", "Li<sub>6</sub>PS<sub>5</sub>Cl with sevennet-l3i5"),
        ("MP2020-corrected, r2SCAN", "MP2020-corrected, r2SCAN"),
        ("2 Li3Fe2(PO4)3 at 300 K", "2 Li<sub>3</sub>Fe<sub>2</sub>(PO<sub>4</sub>)<sub>3</sub> at 300 K"),
    ],
)
def test_numbers_of_formulae_are_subscripts_and_others_are_not(text, page):
    assert html(text) == page
    assert mathtext(text) == page.replace("<sub>", "$_{").replace("</sub>", "}$")


def test_labels_of_crowded_points_do_not_cover_each_other():
    rng = np.random.default_rng(3)
    points = rng.random((14, 2)) * 0.5
    sizes = np.tile([0.08, 0.03], (14, 1))
    middles = place_labels(points, sizes)
    apart = np.abs(middles[:, None] - middles[None, :]) - sizes[:, None] / 2 - sizes[None, :] / 2
    overlapping = np.all(apart < -1e-9, axis=2)
    assert np.sum(overlapping) == len(points)  # each with itself only
    covered = np.all(np.abs(points[:, None] - middles[None, :]) < sizes / 2, axis=2)
    assert not covered.any()
    assert np.max(np.linalg.norm(middles - points, axis=1)) < 0.2
