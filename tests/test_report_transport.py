"""Run folders to transport.json, transport.csv, the figures and the terminal's rows."""

from __future__ import annotations

import csv
import io
import json
import math
import subprocess
import sys

import numpy as np
import pytest
import walks

from sselmp import layout, units
from sselmp.errors import RunError, SettingsError, TrajectoryError
from sselmp.report import transport_csv, transport_figures, transport_tables
from sselmp.report.analyze import analyze, examine
from sselmp.report.question import Question
from sselmp.report.transport_document import digits, document, kept_lags
from sselmp.transport.method import Method

KELVINS = (700.0, 900.0, 1100.0)
WRITTEN = (layout.TRANSPORT_JSON, layout.TRANSPORT_CSV, layout.MSD_FIGURE, layout.ARRHENIUS_FIGURE)


def record(kelvin, *, seed=1, frames=150):
    D = 10.0 * math.exp(-0.2 / (units.BOLTZMANN_EV_PER_K * kelvin))
    rng = np.random.default_rng([int(kelvin), seed])
    return walks.trajectory(walks.walk(rng, frames=frames, D=(D,) * 3), framework=12)  # neutral


def caged(frames=150):
    return walks.trajectory(walks.cage(np.random.default_rng(0), frames=frames, ions=24))


def report_on(folders, out, *, notice=None, **question):
    return analyze(folders, Question(**question), out=out, notice=notice)


@pytest.fixture(scope="module")
def campaign(tmp_path_factory):
    """Three diffusive temperatures, a caged one, a partial run, one that was only prepared; analysed."""
    base = tmp_path_factory.mktemp("campaign")
    folders = [walks.run_folder(base / "runs", temperature_K=k, record=record(k)) for k in KELVINS]
    folders.append(walks.run_folder(base / "runs", temperature_K=250.0, record=caged()))
    folders.append(
        walks.run_folder(base / "runs", temperature_K=900.0, seed=2, record=record(900.0, seed=2), finished=False)
    )
    folders.append(walks.run_folder(base / "runs", temperature_K=240.0, record=None))
    return base, report_on(folders, base, notice="A demonstration only.")


@pytest.fixture(scope="module")
def stored(campaign):
    return json.loads((campaign[0] / layout.TRANSPORT_JSON).read_text())


def test_the_four_files_are_written_whole_and_nothing_else(campaign):
    base, _ = campaign
    assert sorted(path.name for path in base.iterdir()) == sorted([layout.RUNS, *WRITTEN])


def test_the_json_is_versioned_and_says_what_it_is_of(stored):
    assert stored["format"] == "sselmp-transport-1"
    assert (stored["potential"], stored["system"], stored["mobile_species"]) == ("sevennet", "Li6PS5Cl", "Li")
    assert stored["notice"] == "A demonstration only."
    assert stored["charge_e"] == 1.0


def test_every_number_in_the_json_is_what_the_analysis_found(campaign, stored):
    at = campaign[1].result.temperatures[-1]
    plain = stored["temperatures"][-1]
    assert plain["temperature_K"] == 1100
    assert plain["D_cm2_per_s"] == pytest.approx(at.assessment.diffusivity.D * 1e-4)
    assert plain["D_error_cm2_per_s"] == pytest.approx(at.assessment.diffusivity.error * 1e-4)
    assert plain["sigma_mS_per_cm"] == pytest.approx(at.conductivity.sigma_S_per_m * 10)
    low, high = plain["D_interval_95_cm2_per_s"]
    assert low < plain["D_cm2_per_s"] < high
    assert plain["hops_per_ion"] == pytest.approx(at.assessment.verdict.hops / 24)
    unlike = at.assessment.verdict.heterogeneity
    assert (plain["non_gaussian_alpha_2"], plain["moving_share"]) == (unlike.alpha_2, unlike.moving_share)
    assert plain["non_gaussian_lag_ps"] == plain["fit"]["window_ps"][1]


