"""From campaigns to run folders: what they hold, when they are made anew, continued or refused."""

from __future__ import annotations

import re

import pytest
from ase import Atoms
from ase.io import write
from small_files import small_files

from sselmp import files, layout, manifest
from sselmp.errors import PotentialError, RunError, SettingsError, StructureError
from sselmp.inputs.prepare import prepare
from sselmp.launch.run import run_folder
from sselmp.potentials import pinned
from sselmp.potentials.own import card_for_weights
from sselmp.settings import Campaign, load_campaign

CARD = """
name = "only-lithium-sulfide"
title = "a card of the tests"
family = "ase"
environment = "sevennet"
cutoff_A = 5.0
message_passing_depth = 1
precision = "float64"
forces = "conservative"
stress = true
per_atom_energy = false
elements = ["Li", "S"]
citation = "none"
[options]
calculator = "ase.calculators.lj:LennardJones"
"""


def campaign(**changes) -> Campaign:
    """Two temperatures and two seeds of argyrodite."""
    plain = {
        "title": "test",
        "potentials": ["sevennet"],
        "systems": ["Li6PS5Cl"],
        "temperatures_K": [700.0, 912.5],
        "seeds": [1, 2],
        "dynamics": {"equilibration_ps": 0.1, "production_ps": 0.4},
    }
    return Campaign.model_validate(plain | changes)


def tree(folder):
    """Every file under a folder with its content."""
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_campaign_is_crossed_into_run_folders_in_order(tmp_path):
    folders = prepare("mine", campaign(), base=tmp_path)
    runs = tmp_path / "mine" / "sevennet" / "Li6PS5Cl" / "runs"
    assert [folder.parent for folder in folders] == [runs] * 4
    names = [folder.name.rsplit("-", 1)[0] for folder in folders]
    assert names == ["700K-seed1", "700K-seed2", "912.5K-seed1", "912.5K-seed2"]
    assert sorted(runs.iterdir()) == sorted(folders)  # nothing temporary is left


def test_a_run_folder_is_complete_and_its_manifest_belongs_to_it(tmp_path):
    folder = prepare("mine", campaign(), base=tmp_path)[0]
    names = {path.name for path in folder.iterdir()}
    assert names == {"in.lammps", "potential.lmp", "structure.data", "manifest.json", "restarts"}
    found = manifest.verify(folder)
    assert folder.name == f"700K-seed1-{found.id}"
    assert (found.identity.potential, found.identity.system) == ("sevennet", "Li6PS5Cl")
    assert (found.equilibration_steps, found.total_steps) == (50, 250)
    assert found.charges == {"Li": 1.0, "P": 5.0, "S": -2.0, "Cl": -1.0}
    assert (found.mobile_species, found.state) == ("Li", "prepared")
    assert set(found.files) == {"in.lammps", "potential.lmp", "structure.data"}
    assert "pair_style  sselmp sevennet\npair_coeff  * * Li P S Cl\n" in (folder / "potential.lmp").read_text()
    assert (folder.stat().st_mode & 0o777) == 0o755


def test_a_run_that_is_there_is_continued_and_left_as_it_is(tmp_path):
    first = prepare("mine", campaign(), base=tmp_path)
    before = tree(tmp_path)
    (first[0] / "log.0.lammps").write_text("it has begun")
    again = prepare("mine", campaign(), base=tmp_path)
    assert again == first
    assert tree(tmp_path) == before | {(first[0] / "log.0.lammps").relative_to(tmp_path): b"it has begun"}


@pytest.mark.parametrize("name", ["in.lammps", "potential.lmp", "structure.data"])
def test_an_altered_run_folder_is_refused_with_the_file_named(tmp_path, name):
    folder = prepare("mine", campaign(), base=tmp_path)[2]
    with (folder / name).open("a") as stream:
        stream.write("# a small change\n")
    with pytest.raises(RunError, match=rf"{re.escape(name)} is not the file that the manifest recorded") as caught:
        prepare("mine", campaign(), base=tmp_path)
    assert "repair:" in str(caught.value)
    assert "a small change" in (folder / name).read_text()  # nothing was overwritten


def test_a_run_folder_without_its_manifest_is_refused(tmp_path):
    folder = prepare("mine", campaign(), base=tmp_path)[0]
    (folder / "manifest.json").unlink()
    with pytest.raises(RunError, match="is not a run folder"):
        prepare("mine", campaign(), base=tmp_path)


@pytest.mark.parametrize(
    "change",
    [
        {"dynamics": {"equilibration_ps": 0.1, "production_ps": 0.4, "thermostat_time_fs": 100.0}},
        {"relaxation": {"what": "positions"}},
        {"output": {"restart_every": 100}},
        {"guard": {"temperature_factor": 2.0}},
        {"cell": {"supercell": [1, 1, 2]}},
    ],
    ids=lambda change: next(iter(change)),
)
def test_changed_settings_give_new_runs_beside_the_old_ones(tmp_path, change):
    old = prepare("mine", campaign(), base=tmp_path)
    new = prepare("mine", campaign(**change), base=tmp_path)
    assert not set(old) & set(new)
    assert all(folder.is_dir() for folder in old)


