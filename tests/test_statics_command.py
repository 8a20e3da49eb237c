"""``sselmp statics`` as a user meets it: many structures, one that fails, resuming, Ctrl-C, and bad input."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import metals
import numpy as np
import pytest
from ase.build import bulk
from ase.io import write
from ase.io.trajectory import Trajectory
from lammps_program import LENNARD_JONES_CARD, wait_for

from sselmp.cli.main import main
from sselmp.errors import RunError
from sselmp.launch.statics import Request, refuse_failures, study
from sselmp.potentials.cards import load_card
from sselmp.statics import record
from sselmp.statics.relaxation import relax
from sselmp.statics.settings import RelaxationSettings, StaticsSettings

OVERLAP = "two\n1.0\n5 0 0\n0 5 0\n0 0 5\nCu Au\n1 1\nDirect\n0 0 0\n0.01 0 0\n"


def card(folder: Path, name: str, calculator: str, *, more: str = "", elements: str | None = None) -> Path:
    text = LENNARD_JONES_CARD.format(name=name, calculator=calculator, cutoff=6.0, stress="true", energies="true")
    if elements:
        text = text.replace("[options]", f"elements = {elements}\n[options]")
    path = folder / f"{name}.toml"
    path.write_text(text + more)
    return path


@pytest.fixture
def folder(tmp_path, lammps_environment):
    """A working folder with three structures and cards of EMT and of an exploding potential."""
    del lammps_environment  # must be there
    bulk("Cu", "fcc", a=3.65).write(tmp_path / "Cu.cif")
    bulk("Au", "fcc", a=4.1).write(tmp_path / "Au.cif")
    bulk("NaCl", "rocksalt", a=5.6, cubic=True).write(tmp_path / "NaCl.cif")
    card(tmp_path, "emt", "ase.calculators.emt:EMT", elements='["Cu", "Au", "Ni"]')
    card(tmp_path, "bursting", "ase.calculators.lj:LennardJones", more="sigma = 4.5\nepsilon = 0.5\nrc = 9.0\n")
    return tmp_path


def sselmp(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    program = Path(sys.executable).parent / "sselmp"
    return subprocess.run(
        [program, "statics", *arguments, "--threads", "1"],
        cwd=folder,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )


def environment() -> dict[str, str]:
    return {**os.environ, "OMP_NUM_THREADS": "1"}


def records(folder: Path, pattern: str = "*/*/*.json") -> list[Path]:
    return sorted((folder / "results" / "statics").glob(pattern))


def test_many_structures_in_one_call_and_a_failed_one_does_not_stop_the_rest(folder):
    done = sselmp("NaCl.cif", "Cu.cif", "absent.cif", "Au.cif", "-p", "emt.toml", folder=folder)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "there is no structure file absent.cif" in done.stderr
    assert "the potential 'emt' does not know Cl, Na" in done.stderr
    assert "of 4 structures, 2 results could not be had" in done.stderr
    names = [path.parent.name + "/" + path.name.partition("-")[0] for path in records(folder)]
    assert names == [f"{metal}/{name}" for metal in ("Au", "Cu") for name in ("elastic", "eos", "relax")]
    for line in ("Au         relax", "Cu         elastic"):
        assert line in done.stdout
    assert len(records(folder, "*/*/*.png")) == 4
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in records(folder, "*/*/*.png"))
    tables(folder)
    trajectory(folder)
    again = {path: path.stat().st_mtime_ns for path in records(folder)}
    start = time.monotonic()
    second = sselmp("Cu.cif", "Au.cif", "-p", "emt.toml", folder=folder)
    assert second.returncode == 0, second.stderr
    assert time.monotonic() - start < 30
    assert {path: path.stat().st_mtime_ns for path in records(folder)} == again  # nothing was found again
    other = sselmp("Cu.cif", "-p", "emt.toml", "--properties", "relax", "--fmax", "0.01", folder=folder)
    assert other.returncode == 0, other.stderr
    assert {path: path.stat().st_mtime_ns for path in again} == again
    assert len(records(folder)) == len(again) + 1  # other settings are another record beside the first


def tables(folder: Path) -> None:
    """JSON and CSV hold each number with its unit, and what decides it."""
    document = json.loads((folder / "results" / "statics" / "emt" / "statics.json").read_text())
    entries = {(one["structure"], one["property"]): one for one in document["properties"]}
    assert len(entries) == 6
    copper = entries["Cu", "elastic"]
    assert {key: copper["quantities"][0][key] for key in ("name", "unit")} == {"name": "K", "unit": "GPa"}
    assert copper["quantities"][0]["value"] == pytest.approx(134.0, rel=0.02)
    assert copper["verdict"] == "stable"
    assert copper["settings"]["own"]["shear_strains"] == [-0.01, -0.005, 0.005, 0.01]
    assert copper["potential_sha256"] == load_card(str(folder / "emt.toml")).physics_sha256()
    assert "ase" in copper["versions"]
    with (folder / "results" / "statics" / "emt" / "statics.csv").open() as stream:
        rows = {(r["structure"], r["property"], r["quantity"]): r for r in csv.DictReader(stream)}
    assert float(rows["Cu", "elastic", "K"]["value"]) == pytest.approx(copper["quantities"][0]["value"])
    K0 = rows["Au", "eos", "K0, Birch–Murnaghan"]
    assert (K0["unit"], float(K0["value"])) == ("GPa", pytest.approx(173.0, rel=0.02))
    assert 0 < float(K0["error"]) < 1.0


def trajectory(folder: Path) -> None:
    """The relaxation's frames are there, the last one as the record has it."""
    (path,) = records(folder, "emt/Cu/relax-*.json")
    found = record.read(path).result
    with Trajectory(str(path.with_suffix(".traj"))) as frames:
        assert len(frames) == found.steps + 1
        assert frames[-1].get_potential_energy() == pytest.approx(found.energy_eV)
        assert frames[-1].positions == pytest.approx(np.array(found.crystal.positions))