def test_the_conductivity_in_the_json_follows_from_its_own_D(stored):
    at = stored["temperatures"][-1]
    n, D, T = at["number_density_per_A3"] * 1e30, at["D_cm2_per_s"] * 1e-4, at["temperature_K"]
    sigma = n * 1.602176634e-19**2 * D / (1.380649e-23 * T)
    assert at["sigma_mS_per_cm"] == pytest.approx(sigma * 10, rel=1e-6)


def test_a_run_that_is_not_diffusive_has_a_bound_and_no_D(stored):
    caged_run = next(run for run in stored["runs"] if run["temperature_K"] == 250)
    assert caged_run["diffusive"] is False
    assert caged_run["D_cm2_per_s"] is None
    assert caged_run["D_error_cm2_per_s"] is None
    assert caged_run["D_upper_bound_95_cm2_per_s"] > 0
    assert caged_run["reason"]


def test_the_json_holds_what_the_msd_figure_is_drawn_from(stored):
    run = next(run for run in stored["runs"] if run["temperature_K"] == 1100)
    curves = run["msd"]
    assert len(curves["lag_ps"]) == len(curves["Li_A2"]) == len(curves["S_A2"]) == len(curves["Li_x_A2"])
    assert 0 < len(curves["Li_error_A2"]) <= len(curves["lag_ps"])
    total = np.sum([curves[f"Li_{axis}_A2"] for axis in "xyz"], axis=0)
    assert total == pytest.approx(np.array(curves["Li_A2"]), rel=1e-5, abs=1e-9)
    start, end = run["fit"]["window_ps"]
    assert curves["lag_ps"][0] == 0 < start < end < curves["lag_ps"][-1]


def test_the_arrhenius_law_in_the_json_extrapolates_to_its_own_number(stored):
    law, there = stored["arrhenius"], stored["extrapolation"]
    assert law["fitted"]
    assert law["temperatures_K"] == list(KELVINS)
    D = law["D0_cm2_per_s"] * math.exp(-law["Ea_eV"] / (units.BOLTZMANN_EV_PER_K * 300))
    assert there["D_cm2_per_s"] == pytest.approx(D)
    low, high = there["sigma_interval_95_mS_per_cm"]
    assert low < there["sigma_mS_per_cm"] < high
    assert there["number_density_from_K"] == 700


def test_the_json_holds_what_the_arrhenius_figure_is_drawn_from(stored):
    law = stored["arrhenius"]
    curve = law["curve"]
    assert curve["temperature_K"][0] > max(KELVINS)
    assert curve["temperature_K"][-1] < 250
    for D, (low, high), (lowest, highest) in zip(
        curve["D_cm2_per_s"], curve["D_interval_68_cm2_per_s"], curve["D_interval_95_cm2_per_s"], strict=True
    ):
        assert lowest < low < D < high < highest
    assert [bound["temperature_K"] for bound in law["bounds"]] == [250]
    assert law["straight"] is True
    assert law["fault"] is None
    assert [one["shape"] for one in law["alternatives"]] == ["curved"]
    assert stored["extrapolation"]["reach"] > 1


def test_a_run_that_was_not_started_is_listed_and_left_out(stored):
    left = stored["runs"][0]
    assert (left["temperature_K"], left["state"], left["analysed"]) == (240, "prepared", False)
    assert "no trajectory file" in left["note"]
    assert "D_cm2_per_s" not in left


def test_a_run_that_is_not_finished_is_analysed_and_marked(campaign, stored):
    partial = next(run for run in stored["runs"] if run["seed"] == 2)
    assert partial["analysed"]
    assert partial["note"].startswith("stopped after 149 of ")
    row = next(row for row in transport_tables.table(campaign[1]).rows if row[2] == "2")
    assert "[stopped after 149" in row[-1]


def test_two_seeds_at_a_temperature_are_one_point_of_the_law(stored):
    at = next(at for at in stored["temperatures"] if at["temperature_K"] == 900)
    assert len(at["runs"]) == 2
    assert all(name.startswith("900K-seed") for name in at["runs"])


