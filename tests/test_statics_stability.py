"""``sselmp statics --properties hull,voltage`` as a user meets it, with a potential whose energies are known.

The potential is a module of the tests, which no environment knows; a door to SevenNet's environment that does is handed
to the relaxations, and the command finds them on disk.
"""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from lammps_program import LENNARD_JONES_CARD

from sselmp.cli.main import main
from sselmp.launch.stability import StabilityRequest, stabilities
from sselmp.launch.statics import Request
from sselmp.structures.crystal import Crystal
from sselmp.structures.read import read_crystal
from sselmp.structures.systems import load_system

CALCULATORS = Path(__file__).parent / "calculators"


@pytest.fixture(scope="module")
def folder(tmp_path_factory, lammps_environment):
    """A working folder with two cards: energies of no known reference, and the Materials Project's raw ones."""
    made = tmp_path_factory.mktemp("stability")
    text = LENNARD_JONES_CARD.format(
        name="known", calculator="by_formula:ByFormula", cutoff=6.0, stress="true", energies="false"
    )
    (made / "known.toml").write_text(text)
    raw = text.replace('"known"', '"raw"').replace("[options]", 'energy_reference = "PBE+U"\n[options]')
    (made / "raw.toml").write_text(raw)
    door = made / "environment" / "bin" / "python"
    door.parent.mkdir(parents=True)
    door.write_text(f'#!/bin/sh\nPYTHONPATH={CALCULATORS} exec {lammps_environment}/bin/python "$@"\n')
    door.chmod(0o755)
    return made


def request(folder: Path, card: str, crystal: Crystal, *, element: str = "Li", cache: Path | None = None):
    how = Request(str(folder / card), (crystal,), ("relax",), results=folder / "results")
    way = "Materials Project" if cache else "self-consistent"
    return StabilityRequest(how, way, cache or folder / "none.json", element=element)


def found(folder: Path, asked: StabilityRequest):
    return stabilities(asked, prefix=folder / "environment")


def sselmp(*arguments: str | Path, folder: Path) -> subprocess.CompletedProcess[str]:
    program = Path(sys.executable).parent / "sselmp"
    variables = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(CALCULATORS)}
    for name in ("MP_API_KEY", "PMG_MAPI_KEY"):
        variables.pop(name, None)
    argv = [program, "statics", *map(str, arguments)]
    return subprocess.run(argv, cwd=folder, env=variables, capture_output=True, text=True, check=False)