def test_what_is_found_through_the_program_is_what_the_functions_give(folder):
    gold = metals.crystal(bulk("Au", "fcc", a=4.1), "Au")
    request = Request(str(folder / "emt.toml"), (gold,), ("relax",), results=folder / "results", threads=1)
    found = study(request)
    assert found.failures == ()
    here = relax(gold, metals.emt(), settings=RelaxationSettings()).result
    assert found.records[0].result.energy_eV == pytest.approx(here.energy_eV, abs=1e-9)
    assert found.records[0].result.after.lengths_A == pytest.approx(here.after.lengths_A, abs=1e-7)


def test_energies_of_several_phases_come_in_order_or_not_at_all(folder):
    crystals = tuple(metals.crystal(bulk(name, "fcc", a=a), name) for name, a in (("Cu", 3.6), ("Au", 4.08)))
    request = Request(str(folder / "emt.toml"), crystals, ("relax",), results=folder / "results", threads=1)
    assert [(one.structure, one.formula) for one in study(request).records] == [("Cu", "Cu"), ("Au", "Au")]
    hasty = StaticsSettings(
        relaxation=RelaxationSettings(maximum_steps=1, fmax_eV_per_A=1e-4, stress_tolerance_GPa=1e-6)
    )
    with pytest.raises(RunError, match="2 of 2 structures failed"):
        refuse_failures(study(replace(request, settings=hasty)), structures=2)


def test_a_relaxation_that_does_not_converge_or_explodes_is_told_and_nothing_is_built_on_it(folder):
    done = sselmp("Cu.cif", "-p", "emt.toml", "--max-steps", "2", folder=folder)
    assert done.returncode == 1
    assert "the relaxation is not converged, so nothing is built on it" in done.stderr
    assert "--max-steps" in done.stderr
    assert [path.name.partition("-")[0] for path in records(folder)] == ["relax"]
    again = sselmp("Cu.cif", "-p", "emt.toml", "--max-steps", "2", folder=folder)
    assert again.returncode == 1
    assert "the relaxation is not converged" in again.stderr  # not taken for a result when it is found on disk
    burst = sselmp("Cu.cif", "-p", "bursting.toml", folder=folder)
    assert burst.returncode == 1
    assert "the relaxation is collapsed" in burst.stderr
    assert "of what it was" in burst.stderr
    assert "Traceback" not in done.stderr + burst.stderr


@pytest.mark.parametrize(
    ("arguments", "text", "message", "code"),
    [
        (["NaCl.cif"], None, "does not know Cl, Na", 1),
        (["gone.cif"], None, "there is no structure file gone.cif", 2),
        (["Coper"], None, "there is no system 'Coper'", 2),
        (["Cu.cif", "--properties", "elastik"], None, "did you mean 'elastic'?", 2),
        (["Cu.cif", "--properties", ""], None, "no static property is named", 2),
        (["Cu.cif", "--fmax", "0"], None, "relaxation.fmax_eV_per_A", 2),
        (["Cu.cif", "--max-steps", "0"], None, "relaxation.maximum_steps", 2),
        (["Cu.cif", "--optimizer", "Fire"], None, "relaxation.optimizer", 2),
        (["Cu.cif", "Cu.cif"], None, "two structures are called 'Cu'", 2),
        (["Cu.cif", "--settings", "papr"], None, "did you mean 'paper'?", 2),
        (["Cu.cif", "--settings", "my.toml"], "[elasticity]\nshear_strains = [0.0, 0.01]\n", "a strain of zero", 2),
        (["Cu.cif", "--settings", "my.toml"], "[elasticity]\nnormal_strains = []\n", "elasticity.normal_strains", 2),
        (["Cu.cif", "--settings", "my.toml"], "[elastic]\n", "did you mean 'elasticity'?", 2),
        (["Cu.cif", "--settings", "my.toml"], "[equation_of_state]\npoints = 3\n", "equation_of_state.points", 2),
        (["Cu.cif", "--settings", "my.toml"], "[barriers]\nimages = 2\n", "barriers.images", 2),
        (["Cu.cif", "--settings", "my.toml"], "[barriers]\nlongest_hop = 4\n", "did you mean 'longest_hop_A'?", 2),
        (["POSCAR"], OVERLAP, "overlap", 2),
    ],
)
def test_bad_input_gets_one_clear_message_and_leaves_nothing(
    folder, monkeypatch, capsys, arguments, text, message, code
):
    if text is not None:
        (folder / ("POSCAR" if arguments == ["POSCAR"] else "my.toml")).write_text(text)
    monkeypatch.chdir(folder)
    monkeypatch.setattr(sys, "argv", ["sselmp", "statics", *arguments, "-p", "emt.toml"])
    with pytest.raises(SystemExit) as ended:
        main()
    told = capsys.readouterr().err
    assert (ended.value.code, "Traceback" in told) == (code, False), told
    assert message in told
    assert records(folder) == []