def test_the_csv_has_a_row_per_run_and_a_summary(campaign, stored):
    rows = list(csv.DictReader(io.StringIO((campaign[0] / layout.TRANSPORT_CSV).read_text())))
    kinds = [row["row"] for row in rows]
    assert kinds == ["run"] * 6 + ["temperature"] * 4 + ["arrhenius", "extrapolation"]
    assert float(rows[-1]["sigma_mS_per_cm"]) == pytest.approx(stored["extrapolation"]["sigma_mS_per_cm"], rel=1e-5)
    assert float(rows[-2]["Ea_low_95_eV"]) < float(rows[-2]["Ea_eV"]) < float(rows[-2]["Ea_high_95_eV"])
    cage = next(row for row in rows if row["row"] == "run" and row["temperature_K"] == "250")
    assert cage["D_cm2_per_s"] == ""
    assert float(cage["D_upper_bound_95_cm2_per_s"]) > 0


def test_the_csv_has_the_motion_of_charge_and_the_principal_axes_of_every_diffusive_temperature(campaign, stored):
    rows = list(csv.DictReader(io.StringIO((campaign[0] / layout.TRANSPORT_CSV).read_text())))
    row = next(row for row in rows if row["row"] == "temperature" and row["temperature_K"] == "1100")
    plain = stored["temperatures"][-1]
    assert float(row["haven_ratio"]) == pytest.approx(plain["haven_ratio"], rel=1e-5)
    for name in ("sigma_collective_{}mS_per_cm", "sigma_all_ions_{}mS_per_cm"):
        low, value, high = (float(row[name.format(end)]) for end in ("low_95_", "", "high_95_"))
        assert low < value < high
        assert [low, high] == pytest.approx(plain[name.format("interval_95_")], rel=1e-5)
    assert float(row["haven_ratio_low_95"]) < float(row["haven_ratio"]) < float(row["haven_ratio_high_95"])
    principal = [float(row[f"principal_D_{n}_cm2_per_s"]) for n in (1, 2, 3)]
    assert principal == pytest.approx(plain["principal_D_cm2_per_s"], rel=1e-5)
    axes = np.array([row[f"principal_axis_{n}"].split() for n in (1, 2, 3)], float)
    assert np.abs(axes @ axes.T - np.eye(3)).max() < 1e-3
    assert all(0 < float(row[f"principal_axis_{n}_error_degrees"]) <= 90 for n in (1, 2, 3))
    assert all(float(row[f"principal_D_{n}_error_cm2_per_s"]) > 0 for n in (1, 2, 3))


def test_the_second_table_has_a_row_for_every_diffusive_temperature(campaign):
    table = transport_tables.charge_table(campaign[1])
    assert [row[0] for row in table.rows] == ["700", "900", "1100"]
    at = campaign[1].result.temperatures[-1]
    assert table.rows[-1][1].startswith(f"{digits(at.conductivity.sigma_S_per_m * 10, count=3)} (")
    assert table.rows[-1][3].startswith(f"{digits(at.haven.ratio, count=3)} (")
    assert table.rows[-1][4].count(" ± ") == 3


def test_the_choice_of_reference_and_start_is_shown_in_json_csv_and_words(campaign, stored, tmp_path):
    assert stored["method"] == {"reference": "framework", "fit_start_asked_ps": None, "fit_start_from": "data"}
    lines = transport_tables.sentences(campaign[1])
    assert any(line.startswith("Positions are relative to the framework. Fits start at") for line in lines)
    assert any(line.endswith("found from the data.") for line in lines)
    folder = walks.run_folder(tmp_path / "runs", temperature_K=1100.0, record=record(1100.0))
    asked = examine([folder], Question(method=Method(reference="centre of mass", start_ps=3.9)))
    again = document(asked)
    assert again["method"] == {"reference": "centre of mass", "fit_start_asked_ps": 3.9, "fit_start_from": "given"}
    assert (again["runs"][0]["regime"]["start_ps"], again["runs"][0]["regime"]["given"]) == (4.0, True)
    (first, *_) = csv.DictReader(io.StringIO(transport_csv.csv_text(asked)))
    assert (first["reference"], first["fit_start_ps"], first["fit_start_from"]) == ("centre of mass", "4", "given")
    words = "Positions are relative to the centre of mass of all atoms, as was asked. Fits start at 4 ps, for 3.9 ps"
    assert any(line.startswith(words) for line in transport_tables.sentences(asked))


