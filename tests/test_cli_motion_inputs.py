"""Whose ions ``sselmp trajectory`` follows: run folders, a campaign's runs, and files of anybody, by every command."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import swaps
import written
from typer.testing import CliRunner

from sselmp import layout
from sselmp.cli.main import app, main
from sselmp.errors import SettingsError, SselmpError, TrajectoryError
from sselmp.report.motion_sources import Source, paired

EVERY = {700: 20, 900: 12, 1100: 6}  # frames from swap to swap
FRAMES = 160
SMOKE = ("--campaign", "smoke")
NUMBERLESS = ("--frame-spacing", "20")
VERBS = {
    "vanhove": ("vanhove.json", ("--rmax", "4")),
    "rdf": ("rdf.json", ("--pair", "Li-S")),
    "density": ("density.json", ("--spacing", "1")),
    "hops": ("hops.json", ("--system", "Li6PS5Cl")),
}


def asked(*arguments):
    """Run a command; an error of ours comes back as it is raised."""
    result = CliRunner().invoke(app, ["trajectory", *map(str, arguments)], standalone_mode=False)
    if result.exception is not None:
        raise result.exception
    return result.output


def hops_made(kelvin):
    return 2 * len(range(EVERY[kelvin], FRAMES, EVERY[kelvin]))


@pytest.fixture(scope="module")
def campaign(tmp_path_factory):
    """The results folder of campaign ``smoke`` with two potentials, all runs but the second's hottest done."""
    base = tmp_path_factory.mktemp("campaign") / "results"
    for seed, potential in enumerate(("sevennet", "chgnet")):
        words = ["prepare", *SMOKE, "--potential", potential, "--results", str(base)]
        assert CliRunner().invoke(app, words, standalone_mode=False).exception is None
        for folder in (base / "smoke" / potential / "Li6PS5Cl" / "runs").iterdir():
            kelvin = int(folder.name.partition("K")[0])
            if (potential, kelvin) != ("chgnet", 1100):
                rattle_A = 0.12 + 0.1 * seed
                swaps.fill(folder, swaps.argyrodite_of_swaps(frames=FRAMES, every=EVERY[kelvin], rattle_A=rattle_A))
    return base


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """One trajectory in five formats."""
    folder = tmp_path_factory.mktemp("mine")
    frames = swaps.frames_of(swaps.argyrodite_of_swaps(frames=FRAMES, every=EVERY[900]))
    written.xdatcar(folder / "XDATCAR", frames)
    written.through_ase(folder / "run.extxyz", frames, wrapped=True)
    written.through_ase(folder / "run.traj", frames, wrapped=False)
    written.dcd(folder / "run.dcd", frames, wrapped=True)
    part = written.Frames(frames.scaled[:30], frames.cells[:30], frames.species)
    written.xdatcar(folder / "XDATCAR.short", part)
    shutil.copy(folder / "XDATCAR", folder / "XDATCAR.again")
    return folder


def test_hops_of_a_campaign_are_counted_and_its_temperatures_give_a_barrier(campaign):
    said = asked(
        "hops", *SMOKE, "--potential", "sevennet", "--system", "Li6PS5Cl", "--results", campaign, "--cage", "S"
    )
    out = campaign / "smoke" / "sevennet" / "Li6PS5Cl" / layout.TRAJECTORY
    documents = [json.loads(path.read_text()) for path in sorted(out.glob("*/hops.json"))]
    assert {one["temperature_K"]: one["hops_per_ion"]["count"] for one in documents} == {
        kelvin: hops_made(kelvin) for kelvin in EVERY
    }
    assert {one["sites"]["from"] for one in documents} == {"structure of Li6PS5Cl"}
    # swaps are with the nearest neighbour, so all of them are within the cages around the free S
    assert {one["cages"]["between"]["count"] for one in documents} == {0}
    barriers = {one["hops"]: one for one in json.loads((out / layout.HOP_RATES_JSON).read_text())["barriers"]}
    slope = np.polyfit([1 / (8.617333e-5 * kelvin) for kelvin in EVERY], [-np.log(hops_made(k)) for k in EVERY], 1)[0]
    low, high = barriers["within cages"]["barrier_interval_95_eV"]
    assert low < slope < high
    assert not barriers["between cages"]["fitted"]
    assert "within cages: barrier" in said


def test_a_run_of_a_campaign_that_is_not_there_yet_is_left_out_with_its_reason(campaign):
    said = asked("rdf", *SMOKE, "--potential", "chgnet", "--results", campaign, "--pair", "Li-S")
    out = campaign / "smoke" / "chgnet" / "Li6PS5Cl" / layout.TRAJECTORY
    assert {path.parent.name.partition("-")[0] for path in out.glob("*/rdf.json")} == {"700K", "900K"}
    (left,) = [line for line in said.splitlines() if "1100K" in line]
    assert "is left out: there is no trajectory file" in left