def test_settings_that_do_not_touch_the_simulation_keep_the_runs(tmp_path):
    old = prepare("mine", campaign(), base=tmp_path)
    assert prepare("mine", campaign(title="another", transport={"extrapolate_to_K": 250.0}), base=tmp_path) == old


def test_a_supercell_is_what_the_data_file_holds(tmp_path):
    folder = prepare("mine", campaign(cell={"minimum_atoms": 100}), base=tmp_path)[0]
    assert "\n416 atoms\n" in (folder / "structure.data").read_text()


def test_a_users_own_structure_and_card_are_found_by_their_paths(tmp_path):
    sulfide = Atoms(
        "Li2S",
        scaled_positions=[[0.25] * 3, [0.75] * 3, [0] * 3],
        cell=[[0, 2.85, 2.85], [2.85, 0, 2.85], [2.85, 2.85, 0]],
        pbc=True,
    )
    write(tmp_path / "Li2S.vasp", sulfide, format="vasp")
    card = tmp_path / "with a space" / "card.toml"
    card.parent.mkdir()
    card.write_text(CARD)
    mine = campaign(systems=[str(tmp_path / "Li2S.vasp")], potentials=[str(card)])
    folder = prepare("mine", mine, base=tmp_path / "results")[0]
    assert folder.parents[1].name == "Li2S"
    assert folder.parents[2].name == "only-lithium-sulfide"
    assert manifest.read(folder).card == str(card)
    assert f'pair_style  sselmp "{card}"\n' in (folder / "potential.lmp").read_text()
    assert "xy xz yz" in (folder / "structure.data").read_text()
    assert manifest.read(folder).charges == {"Li": 1.0, "S": -2.0}


def test_a_berendsen_barostat_in_a_triclinic_cell_is_refused_with_the_barostat_that_works(tmp_path):
    sulfide = Atoms(
        "Li2S",
        scaled_positions=[[0.25] * 3, [0.75] * 3, [0] * 3],
        cell=[[0, 2.85, 2.85], [2.85, 0, 2.85], [2.85, 2.85, 0]],
        pbc=True,
    )
    write(tmp_path / "Li2S.vasp", sulfide, format="vasp")
    dynamics = {"ensemble": "npt", "equilibration_ps": 0.1, "production_ps": 0.4}
    mine = campaign(systems=[str(tmp_path / "Li2S.vasp")], dynamics=dynamics)
    with pytest.raises(SettingsError, match="no Berendsen barostat for a triclinic cell, and that of Li2S") as caught:
        prepare("mine", mine, base=tmp_path / "results")
    assert 'barostat = "mtk"' in str(caught.value)
    assert caught.value.exit_code == 2
    assert not (tmp_path / "results").exists()
    works = campaign(systems=[str(tmp_path / "Li2S.vasp")], dynamics={**dynamics, "barostat": "mtk"})
    folder = prepare("mine", works, base=tmp_path / "results")[0]
    assert "nph tri ${pressure} ${pressure} ${tau_P} ptemp ${temperature} flip no" in (folder / "in.lammps").read_text()