def test_reading_and_analysing_tell_how_far_they_are(tmp_path):
    folders = [walks.run_folder(tmp_path / "runs", temperature_K=k, record=record(k)) for k in KELVINS[:2]]
    seen = {}

    def on_stage(stage):
        return lambda done, total: seen.setdefault(stage, []).append((done, total))

    examine(folders, Question(), on_stage=on_stage)
    assert list(seen) == ["reading", "analysing"]
    for told in seen.values():
        done, total = zip(*told, strict=True)
        assert list(done) == sorted(done)
        assert set(total) == {done[-1]}
    size = sum((folder / layout.trajectory_name(0)).stat().st_size for folder in folders)
    assert seen["reading"][-1] == (size, size)


def test_the_terminal_rows_give_D_with_its_error_or_a_bound(campaign):
    table = transport_tables.table(campaign[1])
    assert all(len(row) == len(table.headers) for row in table.rows)
    by_kelvin = {row[0]: row for row in table.rows}
    assert " ± " in by_kelvin["1100"][4]
    assert by_kelvin["250"][4].startswith("< ")
    assert by_kelvin["240"][-1].startswith("left out: prepared")
    assert by_kelvin["1100"][1] == "1105"


def test_the_sentences_carry_the_notice_the_energy_and_the_interval(campaign):
    lines = transport_tables.sentences(campaign[1])
    assert lines[0] == "Note: A demonstration only."
    assert any(line.startswith("Ea = ") and "95 %" in line for line in lines)
    assert any(line.startswith("σ(300 K) = ") and line.endswith("extrapolated") for line in lines)


def test_two_diffusive_temperatures_give_a_refusal_instead_of_a_number(tmp_path):
    folders = [walks.run_folder(tmp_path / "runs", temperature_K=k, record=record(k)) for k in KELVINS[1:]]
    report = report_on(folders, tmp_path)
    lines = transport_tables.sentences(report)
    assert any(line.startswith("σ(300 K) is not given: the Arrhenius law needs 3") for line in lines)
    stored = json.loads((tmp_path / layout.TRANSPORT_JSON).read_text())
    assert stored["extrapolation"] == {
        "temperature_K": 300.0,
        "given": False,
        "reason": stored["arrhenius"]["reason"],
    }
    assert all((tmp_path / name).stat().st_size > 0 for name in WRITTEN)


def test_two_picoseconds_of_demonstration_give_bounds_and_no_conductivity(tmp_path):
    # What the quick campaign yields: 24 Li, 2 ps, a frame each 20 fs, with D of a good conductor.
    folders = []
    for kelvin, D in zip(KELVINS, (0.1, 0.25, 0.5), strict=True):
        rng = np.random.default_rng(int(kelvin))
        mobile = walks.walk(rng, frames=101, D=(D,) * 3, spacing_ps=0.02) + rng.normal(scale=0.3, size=(101, 24, 3))
        trajectory = walks.trajectory(mobile, spacing_ps=0.02)
        folders.append(walks.run_folder(tmp_path / "runs", temperature_K=kelvin, record=trajectory))
    report = report_on(folders, tmp_path)
    assert not document(report)["extrapolation"]["given"]
    for run, D in zip(document(report)["runs"], (0.1, 0.25, 0.5), strict=True):
        assert not run["diffusive"]
        assert run["D_upper_bound_95_cm2_per_s"] > D * 1e-4