def test_two_potentials_of_a_campaign_are_compared_temperature_by_temperature(campaign):
    words = (*SMOKE, "--potential", "sevennet", "--against", "chgnet", "--results", campaign, "--blocks", "6")
    said = asked("compare", *words)
    out = campaign / "smoke" / "sevennet" / "Li6PS5Cl" / layout.TRAJECTORY
    made = [json.loads(path.read_text()) for path in sorted(out.glob("*-against-*/comparison.json"))]
    assert [(one["first"][:14], one["second"][:12]) for one in made] == [
        ("sevennet 700 K", "chgnet 700 K"),
        ("sevennet 900 K", "chgnet 900 K"),
    ]
    assert said.count("van Hove, self part") == 4  # divergence and overlap of each
    assert all(any(row["differs"] for row in one["comparisons"]) for one in made)  # one rattles twice as far


def test_results_folders_are_compared_at_their_common_temperatures(campaign, tmp_path):
    sides = [campaign / "smoke" / name / "Li6PS5Cl" for name in ("sevennet", "chgnet")]
    asked("compare", *sides, "--out", tmp_path, "--blocks", "6")
    assert len(list(tmp_path.glob("*/comparison.json"))) == 2


@pytest.mark.parametrize("verb", VERBS)
def test_every_command_takes_files_of_anybody(files, tmp_path, verb):
    name, options = VERBS[verb]
    words = [f"{files}/XDATCAR@900K", f"{files}/run.extxyz@900", f"{files}/run.traj@900", f"{files}/run.dcd@900"]
    topology = ("--topology", files / "run.extxyz")  # a DCD has no species
    if verb != "hops":
        words, topology = words[:1], ()
    asked(verb, *words, *NUMBERLESS, *topology, *options, "--out", tmp_path)
    made = [json.loads(path.read_text()) for path in tmp_path.rglob(name)]
    assert len(made) == len(words)
    for one in made:
        assert one["temperature_K"] == 900
        assert one["duration_ps"] == pytest.approx(0.02 * FRAMES, abs=0.021)
    if verb == "hops":
        assert {one["hops_per_ion"]["count"] for one in made} == {hops_made(900)}


def test_two_files_are_compared(files, tmp_path):
    words = (f"{files}/XDATCAR@900K", f"{files}/XDATCAR.again@900K", *NUMBERLESS)
    asked("compare", *words, "--system", "Li6PS5Cl", "--blocks", "6", "--out", tmp_path)
    found = json.loads((tmp_path / layout.COMPARISON_JSON).read_text())
    assert {row["differs"] for row in found["comparisons"]} == {False}
    assert max(abs(row["value"]) for row in found["comparisons"] if row["measure"] == "shift") < 1e-12


def test_a_density_is_symmetrised_by_the_structure_or_by_a_group_of_its_cell(files, tmp_path):
    arrays = []
    for group in ("structure", "216"):
        words = ("--system", "Li6PS5Cl", "--symmetrise", group, "--spacing", "0.5", "--out", tmp_path / group)
        said = asked("density", f"{files}/XDATCAR@900K", *NUMBERLESS, *words)
        assert "F-43m (the framework agrees to 9" in said
        document = json.loads((tmp_path / group / "density.json").read_text())
        assert (document["space_group"], document["symmetrised_by"]) == ("F-43m", group)
        assert document["framework_agrees_with_space_group"] > 0.9
        arrays.append(np.load(tmp_path / group / "density.npz")["density"])
    assert arrays[0] == pytest.approx(arrays[1], abs=1e-12)


