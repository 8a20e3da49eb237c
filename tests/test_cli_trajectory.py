"""``sselmp trajectory`` on run folders: its files, read back by other programs, and its messages."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest
import walks
from test_transport_density import argyrodite
from typer.testing import CliRunner

from sselmp.cli.main import app
from sselmp.errors import SettingsError, SselmpError, TrajectoryError
from sselmp.report.motion_sources import run_folders

BOHR_A = 0.529177210903
NAMES = {
    "vanhove": {"vanhove.json", "vanhove.npz", "vanhove.png", "vanhove.html"},
    "rdf": {"rdf.json", "rdf.npz", "rdf.png", "rdf.html"},
    "density": {"density.json", "density.npz", "density.cube", "density.png", "density.html", "CHGCAR"},
}
LEVELS = ("--level", 1e-3, "--level", 1e-4)


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """A results folder with one run: a Li in each of 2x1x1 cells of argyrodite that circles its free S."""
    base = tmp_path_factory.mktemp("results") / "sevennet" / "Li6PS5Cl"
    still = argyrodite((2, 1, 1), frames=40)
    positions = still.positions.copy()
    lithium = still.atoms_of("Li")
    angle = np.linspace(0, 2 * np.pi, 40, endpoint=False)[:, None]
    centre = np.array([[2.5, 2.5, 2.5], [12.5, 2.5, 2.5]])
    positions[:, lithium] = centre + 2.0 * np.stack([np.cos(angle), np.sin(angle), 0 * angle], axis=-1)
    frame = walks.dump_text
    cell = still.cells[0]
    record = type(still)(
        steps=still.steps * 2, times_ps=still.times_ps, positions=positions, cells=still.cells, species=still.species
    )
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(walks, "dump_text", lambda one, first_step: frame(one, first_step=first_step, cell=cell))
        walks.run_folder(base / "runs", temperature_K=900.0, record=record)
    return base


def asked(*arguments):
    """Run a command; an error of ours comes back as it is raised."""
    result = CliRunner().invoke(app, ["trajectory", *map(str, arguments)], standalone_mode=False)
    if result.exception is not None:
        raise result.exception
    return result.output


@pytest.fixture(scope="module")
def written(results):
    """Everything that the three commands write about the one run."""
    asked("vanhove", results, "--lags", 10, "--rmax", 4.5)
    asked("rdf", results)
    said = asked("density", results, "--fold", "2x1x1", "--spacing", 0.5, "--symmetrise", "framework", *LEVELS)
    assert "F-43m" in said
    assert "at no level above one count" in said  # each Li stays in its cage; only tails of the broadening reach out
    (folder,) = (results / "trajectory").iterdir()
    return folder


def test_the_files_lie_beside_the_runs_and_are_whole(results, written):
    assert written.name == next((results / "runs").iterdir()).name
    assert {path.name for path in written.iterdir()} == set.union(*NAMES.values())


def test_van_hove_functions_can_be_read_back(written):
    document = json.loads((written / "vanhove.json").read_text())
    arrays = np.load(written / "vanhove.npz")
    assert (document["format"], document["species"], document["ions"]) == ("sselmp-vanhove-1", "Li", 2)
    assert arrays["Gs_per_A3"].shape == arrays["Gd"].shape == (11, len(arrays["r_edges_A"]) - 1)
    shells = 4 / 3 * np.pi * np.diff(arrays["r_edges_A"] ** 3)
    assert (arrays["Gs_per_A3"] * shells).sum(axis=1) == pytest.approx(1 - arrays["beyond"])
    assert arrays["lags_ps"][-1] == pytest.approx(document["longest_lag_ps"])


def test_radial_distributions_can_be_read_back(written):
    pairs = {one["pair"]: one for one in json.loads((written / "rdf.json").read_text())["pairs"]}
    arrays = np.load(written / "rdf.npz")
    assert set(pairs) == {"Li-Cl", "Li-Li", "Li-P", "Li-S"}
    assert pairs["Li-S"]["first_peak_A"] < 2.1  # the free S that it circles, or nearer
    assert arrays["n_Li-S"][-1] > 1
    assert len(arrays["g_Li-S"]) == len(arrays["r_edges_A"]) - 1


def test_the_density_document_says_where_it_connects(written):
    document = json.loads((written / "density.json").read_text())
    assert (document["ions_in_cell"], document["space_group"], document["unit_cells_folded"]) == (1, "F-43m", [2, 1, 1])
    assert document["levels_drawn_per_a0_3"] == [1e-3, 1e-4]
    assert document["percolates_in_dimensions"] == {"1": None, "2": None, "3": None}
    assert document["percolates_along"] == {"a": None, "b": None, "c": None}
    assert document["mean_per_a0_3"] == pytest.approx(BOHR_A**3 / 1000)
    assert 0 < document["one_count_per_a0_3"] < document["highest_per_a0_3"]


def test_ase_reads_the_cube_with_the_density_in_atomic_units(written):
    from ase.io.cube import read_cube

    density = np.load(written / "density.npz")["density"]
    with (written / "density.cube").open() as stream:
        found = read_cube(stream)
    assert found["data"] == pytest.approx(density, abs=1e-5 * density.max())
    assert found["atoms"].cell.array == pytest.approx(np.diag([10.0] * 3), abs=1e-4)
    assert found["data"].sum() * 1000 / BOHR_A**3 / density.size == pytest.approx(1, rel=1e-4)
    assert len(found["atoms"]) == 28


def test_pymatgen_reads_the_chgcar_whose_mean_is_the_number_of_ions(written):
    from pymatgen.io.vasp import Chgcar

    found = Chgcar.from_file(written / "CHGCAR")
    density = np.load(written / "density.npz")["density"]
    assert found.data["total"].mean() == pytest.approx(1, rel=1e-6)
    assert found.data["total"] == pytest.approx(density * 1000 / BOHR_A**3, abs=1e-6 * found.data["total"].max())
    assert found.structure.composition.formula == "P4 S20 Cl4"
    assert found.structure.lattice.matrix == pytest.approx(np.diag([10.0] * 3), abs=1e-5)


def test_atoms_and_density_are_at_their_places_in_both_files(written):
    """Li circles the free S at 2 Å, so that around each such S the density has a hole and then a ring."""
    from pymatgen.io.vasp import Chgcar

    found = Chgcar.from_file(written / "CHGCAR")
    data = found.data["total"]
    points = np.stack(np.meshgrid(*[np.arange(n) / n for n in data.shape], indexing="ij"), axis=-1)
    rings = 0.0
    for site in found.structure:
        apart = points - site.frac_coords
        distance = np.linalg.norm((apart - np.round(apart)) * 10, axis=-1)
        ring = data[np.abs(distance - 2.0) < 0.9].sum() / data.sum()
        rings += ring if site.specie.symbol == "S" and data[distance < 0.9].sum() < 1e-3 * data.sum() else 0.0
    assert rings > 0.99


def test_pictures_are_png_and_pages_need_no_network(written):
    from matplotlib.image import imread

    for name in ("vanhove", "rdf", "density"):
        image = imread(written / f"{name}.png")
        assert min(image.shape[:2]) > 400
        assert image[..., :3].std() > 0.05
        page = (written / f"{name}.html").read_text()
        assert ("Plotly.newPlot" in page) == (name != "density")
        assert (len(page) > 3_000_000) == (name != "density")  # plotly itself is in the others
        assert re.findall(r'<(?:script|link)[^>]*(?:src|href)="?http', page) == []
    assert imread(written / "density.png")[..., 2].min() < 0.3  # the yellow of the surface


def test_results_of_several_runs_go_into_folders_of_their_own(results, tmp_path):
    run = next((results / "runs").iterdir())
    asked("rdf", run, "--out", tmp_path / "here", "--pair", "Li-S")
    assert {path.name for path in (tmp_path / "here").iterdir()} == NAMES["rdf"]
    assert run_folders([results, run]) == (run,)


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        (["vanhove", "--of", "Na"], "no atom of the species 'Na'"),
        (["vanhove", "--longest", "1e6"], "longest lag does not fit into the trajectory"),
        (["vanhove", "--rmax", "9"], "beyond half the cell"),
        (["density", "--of", "Na"], "no atom of the species 'Na'"),
        (["density", "--spacing", "0.001"], "too fine for the memory allowed"),
        (["density", "--level", "1e9", "--spacing", "1"], "no surface at this level"),
        (["density", "--fold", "3x1x1"], "does not repeat 3 times"),
        (["density", "--fold", "two"], "--fold takes three whole numbers"),
        (["density", "--symmetrise", "framework", "--tolerance", "-1"], "tolerance of a symmetry must be positive"),
        (["rdf", "--pair", "LiS"], "--pair takes two species"),
        (["rdf", "--pair", "Li-Na"], "no atom of the species 'Na'"),
    ],
)
def test_what_cannot_be_done_is_told_in_one_message_and_nothing_is_written(results, tmp_path, arguments, what):
    with pytest.raises(SselmpError) as told:
        asked(arguments[0], results, *arguments[1:], "--out", tmp_path / "out")
    assert what in str(told.value)
    assert not (tmp_path / "out").exists()


def test_a_folder_that_is_no_run_is_told_from_one(tmp_path):
    with pytest.raises(SettingsError, match="neither a run folder nor the results of a campaign"):
        asked("vanhove", tmp_path)
    empty = walks.run_folder(tmp_path / "runs", temperature_K=300.0, record=None)
    with pytest.raises(TrajectoryError, match="there is no trajectory file"):
        asked("density", empty)