def test_runs_too_short_for_any_window_still_give_all_four_files(tmp_path):
    folder = walks.run_folder(tmp_path / "runs", temperature_K=700.0, record=record(700.0, frames=4))
    report = report_on([folder], tmp_path)
    assert transport_tables.table(report).rows[0][4] == "no bound"
    assert all((tmp_path / name).stat().st_size > 0 for name in WRITTEN)


def test_analysing_twice_gives_the_same_json(campaign, tmp_path):
    base, _ = campaign
    again = report_on(sorted((base / layout.RUNS).iterdir(), reverse=True), tmp_path, notice="A demonstration only.")
    assert transport_tables.json_text(again) == (base / layout.TRANSPORT_JSON).read_text()


def test_the_figures_are_pictures_of_a_useful_size(campaign):
    for name, shape in ((layout.MSD_FIGURE, (12.8, 4.3)), (layout.ARRHENIUS_FIGURE, (6.4, 5.0))):
        data = (campaign[0] / name).read_bytes()
        assert data.startswith(b"\x89PNG")
        width, height = (int.from_bytes(data[at : at + 4], "big") for at in (16, 20))
        assert (width, height) == pytest.approx((160 * shape[0], 160 * shape[1]), abs=2)


def test_drawing_leaves_no_figure_open_and_no_file_half_written(campaign, tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    with pytest.raises(RunError, match="cannot write"):
        transport_figures.draw_msd(campaign[1], blocked / "msd.png")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_importing_the_analysis_loads_neither_matplotlib_nor_scipy():
    code = "import sys, sselmp.report.analyze; print('matplotlib' in sys.modules, 'scipy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]


def test_runs_that_do_not_belong_together_are_refused(tmp_path):
    one = walks.run_folder(tmp_path / "a", temperature_K=700.0, record=record(700.0))
    other = walks.run_folder(tmp_path / "b", temperature_K=900.0, record=record(900.0), system="LGPS")
    with pytest.raises(SettingsError, match="more than one system"):
        report_on([one, other], tmp_path)
    with pytest.raises(SettingsError, match="named twice"):
        report_on([one, one], tmp_path)
    with pytest.raises(SettingsError, match="no run folder to analyse"):
        report_on([], tmp_path)
    with pytest.raises(SettingsError, match="no species 'Na'"):
        report_on([one], tmp_path, mobile_species="Na")


def test_no_run_with_a_trajectory_is_an_error_that_lists_their_states(tmp_path):
    folder = walks.run_folder(tmp_path / "runs", temperature_K=700.0, record=None)
    with pytest.raises(TrajectoryError, match="no run has a trajectory") as error:
        report_on([folder], tmp_path)
    assert "prepared" in str(error.value)
    assert not (tmp_path / layout.TRANSPORT_JSON).exists()


def test_a_damaged_run_is_listed_with_its_fault_and_the_others_are_analysed(tmp_path):
    folders = [walks.run_folder(tmp_path / "runs", temperature_K=k, record=record(k)) for k in KELVINS]
    dump = folders[0] / layout.trajectory_name(0)
    dump.write_text(dump.read_text().replace(" element ", " what "))
    rows = transport_tables.table(report_on(folders, tmp_path)).rows
    assert "does not say which element an atom is" in rows[0][-1]
    assert " ± " in rows[1][4]


def test_numbers_are_written_with_two_digits_and_no_needless_exponent():
    assert [digits(value) for value in (512.4, 0.01234, 1.0, 3.456e-7, 0.0)] == ["510", "0.012", "1", "3.5e-07", "0"]


@pytest.mark.parametrize("lags", [2, 3, 50, 501, 502, 5000, 500_000])
def test_the_lags_kept_are_few_increasing_and_within_the_first_half(lags):
    kept = kept_lags(lags)
    assert kept[0] == 0
    assert (np.diff(kept) > 0).all()
    assert len(kept) <= 252
    assert kept[-1] == max(1, lags // 2)
