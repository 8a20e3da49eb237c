"""Run folders to tables, arrays, figures and a page of their hops, and the commands that do it."""

from __future__ import annotations

import json
import re

import argyrodite
import hopping
import numpy as np
import pytest
import walks
from typer.testing import CliRunner

from sselmp import layout
from sselmp.cli.main import app
from sselmp.errors import SettingsError
from sselmp.report.hop_report import HopRequest, sites_for
from sselmp.transport.surroundings import surroundings

SITES = hopping.grid_sites(walks.CELL)
KELVINS = (600.0, 750.0, 1000.0)


def record(seed, *, chance=0.04, rattle_A=0.25):
    rng = np.random.default_rng(seed)
    there, made = hopping.poisson_walk(rng, SITES, frames=240, ions=8, chance=chance, rattle_A=rattle_A)
    return hopping.trajectory(there, cell=walks.CELL, spacing_ps=0.1), made


@pytest.fixture(scope="module")
def campaign(tmp_path_factory):
    """Runs at three temperatures whose ions hop the more the hotter it is."""
    base = tmp_path_factory.mktemp("hops")
    made = {}
    for seed, kelvin in enumerate(KELVINS):
        run, made[kelvin] = record(seed, chance=0.3 * np.exp(-0.15 / (8.617e-5 * kelvin)))
        walks.run_folder(base / layout.RUNS, temperature_K=kelvin, record=run)
    return base, made


def command(*words):
    return CliRunner().invoke(app, ["trajectory", *map(str, words)])


@pytest.fixture(scope="module")
def hopped(campaign):
    base, _ = campaign
    return command("hops", base, "--sites", "density", "--radius", "1.5")


def test_every_run_of_a_campaign_gets_its_json_arrays_figure_and_page(campaign, hopped):
    base, made = campaign
    assert hopped.exit_code == 0, hopped.output
    out = base / layout.TRAJECTORY
    names = {path.name for path in (base / layout.RUNS).iterdir()}
    assert {path.name for path in out.iterdir()} == names | {layout.HOP_RATES_JSON, layout.HOP_RATES_FIGURE}
    for name in names:
        assert {path.name for path in (out / name).iterdir()} == {
            f"hops.{kind}" for kind in ("json", "npz", "png", "html")
        }
        plain = json.loads((out / name / "hops.json").read_text())
        assert plain["format"] == "sselmp-hops-1"
        assert plain["hops_per_ion"]["count"] == made[plain["temperature_K"]]
        assert (out / name / "hops.png").read_bytes()[:4] == b"\x89PNG"
        with np.load(out / name / "hops.npz") as arrays:
            assert len(arrays["hop_frame"]) == made[plain["temperature_K"]]
            assert arrays["edge_forward"].sum() + arrays["edge_backward"].sum() == len(arrays["hop_frame"])
            assert len(arrays["site_occupancy"]) == 8


def test_the_rates_over_temperatures_give_the_barrier_that_the_hops_were_made_with(campaign, hopped):
    base, _ = campaign
    plain = json.loads((base / layout.TRAJECTORY / layout.HOP_RATES_JSON).read_text())
    (found,) = plain["barriers"]
    low, high = found["barrier_interval_95_eV"]
    assert low < 0.15 < high
    assert f"all hops: barrier {found['barrier_eV']:.3f}" in hopped.output


def test_the_page_needs_nothing_from_elsewhere_and_holds_every_edge(campaign, hopped):  # noqa: ARG001 - writes it
    base, _ = campaign
    page = next((base / layout.TRAJECTORY).glob("1000K*/hops.html")).read_text()
    assert not re.search(r"(src|href)\s*=|https?:", page)
    data = json.loads(re.search(r'<script id="data" type="application/json">(.*?)</script>', page, re.DOTALL)[1])
    plain = json.loads(next((base / layout.TRAJECTORY).glob("1000K*/hops.json")).read_text())
    assert sum(lines["total"] for lines in data["lines"]) == plain["hops_per_ion"]["count"]
    assert sum(len(lines["ends"]) for lines in data["lines"]) == plain["network_of_unit_cell"]["edges"]


def test_comparing_a_run_with_itself_and_with_one_that_rattles_more(tmp_path):
    folders = [
        walks.run_folder(
            tmp_path / layout.RUNS, temperature_K=900.0, seed=seed, record=record(seed, rattle_A=rattle)[0]
        )
        for seed, rattle in ((1, 0.25), (2, 0.25), (3, 0.6))
    ]
    words = ("--sites", "density", "--radius", "1.5", "--out", tmp_path / "out")
    alike = command("compare", folders[0], folders[1], *words)
    assert alike.exit_code == 0, alike.output
    plain = json.loads((tmp_path / "out" / layout.COMPARISON_JSON).read_text())
    assert [row["what"] for row in plain["comparisons"] if row["differs"]] == []
    assert command("compare", folders[0], folders[2], *words).exit_code == 0
    plain = json.loads((tmp_path / "out" / layout.COMPARISON_JSON).read_text())
    differ = {row["what"].split(" at ")[0] for row in plain["comparisons"] if row["differs"]}
    # ions stay on their sites for longer than a block: what blocks show of their density remembers the one before
    assert "van Hove, self part" in differ
    assert (tmp_path / "out" / layout.COMPARISON_FIGURE).read_bytes()[:4] == b"\x89PNG"
    with np.load(tmp_path / "out" / layout.COMPARISON_ARRAYS) as arrays:
        moved, at_A = arrays["van_Hove_self_part_first"], arrays["van_Hove_self_part_at_A"]
        assert moved.sum(axis=1) == pytest.approx(1.0)
        assert (moved.shape[1], at_A[-1]) == (len(at_A), np.inf)
        assert arrays["density_first"].shape == arrays["density_second"].shape
    assert "Plotly.newPlot" in (tmp_path / "out" / layout.COMPARISON_PAGE).read_text()