def test_barriers_are_found_drawn_and_tabulated_and_a_structure_without_the_ion_is_told(folder):
    (folder / "my.toml").write_text("[barriers]\nimages = 3\nlongest_hop_A = 2.7\nsupercell = [3, 3, 3]\n")
    arguments = ("Au.cif", "Cu.cif", "-p", "emt.toml", "--properties", "barriers", "--mobile", "Cu")
    done = sselmp(*arguments, "--settings", "my.toml", folder=folder)
    assert done.returncode == 1
    assert "Au: there is no mobile ion 'Cu' in it" in done.stderr
    assert "Traceback" not in done.stderr
    (path,) = records(folder, "emt/Cu/barriers-*.json")
    found = record.read(path).result
    assert found.verdict == "complete"
    assert found.hops[0].saddle.forward_eV == pytest.approx(0.70, abs=0.03)  # within 27 atoms
    assert f"{found.hops[0].saddle.forward_eV:.3f} eV" in done.stdout
    beside = {p.name.removeprefix(path.stem) for p in path.parent.glob(f"{path.stem}*")}
    assert beside == {"", ".json", ".png", "-hops.csv", "-profile.csv"}
    with Trajectory(str(path.with_suffix("") / "hop-1.traj")) as images:
        heights = [one.get_potential_energy() - images[0].get_potential_energy() for one in images]
    assert max(heights) == pytest.approx(found.hops[0].saddle.forward_eV)
    again = sselmp(*arguments[1:], "--settings", "my.toml", folder=folder)
    assert again.returncode == 0, again.stderr
    assert f"{found.hops[0].saddle.forward_eV:.3f} eV" in again.stdout


def test_after_ctrl_c_the_same_command_goes_on_where_it_stopped(folder):
    bulk("Cu", "fcc", a=3.6).write(folder / "one.cif")
    large = bulk("Cu", "fcc", a=3.7, cubic=True) * 2
    large.rattle(0.1, seed=4)
    large.write(folder / "two.cif")
    program = Path(sys.executable).parent / "sselmp"
    arguments = [program, "statics", "one.cif", "two.cif", "-p", "emt.toml", "--properties", "relax", "--threads", "1"]
    first = subprocess.Popen(
        arguments, cwd=folder, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    wait_for(lambda: records(folder, "emt/one/relax-*.json"), seconds=120.0)
    first.send_signal(signal.SIGINT)
    _, told = first.communicate(timeout=60)
    assert first.returncode == 130, told
    assert "run the same command again to resume" in told
    kept = {path: path.stat().st_mtime_ns for path in records(folder)}
    assert [path.parent.name for path in kept] == ["one"]
    done = subprocess.run(arguments, cwd=folder, env=environment(), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert [path.parent.name for path in records(folder, "emt/*/relax-*.json")] == ["one", "two"]
    assert all(path.stat().st_mtime_ns == when for path, when in kept.items())


def test_a_record_that_is_damaged_or_of_something_else_is_refused_by_name(folder, monkeypatch, capsys):
    gold = metals.crystal(bulk("Au", "fcc", a=4.1), "Au")
    loaded = load_card(str(folder / "emt.toml"))
    identity = record.identity_of(loaded, gold, property_="relax", settings=StaticsSettings())
    path = folder / "results" / "statics" / "emt" / "Au" / identity.file_name()
    path.parent.mkdir(parents=True)
    path.write_text('{"format": 1, "structure": "Au"')
    monkeypatch.chdir(folder)
    write(folder / "Au.vasp", bulk("Au", "fcc", a=4.1), format="vasp")
    monkeypatch.setattr(sys, "argv", ["sselmp", "statics", "Au.vasp", "-p", "emt.toml", "--properties", "relax"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 1
    assert f"{path.relative_to(folder)} is not the record of a static property" in capsys.readouterr().err
    assert path.read_text().startswith('{"format": 1')