@pytest.fixture
def said(folder, monkeypatch, capsys):
    """Exit code and last words of the command, in this process: for what ends before anything is relaxed."""

    def run(*arguments: str) -> tuple[int, str]:
        monkeypatch.chdir(folder)
        for name in ("MP_API_KEY", "PMG_MAPI_KEY"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setattr(sys, "argv", ["sselmp", "statics", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        told = capsys.readouterr().err
        assert "Traceback" not in told
        return ended.value.code, told

    return run


def test_a_systems_hull_and_window_come_from_phases_relaxed_with_the_same_potential(folder):
    outcome = found(folder, request(folder, "known.toml", load_system("Li3YCl6").crystal))
    assert outcome.failures == ()
    assert [one.structure for one in outcome.found] == ["Li3YCl6"]
    done = sselmp("Li3YCl6", "-p", "known.toml", "--properties", "hull,voltage", folder=folder)
    assert done.returncode == 0, done.stderr
    # 3 LiCl + YCl3 have -21.0 eV, Li3YCl6 has -21.5
    assert "Li3YCl6 is stable; 3 LiCl + YCl3 would cost 50.0 meV an atom" in done.stdout
    place = folder / "results" / "statics" / "known" / "Li3YCl6" / "hull-self-consistent-custom"
    names = {"hull.json", "hull.csv", "hull.png", "hull.html", "voltage.json", "voltage.csv", "voltage.png"}
    assert {path.name for path in place.iterdir()} == names
    plain = json.loads((place / "hull.json").read_text())
    assert plain["targets"][0]["formation_eV_per_atom"] == pytest.approx(-2.15)
    formulae = ["Cl2", "Li", "Li3YCl6", "LiCl", "Y", "Y2Cl3", "YCl3"]
    assert sorted(phase["formula"] for phase in plain["phases"]) == formulae
    assert len({phase["potential_sha256"] for phase in plain["phases"]}) == 1
    assert plain["left_out"] == []
    assert plain["relaxation"]["fmax_eV_per_A"] == 0.05
    # below, Li3YCl6 + 3 Li → 6 LiCl + Y sets 2.5 eV free for 3; above, Li3YCl6 → YCl3 + 1.5 Cl2 + 3 Li costs 12.5
    profile = json.loads((place / "voltage.json").read_text())
    assert profile["window_V"] == pytest.approx([2.5 / 3, 12.5 / 3])
    assert f"Li3YCl6 is stable from {2.5 / 3:.2f} to {12.5 / 3:.2f} V against Li" in done.stdout
    assert [float(row["uptake_per_formula_unit"]) for row in csv.DictReader((place / "voltage.csv").open())] == [
        -3,
        0,
        3,
    ]
    made = sorted(place.parents[1].glob("*/relax-*.json"))
    assert len(made) == 7
    when = [path.stat().st_mtime_ns for path in made]
    document = (place / "hull.json").read_bytes()
    second = sselmp("Li3YCl6", "-p", "known.toml", "--properties", "hull,voltage", folder=folder)
    assert second.stdout == done.stdout
    assert [path.stat().st_mtime_ns for path in made] == when  # nothing was relaxed again
    assert (place / "hull.json").read_bytes() == document


def test_on_the_materials_projects_hull_raw_energies_are_corrected_and_others_refused(folder, test_data):
    cif = test_data / "structures" / "mp" / "Na3YCl6_mp-675104.cif"
    entries = test_data / "phase-diagram" / "Cl_Mn_Na_O_Y_entries.json.gz"
    crystal = read_crystal(cif)
    outcome = found(folder, request(folder, "raw.toml", crystal, element="Na", cache=entries))
    assert outcome.failures == ()
    (one,) = outcome.found
    # the potential's energy is that of the entry itself before corrections
    assert one.stability.standing.phase.energy_eV_per_atom == pytest.approx(-4.518190414, abs=1e-7)
    assert one.stability.standing.phase.correction_eV / 10 == pytest.approx(-0.3684)
    assert one.stability.standing.above_hull_eV_per_atom == pytest.approx(0.0, abs=1e-7)
    assert one.hull.way == "Materials Project"
    assert one.profile.window_V == pytest.approx((0.58297, 3.75695), abs=1e-4)
    refused = found(folder, request(folder, "known.toml", crystal, element="Na", cache=entries))
    assert refused.found == ()
    assert "cannot be put on the Materials Project's hull" in refused.failures[0]
    assert "self-consistent hull" in refused.failures[0]


def test_a_self_consistent_hull_may_carry_the_corrections_on_all_of_its_energies_or_on_none(folder):
    crystal = load_system("Li3YCl6").crystal
    plain = found(folder, request(folder, "raw.toml", crystal)).found[0]
    corrected = found(folder, replace(request(folder, "raw.toml", crystal), corrected=True)).found[0]
    assert (plain.hull.reference, corrected.hull.reference) == ("PBE+U", "MP2020-corrected")
    formation = [one.stability.standing.formation_eV_per_atom for one in (plain, corrected)]
    assert formation == pytest.approx([-2.15, -2.15 + 0.6 * -0.614])
    # chlorine is as much corrected on both sides, so that the distance stays; it is not in chlorine itself
    costs = [one.stability.decomposition_eV_per_atom for one in (plain, corrected)]
    assert costs == pytest.approx([0.05, 0.05])
    assert corrected.profile.window_V == pytest.approx((plain.profile.window_V[0], plain.profile.window_V[1] + 0.614))
    refused = found(folder, replace(request(folder, "known.toml", crystal), corrected=True))
    assert "cannot be put on the Materials Project's hull" in refused.failures[0]


def test_a_phase_that_comes_to_no_rest_is_tried_once_more_and_then_left_out_and_named(folder):
    asked = request(folder, "known.toml", load_system("Li3YCl6").crystal)
    first = found(folder, asked).found[0]
    made = folder / "results" / "statics" / "known"
    (record,) = (made / "phase-YCl3").glob("relax-*.json")
    values = json.loads(record.read_text())
    values["result"] |= {"verdict": "not converged", "reason": "spoilt by the test"}
    record.write_text(json.dumps(values))
    mended = found(folder, asked)
    assert mended.found[0].second_try == ("YCl3",)
    assert mended.found[0].left_out == ()
    assert mended.found[0].stability == first.stability
    second = next(path for path in (made / "phase-YCl3").glob("relax-*.json") if path != record)
    assert json.loads(second.read_text())["identity"]["relaxation"]["optimizer"] == "BFGS"
    values["identity"]["relaxation"]["optimizer"] = "BFGS"
    second.write_text(json.dumps(values))
    spoilt = found(folder, asked)
    assert spoilt.failures == ()
    assert spoilt.found[0].left_out == ("YCl3",)
    assert "YCl3" not in [phase.formula for phase in spoilt.found[0].hull.phases]
    assert first.left_out == ()
    done = sselmp("Li3YCl6", "-p", "known.toml", "--properties", "hull", folder=folder)
    assert "Caution: not on the hull, since their relaxations failed: YCl3" in done.stdout
    record.unlink()
    second.unlink()
    (corner,) = (made / "phase-Li").glob("relax-*.json")
    values = json.loads(corner.read_text())
    values["result"] |= {"verdict": "collapsed", "reason": "spoilt by the test"}
    corner.write_text(json.dumps(values))
    bare = found(folder, asked)
    assert bare.found == ()
    assert "no hull stands without the element Li" in bare.failures[0]
    assert "spoilt by the test" in bare.failures[0]
    corner.unlink()


@pytest.mark.parametrize(
    ("card", "arguments", "code", "message"),
    [
        ("known", ("--properties", "hul"), 2, "there is no static property 'hul'\n  allowed: did you mean 'hull'"),
        ("known", ("--against", "dft", "--properties", "hull"), 2, "hulls cannot be made against 'dft'"),
        ("known", ("--against", "mp", "--properties", "hull"), 1, "cannot be put on the Materials Project's hull"),
        ("raw", ("--against", "mp", "--properties", "hull"), 1, "there are no Materials Project entries of Cl-Li-Y"),
        ("known", ("--properties", "voltage", "--open-element", "Mg"), 1, "there are no competing phases for Mg"),
        ("known", ("--open-element", "Xx"), 2, "a voltage needs the charge of the ion of Xx"),
        ("known", ("--entries", "mp.json"), 2, "a self-consistent hull takes no entries of the Materials Project"),
    ],
)
def test_what_cannot_be_compared_is_told_before_anything_is_relaxed(said, folder, card, arguments, code, message):
    ended, told = said("Li3YCl6", "-p", f"{card}.toml", *arguments, "--results", "untouched")
    assert ended == code, told
    assert message in told
    assert not (folder / "untouched").exists()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "mp.json cannot be read as computed entries"),
        ("[]", "mp.json holds no phase of Cl-Li-Y"),
        ('{"entries": []}', "mp.json cannot be read as computed entries"),
        ('[{"composition": {"Li": 1}, "energy": -1.9}]', "mp.json holds something else than computed entries"),
        (None, "the hull of Cl-Li-Y has no energy of the element Y"),
    ],
)
def test_entries_that_make_no_hull_are_refused_in_one_message(said, folder, text, message):
    found(folder, request(folder, "raw.toml", load_system("Li3YCl6").crystal))  # so that there is its relaxation
    (folder / "mp.json").write_text(_without("Y") if text is None else text)
    arguments = ("--properties", "hull", "--against", "mp", "--entries", "mp.json")
    ended, told = said("Li3YCl6", "-p", "raw.toml", *arguments)
    assert ended == 1, told
    assert message in told
    assert "of 1 structures, 1 results could not be had" in told


def _without(element: str) -> str:
    """Entries as the Materials Project calculates them, of yttrium's compounds too, but not of this element itself."""
    from pymatgen.entries.computed_entries import ComputedEntry

    potentials = {"Li": "PBE Li_sv", "Y": "PBE Y_sv", "Cl": "PBE Cl"}
    entries = []
    for formula, energy in {"Li": -1.9, "Y": -6.5, "Cl2": -3.7, "LiCl": -7.0, "YCl3": -20.0}.items():
        used = [name for symbol, name in potentials.items() if symbol in formula]
        how = {"run_type": "GGA", "is_hubbard": False, "hubbards": {}, "potcar_symbols": used}
        entries += [ComputedEntry(formula, energy, parameters=how, entry_id=formula)] if formula != element else []
    return json.dumps([entry.as_dict() for entry in entries])
