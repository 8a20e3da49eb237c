"""``sselmp statics --properties phonons`` as a user meets it: files, resuming with the forces kept, and bad input."""

from __future__ import annotations

import csv
import json
import sys
from pathlib import Path

import metals
import numpy as np
import pytest
from ase.build import bulk
from lammps_program import LENNARD_JONES_CARD

from sselmp.cli.main import main
from sselmp.errors import RunError
from sselmp.statics import configurations, record

SMALL = "[phonons]\nsupercell = [2, 2, 2]\nmesh = [6, 6, 6]\nband_points = 5\n"


@pytest.fixture
def folder(tmp_path, lammps_environment):
    """A working folder with two structures, settings and a card of EMT."""
    del lammps_environment  # must be there
    bulk("Cu", "fcc", a=3.65, cubic=True).write(tmp_path / "Cu.cif")
    bulk("Cu", "bcc", a=2.87).write(tmp_path / "unstable.cif")
    text = LENNARD_JONES_CARD.format(
        name="emt", calculator="ase.calculators.emt:EMT", cutoff=6.0, stress="true", energies="true"
    )
    (tmp_path / "emt.toml").write_text(text.replace("[options]", 'elements = ["Cu", "Au"]\n[options]'))
    (tmp_path / "small.toml").write_text(SMALL)
    return tmp_path


@pytest.fixture
def command(folder, monkeypatch, capsys):
    """``sselmp statics --properties phonons`` in this process: its exit code and what it printed."""

    def run(*arguments: str) -> tuple[int, str]:
        monkeypatch.chdir(folder)
        options = ["-p", "emt.toml", "--properties", "phonons", "--threads", "1"]
        monkeypatch.setattr(sys, "argv", ["sselmp", "statics", *arguments, *options])
        with pytest.raises(SystemExit) as ended:
            main()
        told = capsys.readouterr()
        assert "Traceback" not in told.err
        return ended.value.code or 0, told.out + told.err

    return run


def found(folder: Path, pattern: str) -> list[Path]:
    return sorted((folder / "results" / "statics" / "emt").glob(pattern))


def times(paths: list[Path]) -> dict[Path, int]:
    return {path: path.stat().st_mtime_ns for path in paths}


def test_phonons_of_several_structures_come_with_tables_and_figures_and_their_forces_serve_again(folder, command):
    code, told = command("Cu.cif", "unstable.cif", "--settings", "small.toml")
    assert code == 0, told
    assert "unstable: imaginary: -" in told
    assert "at N (0, 0, 0.5), at a wave vector of the supercell" in told
    for name in ("Cu", "unstable"):
        assert [path.name.partition("-")[0] for path in found(folder, f"{name}/*-*.json")] == [
            "phonons",
            "relax",
            "rest",
        ]
    files(folder)
    forces = times(found(folder, "Cu/forces/*.json"))
    assert len(forces) == 2  # the supercell as it is, and the one displacement that symmetry leaves
    finer = SMALL.replace("[6, 6, 6]", "[8, 8, 8]")
    (folder / "finer.toml").write_text(finer)
    kept, lost = forces
    lost.unlink()  # as after a Ctrl-C between the two
    code, told = command("Cu.cif", "--settings", "finer.toml")
    assert code == 0, told
    after = times(found(folder, "Cu/forces/*.json"))
    assert set(after) == set(forces)
    assert (after[kept] == forces[kept], after[lost] == forces[lost]) == (True, False)
    assert len(found(folder, "Cu/phonons-*.json")) == 2  # other settings are another record beside the first
    one, two = (record.read(path).result for path in found(folder, "Cu/phonons-*.json"))
    assert one.lowest_commensurate.frequency_THz == pytest.approx(two.lowest_commensurate.frequency_THz, abs=1e-6)