def test_runs_that_hop_at_different_rates_are_told_by_their_rates(tmp_path):
    folders = [
        walks.run_folder(tmp_path / layout.RUNS, temperature_K=900.0, seed=seed, record=record(seed, chance=chance)[0])
        for seed, chance in ((1, 0.04), (2, 0.04), (3, 0.08))
    ]
    rates = []
    for other in folders[1:]:
        words = ("--sites", "density", "--radius", "1.5", "--out", tmp_path / "out", "--blocks", "12")
        assert command("compare", folders[0], other, *words).exit_code == 0
        plain = json.loads((tmp_path / "out" / layout.COMPARISON_JSON).read_text())
        rates += [row for row in plain["comparisons"] if row["what"] == "rate of hops"]
    assert [row["differs"] for row in rates] == [False, True]
    assert rates[1]["value"] == pytest.approx(0.8, rel=0.35)  # of 0.04 and 0.08 hops a frame, every 0.05 ps as written
    assert rates[1]["excess_interval_95"][0] > 0


def test_a_run_in_which_nothing_hops_is_reported_with_its_limits(tmp_path):
    still = SITES.fractional + np.random.default_rng(1).normal(scale=0.01, size=(60, 8, 3))
    record_of = hopping.trajectory(still, cell=walks.CELL, spacing_ps=0.1)
    folder = walks.run_folder(tmp_path / layout.RUNS, temperature_K=300.0, record=record_of)
    found = command("hops", folder, "--sites", "density", "--radius", "1.5", "--cage", "S")
    assert found.exit_code == 0, found.output
    assert "the network of hops goes nowhere" in found.output
    assert "stay no end seen" in found.output
    plain = json.loads((tmp_path / layout.TRAJECTORY / folder.name / "hops.json").read_text())
    limit = 3.689 / (plain["duration_ps"] * 8)
    assert plain["hops_per_ion"]["interval_95_per_ps"] == [0.0, pytest.approx(limit, rel=1e-3)]
    assert (plain["residences"][0]["mean_ps"], plain["correlation"]) == (None, None)


BAD = {
    "an absent species": (("--mobile", "Na"), "no atom of the species 'Na'"),
    "an unknown species of cage": (("--cage", "Br"), "no species 'Br' in the framework"),
    "cores that leave no room": (("--radius", "3"), "room between them"),
    "no such sites": (("--sites", "nowhere.toml"), "there are no sites 'nowhere.toml'"),
    "cells that are no numbers": (("--fold", "2x2"), "three whole numbers"),
    "a structure that the run was not made from": (("--sites", "structure"), "structure"),
}


@pytest.mark.parametrize("what", BAD)
def test_bad_input_is_told_in_one_message(what, campaign, tmp_path):
    base, _ = campaign
    words, message = BAD[what]
    folder = next((base / layout.RUNS).iterdir())
    found = command("hops", folder, "--sites", "density", "--out", tmp_path, *words)
    assert found.exit_code != 0
    assert message in str(found.exception)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_without_runs_is_refused(tmp_path):
    assert "is neither a run folder nor the results of a campaign" in str(command("hops", tmp_path).exception)


def test_a_file_of_sites_is_laid_over_the_run_and_its_faults_are_named(test_data, tmp_path):
    run = argyrodite.trajectory(test_data)
    around = surroundings(run, "Li")
    path = tmp_path / "sites.toml"
    path.write_text('space_group = 216\n[[sites]]\nlabel = "T5a"\nposition = [0.02, 0.25, 0.25]\n')
    found = sites_for(run, around, mobile="Li", request=HopRequest(sites=str(path)), system="Li6PS5Cl")
    assert (len(found), found.kinds) == (192, ("T5a",))
    path.write_text('space_group = 300\n[[sites]]\nlabel = "T5a"\nposition = [0.02, 0.25, 0.25]\n')
    with pytest.raises(SettingsError, match="space_group"):
        sites_for(run, around, mobile="Li", request=HopRequest(sites=str(path)), system="Li6PS5Cl")
    with pytest.raises(SettingsError, match="cannot be taken from the structure 'nonsense'"):
        sites_for(run, around, mobile="Li", request=HopRequest(), system="nonsense")