def test_an_orthogonal_cell_that_is_relaxed_as_triclinic_is_triclinic_to_the_barostat_too(tmp_path):
    npt = {"ensemble": "npt", "equilibration_ps": 0.1, "production_ps": 0.4}
    mine = campaign(dynamics=npt, relaxation={"what": "triclinic"})
    with pytest.raises(SettingsError, match="no Berendsen barostat"):
        prepare("mine", mine, base=tmp_path)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"potentials": ["sevenet"]}, r"no potential 'sevenet'\n  allowed: did you mean 'sevennet'"),
        ({"systems": ["li6ps5cl"]}, r"no system 'li6ps5cl'\n  allowed: did you mean 'Li6PS5Cl'"),
        ({"transport": {"mobile_species": "Na"}}, "holds no mobile species Na"),
        ({"dynamics": {"equilibration_ps": 0.1, "production_ps": 0.001}}, "shorter than one interval"),
    ],
)
def test_what_cannot_be_prepared_is_refused_before_anything_is_written(tmp_path, changes, message):
    with pytest.raises(SettingsError, match=message):
        prepare("mine", campaign(**changes), base=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_an_element_that_the_potential_does_not_know_is_named_before_anything_is_written(tmp_path):
    (tmp_path / "card.toml").write_text(CARD)
    with pytest.raises(SettingsError, match="'only-lithium-sulfide' does not know Cl, P") as caught:
        prepare("mine", campaign(potentials=["sevennet", str(tmp_path / "card.toml")]), base=tmp_path / "results")
    assert caught.value.exit_code == 2
    assert not (tmp_path / "results").exists()


def test_a_structure_that_fails_a_check_stops_the_campaign_before_anything_is_written(tmp_path):
    write(
        tmp_path / "x.vasp", Atoms("Li2", positions=[[0, 0, 0], [0, 0, 0.3]], cell=[5, 5, 5], pbc=True), format="vasp"
    )
    with pytest.raises(StructureError, match="overlap"):
        prepare("mine", campaign(systems=["Li6PS5Cl", str(tmp_path / "x.vasp")]), base=tmp_path / "results")
    assert not (tmp_path / "results").exists()


def test_a_disk_that_refuses_a_file_leaves_no_folder_behind(tmp_path):
    with small_files(1000), pytest.raises(RunError, match="cannot write") as caught:
        prepare("mine", campaign(), base=tmp_path)
    assert caught.value.exit_code == 1
    assert tree(tmp_path) == {}
    assert list((tmp_path / "mine" / "sevennet" / "Li6PS5Cl" / "runs").iterdir()) == []
    assert len(prepare("mine", campaign(), base=tmp_path)) == 4  # the same command works once there is space


def test_a_folder_of_results_that_is_a_file_is_refused(tmp_path):
    (tmp_path / "results").write_text("not a folder")
    with pytest.raises(RunError, match="cannot make the run folder"):
        prepare("mine", campaign(), base=tmp_path / "results")


@pytest.mark.parametrize(("name", "temperatures", "atoms"), [("quick", 3, 52), ("smoke", 3, 52), ("paper", 6, 1404)])
def test_every_shipped_campaign_can_be_prepared(tmp_path, name, temperatures, atoms):
    found, settings = load_campaign(name)
    folders = prepare(found, settings, base=tmp_path)
    assert len(folders) == temperatures
    assert f"\n{atoms} atoms\n" in (folders[0] / layout.STRUCTURE_DATA).read_text()
    assert files.sha256(folders[0] / "structure.data") == files.sha256(folders[-1] / "structure.data")


def test_the_paper_campaign_has_the_papers_settings_and_quick_says_what_it_is(tmp_path):
    _, paper = load_campaign("paper")
    assert paper.temperatures_K == (300, 400, 500, 700, 900, 1100)
    dynamics = paper.dynamics
    assert (dynamics.ensemble, dynamics.thermostat, dynamics.barostat) == ("npt", "berendsen", "berendsen")
    assert (dynamics.timestep_fs, dynamics.thermostat_time_fs, dynamics.barostat_time_fs) == (2.0, 200.0, 2000.0)
    assert dynamics.production_ps == 1000.0
    script = (prepare("paper", paper, base=tmp_path)[0] / "in.lammps").read_text()
    assert "press/berendsen aniso" in script
    _, quick = load_campaign("quick")
    assert quick.notice
    assert "\n" not in quick.notice
    assert "demonstration" in quick.notice


def test_a_run_with_weights_that_nobody_has_pinned_is_not_prepared(tmp_path, monkeypatch):
    monkeypatch.setenv(layout.WEIGHTS_VARIABLE, str(tmp_path / "weights"))
    with pytest.raises(PotentialError, match=r"weights of 'mattersim' are not pinned(.|\n)*weights pin mattersim"):
        prepare("mine", campaign(potentials=["mattersim"]), base=tmp_path)
    assert not (tmp_path / "mine").exists()


def test_two_files_of_weights_make_two_runs(tmp_path, monkeypatch):
    monkeypatch.setenv(layout.WEIGHTS_VARIABLE, str(tmp_path / "weights"))
    made = []
    for digit in "12":
        pinned.pin("mattersim", digit * 64)
        made.append(set(prepare("mine", campaign(potentials=["mattersim"]), base=tmp_path)))
    for content in (b"one", b"two"):
        (tmp_path / "best.pth").write_bytes(content)
        own = str(card_for_weights("mattersim", tmp_path / "best.pth", folder=tmp_path / "cards"))
        made.append(set(prepare("mine", campaign(potentials=[own]), base=tmp_path)))
    assert [len(folders) for folders in made] == [4] * 4
    assert len({folder.name for folders in made for folder in folders}) == 16


def test_a_run_is_not_started_with_other_weights_than_it_was_prepared_with(tmp_path, monkeypatch):
    monkeypatch.setenv(layout.WEIGHTS_VARIABLE, str(tmp_path / "weights"))
    pinned.pin("mattersim", "1" * 64)
    folder = prepare("mine", campaign(potentials=["mattersim"]), base=tmp_path)[0]
    pinned.pin("mattersim", "2" * 64)
    with pytest.raises(RunError, match="no longer the one that this run was prepared with"):
        run_folder(folder)