def test_forces_that_are_of_something_else_are_refused_by_name(tmp_path):
    copper = metals.crystal(bulk("Cu", "fcc", a=3.6))
    path = configurations.path_of(tmp_path, copper, potential_sha256="0" * 64)
    told = {"structure_sha256": copper.structure_sha256(), "potential_sha256": "0" * 64, "energy_eV": 0.0}
    told |= {"forces_eV_per_A": [[0.0, 0.0, 0.1]], "seconds": 1.0, "device": "cpu"}
    path.parent.mkdir()
    path.write_text(json.dumps(told))
    assert configurations.find(tmp_path, copper, potential_sha256="0" * 64).array().tolist() == [[0.0, 0.0, 0.1]]
    assert configurations.find(tmp_path, copper, potential_sha256="1" * 64) is None
    for broken in ({**told, "potential_sha256": "1" * 64}, {**told, "forces_eV_per_A": [[0.0, 0.0, 0.1]] * 2}):
        path.write_text(json.dumps(broken))
        with pytest.raises(RunError, match="holds the forces of something else"):
            configurations.find(tmp_path, copper, potential_sha256="0" * 64)
    path.write_text("{")
    with pytest.raises(RunError, match="is not the forces of a configuration"):
        configurations.find(tmp_path, copper, potential_sha256="0" * 64)


def files(folder: Path) -> None:
    """Tables say what the record says, with units; the figure is one."""
    (path,) = found(folder, "Cu/phonons-*.json")
    made = record.read(path)
    assert made.versions["phonopy"]
    assert made.evaluations == 2
    result = made.result
    assert (result.supercell, result.supercell_atoms, result.species) == ((2, 2, 2), 32, ("Cu",))
    assert result.space_group == "Fm-3m (225)"
    assert path.with_suffix(".png").read_bytes().startswith(b"\x89PNG")
    rows = {}
    for name in ("bands", "dos", "thermal"):
        with path.with_name(f"{path.stem}-{name}.csv").open() as stream:
            rows[name] = list(csv.DictReader(stream))
    assert len(rows["bands"]) == 5 * len(result.bands)
    X = next(row for row in rows["bands"] if (row["end"], row["q_a"], row["q_b"]) == ("X", "0.5", "0.0"))
    assert float(X["mode_3_THz"]) == pytest.approx(8.1, abs=0.2)
    assert list(rows["dos"][0]) == ["frequency_THz", "total_states_per_THz", "Cu_states_per_THz"]
    warm = next(row for row in rows["thermal"] if row["temperature_K"] == "300.0")
    assert float(warm["heat_capacity_J_per_K_mol"]) == pytest.approx(23.4, abs=0.1)
    with (folder / "results" / "statics" / "emt" / "statics.csv").open() as stream:
        numbers = {(row["structure"], row["quantity"]): row for row in csv.DictReader(stream)}
    heat = numbers["Cu", "C_v at 300 K"]
    assert (heat["unit"], heat["verdict"]) == ("J/(K mol of atoms)", "stable")
    assert float(heat["value"]) == pytest.approx(float(warm["heat_capacity_J_per_K_mol"]))
    assert ("unstable", "C_v at 300 K, real modes only") in numbers
    assert np.isfinite([float(row["value"]) for row in numbers.values()]).all()


def test_nothing_is_built_on_ions_that_do_not_come_to_rest(folder, command):
    rattled = bulk("Cu", "fcc", a=3.6, cubic=True)
    rattled.symbols[0] = "Au"
    rattled.rattle(0.1, seed=1)
    rattled.write(folder / "rattled.cif")
    hasty = '[relaxation]\ncell = "none"\nfmax_eV_per_A = 5.0\nmaximum_steps = 3\n'
    (folder / "hasty.toml").write_text(hasty)
    for _ in range(2):  # the second time what is found on disk is not taken for a result
        code, told = command("rattled.cif", "--settings", "hasty.toml")
        assert code == 1
        assert "rattled, rest: rattled: the relaxation is not converged, so nothing is built on it" in told
        assert [path.name.partition("-")[0] for path in found(folder, "rattled/*-*.json")] == ["relax", "rest"]
        assert found(folder, "rattled/forces/*") == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("supercell = [0, 1, 1]", "phonons.supercell.0"),
        ("supercell = [2, 2]", "phonons.supercell"),
        ("displacement_A = 0", "phonons.displacement_A"),
        ("displacement_A = 0.3", "phonons.displacement_A"),
        ("mesh = [0, 4, 4]", "phonons.mesh.0"),
        ("mesh = [5, 5, 5]", "mesh holds Γ"),
        ("minimum_length_A = -1", "phonons.minimum_length_A"),
        ("displacement = 0.01", "did you mean"),
    ],
)
def test_bad_settings_of_phonons_get_one_clear_message_and_leave_nothing(folder, command, text, message):
    (folder / "my.toml").write_text(f"[phonons]\n{text}\n")
    code, told = command("Cu.cif", "--settings", "my.toml")
    assert code == 2
    assert message in told
    assert found(folder, "*/*") == []
