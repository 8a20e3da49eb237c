"""The identity of a run and the record that belongs to it."""

from __future__ import annotations

import json

import pytest

from sselmp import files, manifest, settings
from sselmp.errors import RunError

DYNAMICS = {"equilibration_ps": 1.0, "production_ps": 10.0}


def identity(**changes) -> manifest.Identity:
    plain = {
        "potential": "sevennet",
        "potential_sha256": "a" * 64,
        "system": "Li6PS5Cl",
        "structure_sha256": "b" * 64,
        "temperature_K": 700.0,
        "seed": 1,
        "relaxation": settings.Relaxation(),
        "dynamics": settings.Dynamics(**DYNAMICS),
        "output": settings.Output(),
        "guard": settings.Guard(),
    }
    return manifest.Identity.model_validate(plain | changes)


@pytest.fixture
def folder(tmp_path):
    """A run folder with one input file."""
    (tmp_path / "in.lammps").write_text("units metal\n")
    record = manifest.Manifest(
        id=identity().run_id(),
        identity=identity(),
        card="sevennet",
        mobile_species="Li",
        total_steps=5500,
        equilibration_steps=500,
        charges={"Li": 1.0},
        files={"in.lammps": files.sha256(tmp_path / "in.lammps")},
        sselmp_version="0.1.0",
        created="2026-01-01T00:00:00+00:00",
    )
    manifest.write(tmp_path, record)
    return tmp_path


def test_the_run_id_is_pinned_since_it_names_folders_that_exist():
    assert identity().run_id() == "942cb5fd3cd3"


@pytest.mark.parametrize(
    "change",
    [
        {"potential": "mace"},
        {"potential_sha256": "c" * 64},
        {"system": "Li3PS4"},
        {"structure_sha256": "c" * 64},
        {"temperature_K": 700.5},
        {"seed": 2},
        {"relaxation": settings.Relaxation(what="positions")},
        {"dynamics": settings.Dynamics(**DYNAMICS, timestep_fs=1.0)},
        {"output": settings.Output(thermo_every=11)},
        {"guard": settings.Guard(volume_factor=2.0)},
    ],
    ids=lambda change: next(iter(change)),
)
def test_everything_that_a_run_depends_on_changes_its_id(change):
    assert identity(**change).run_id() != identity().run_id()


def test_an_id_does_not_depend_on_how_a_number_was_written():
    assert identity(temperature_K=700).run_id() == identity(temperature_K=7.0e2).run_id()


def test_a_manifest_comes_back_as_it_was_written(folder):
    found = manifest.verify(folder)
    again = found.model_copy(update={"state": "running"})
    manifest.write(folder, again)
    assert manifest.read(folder) == again
    assert manifest.read(folder).identity == identity()


def test_an_altered_input_file_is_refused_with_its_name_and_both_hashes(folder):
    expected = files.sha256(folder / "in.lammps")
    (folder / "in.lammps").write_text("units real\n")
    with pytest.raises(RunError, match=r"in\.lammps is not the file that the manifest recorded") as caught:
        manifest.verify(folder)
    assert expected in str(caught.value)
    assert files.sha256(folder / "in.lammps") in str(caught.value)


def test_a_missing_input_file_is_refused(folder):
    (folder / "in.lammps").unlink()
    with pytest.raises(RunError, match="no such file"):
        manifest.verify(folder)


def test_settings_altered_in_the_manifest_are_refused(folder):
    record = json.loads((folder / "manifest.json").read_text())
    record["identity"]["temperature_K"] = 900.0
    (folder / "manifest.json").write_text(json.dumps(record))
    with pytest.raises(RunError, match="its id does not belong to its settings"):
        manifest.verify(folder)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "cannot be understood"),
        ("{}", r"cannot be understood\n  got:     id: Field required"),
        (b"\xff\xfe", "cannot be understood"),
    ],
)
def test_a_manifest_that_cannot_be_understood_is_refused(folder, content, message):
    path = folder / "manifest.json"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(RunError, match=message):
        manifest.read(folder)


def test_a_manifest_of_another_format_is_refused(folder):
    record = json.loads((folder / "manifest.json").read_text())
    record["format"] = 2
    (folder / "manifest.json").write_text(json.dumps(record))
    with pytest.raises(RunError, match="format"):
        manifest.read(folder)


def test_a_folder_without_a_manifest_is_not_a_run_folder(tmp_path):
    with pytest.raises(RunError, match=r"is not a run folder\n.*\n  repair:  make run folders with 'sselmp prepare'"):
        manifest.read(tmp_path)