REFUSED = {
    "a structure for the symmetry": (
        ("density", "XDATCAR@9K", *NUMBERLESS, "--symmetrise", "216"),
        "needs a structure",
    ),
    "no such group": (
        ("density", "XDATCAR@9K", *NUMBERLESS, "--symmetrise", "F-43n", "--system", "Li6PS5Cl"),
        "there is no space group 'F-43n'",
    ),
    "a group of another framework": (
        ("density", "XDATCAR@9K", *NUMBERLESS, "--symmetrise", "227", "--system", "Li6PS5Cl"),
        "does not have the space group Fd-3m",
    ),
    "a structure of another crystal": (
        ("density", "XDATCAR@9K", *NUMBERLESS, "--symmetrise", "structure", "--system", "Li3YCl6"),
        "the run's cell is not the structure's unit cell repeated",
    ),
    "a structure that files do not hold": (("hops", "XDATCAR@900K", *NUMBERLESS), "the sites need a structure"),
    "no temperature": (("rdf", "XDATCAR", *NUMBERLESS), "every trajectory needs one temperature"),
    "no time": (("vanhove", "XDATCAR@900K"), "time between"),
    "a file that is not there": (("rdf", "XDATCAT@900K", *NUMBERLESS), "no trajectory file"),
    "a species that moves and is absent": (("rdf", "XDATCAR@9K", *NUMBERLESS, "--mobile", "Na"), "species 'Na'"),
    "one run to compare": (("compare", "XDATCAR@900K"), "a comparison takes two runs"),
    "too few frames to compare": (
        ("compare", "XDATCAR.short@9", "XDATCAR@9", *NUMBERLESS, "--sites", "density", "--radius", "0.9"),
        "too few frames to compare this run",
    ),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_is_missing_is_told_in_one_message_and_nothing_is_written(files, tmp_path, monkeypatch, what):
    words, message = REFUSED[what]
    monkeypatch.chdir(tmp_path)
    words = [f"{files}/{word}" if word.startswith("XDATCA") else word for word in words]
    with pytest.raises(SselmpError) as told:
        asked(*words)
    assert message in str(told.value)
    assert list(tmp_path.iterdir()) == []


def test_options_that_do_not_go_with_run_folders_are_refused(campaign):
    results = campaign / "smoke" / "sevennet" / "Li6PS5Cl"
    with pytest.raises(SettingsError, match="trajectory files only"):
        asked("hops", results, "--timestep", "2")
    with pytest.raises(SettingsError, match="--potential chooses among the runs of a campaign"):
        asked("rdf", results, "--potential", "chgnet")
    with pytest.raises(SettingsError, match="--system chooses among the runs of a campaign"):
        asked("rdf", results, "--system", "Li3YCl6")


def test_a_campaign_without_runs_is_told_how_to_run(tmp_path):
    with pytest.raises(SettingsError, match="the campaign 'smoke' has no runs") as told:
        asked("hops", *SMOKE, "--potential", "chgnet", "--results", tmp_path / "nothing")
    assert "sselmp diffusion --campaign smoke --potential chgnet" in str(told.value)
    assert not (tmp_path / "nothing").exists()


def test_single_runs_are_compared_at_whatever_temperatures_and_one_that_is_not_there_is_told(campaign):
    sevennet, chgnet = (campaign / "smoke" / name / "Li6PS5Cl" / "runs" for name in ("sevennet", "chgnet"))
    with pytest.raises(TrajectoryError, match="there is no trajectory file"):
        asked("compare", next(sevennet.glob("1100K*")), next(chgnet.glob("1100K*")))
    cold = [next(sevennet.glob(f"{kelvin}K*")) for kelvin in (700, 900)]
    assert "sevennet 900 K" in asked("compare", *cold, "--out", sevennet.parent / "two", "--blocks", "6")


def source(kelvin, name):
    return Source((Path(name),), kelvin, "any", "any", Path(name))


def test_runs_are_paired_by_temperature_and_order():
    a, b, c, d = source(700, "a"), source(700, "b"), source(700, "c"), source(900, "d")
    assert paired([a, b, d], [c, d]) == ((a, c), (d, d))
    assert paired([a], [d]) == ((a, d),)
    with pytest.raises(SettingsError, match="no temperature is among both") as told:
        paired([a, b], [d])
    assert "700 K and 900 K" in str(told.value)


OVERLAP = """space_group = 1
[[sites]]
label = "one"
position = [0.1, 0.2, 0.3]
[[sites]]
label = "two"
position = [0.105, 0.2, 0.3]
"""
FAULTS = {
    "sites that overlap": (("hops", "--sites", "sites.toml", "--system", "Li6PS5Cl"), "two sites overlap"),
    "a grid too fine for memory": (("density", "--spacing", "0.005"), "the grid is too fine for the memory allowed"),
    "a level above the maximum": (("density", "--spacing", "1", "--level", "50"), "there is no surface at this level"),
    "a species that is absent": (("vanhove", "--of", "Na"), "no atom of the species 'Na'"),
    "fewer frames than the longest lag": (("vanhove", "--longest", "1000"), "longest lag does not fit"),
}


@pytest.mark.parametrize("what", FAULTS)
def test_a_fault_ends_with_one_message_its_repair_and_no_file(files, tmp_path, monkeypatch, capfd, what):
    words, message = FAULTS[what]
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sites.toml").write_text(OVERLAP)
    monkeypatch.setattr(
        "sys.argv", ["sselmp", "trajectory", words[0], f"{files}/XDATCAR@900K", *NUMBERLESS, *words[1:]]
    )
    with pytest.raises(SystemExit) as ended:
        main()
    told = capfd.readouterr().err
    assert ended.value.code in {1, 2}
    assert told.count("error: ") == 1
    assert message in told
    assert "Traceback" not in told
    assert [line for line in told.splitlines() if line.strip().startswith(("allowed:", "repair:"))]
    assert [path.name for path in tmp_path.iterdir()] == ["sites.toml"]
