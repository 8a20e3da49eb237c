"""Routes into LAMMPS: one in.lammps for all of them, and the families' own pair styles beside the bridge, for real."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import numpy as np
import pytest
from lammps_program import LammpsProgram

from sselmp import files, layout, manifest
from sselmp.errors import PotentialError, SettingsError
from sselmp.inputs.prepare import prepare
from sselmp.inputs.routes import ROUTES, chosen_route, refuse_elsewhere
from sselmp.launch.run import run_folder
from sselmp.potentials import exports
from sselmp.potentials.cards import card_names, load_card
from sselmp.settings import Campaign

ROOT = Path(__file__).parents[1]
SMALL_MODEL = "weights/deepmd/Li6PS5Cl-se_e2_a-small.pb"
SMALL_SHA256 = "908ca49b34939a0c6f38a51543bdf7f7b0edba3ff887e8cb05f32dd6bf58d337"

ONE_STEP = """
units metal
atom_style atomic
atom_modify map array sort 0 0
read_data structure.data
displace_atoms all random 0.08 0.08 0.08 7
include potential.lmp
thermo_style custom step temp pe etotal press pxx pyy pzz pxy pxz pyz
thermo_modify format float %.15g
compute each all pe/atom
run 0
write_dump all custom f.dump id fx fy fz c_each modify sort id format float %.15g
"""


def campaign(potential: str, route: str | None) -> Campaign:
    """One short run of argyrodite, every step of it in the trajectory."""
    return Campaign.model_validate(
        {
            "title": "routes",
            "potentials": [potential],
            "systems": ["Li6PS5Cl"],
            "temperatures_K": [600.0],
            "route": route,
            "dynamics": {"equilibration_ps": 0.0, "production_ps": 0.01},
            "output": {"thermo_every": 1, "trajectory_every": 1, "restart_every": 5},
        }
    )


def prepared(folder: Path, potential: str, route: str | None) -> Path:
    return prepare("routes", campaign(potential, route), base=folder)[0]


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A project of the test's own: this one's data, and environments that nobody has built."""
    for name in ("potentials", "templates", "inputs"):
        (tmp_path / "home" / name).parent.mkdir(exist_ok=True)
        (tmp_path / "home" / name).symlink_to(ROOT / name)
    monkeypatch.setenv(layout.HOME_VARIABLE, str(tmp_path / "home"))
    return tmp_path / "home"


def pretend_export(potential: str, route: str, **contents: str) -> Path:
    """An export as it lies in an environment, its model a few letters long."""
    card = load_card(potential)
    folder = exports.export_folder(card, route)
    hashes = {}
    for name, text in contents.items():
        path = folder / name.replace("__", "/").replace("_pt", ".pt")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        hashes[str(path.relative_to(folder))] = files.sha256(path)
    (folder / layout.EXPORT_RECORD).write_text(json.dumps({"files": hashes}))
    exports.e3gnn_plugin(card).parent.mkdir(parents=True, exist_ok=True)
    exports.e3gnn_plugin(card).touch()
    return folder


@pytest.mark.usefixtures("home")
def test_in_lammps_is_the_same_to_the_byte_on_every_route_and_only_potential_lmp_names_it(tmp_path):
    for route in ("e3gnn", "mliap"):
        pretend_export("sevennet", route, model_pt="a model")
    pretend_export("sevennet", "e3gnn/parallel", model__part_0_pt="first", model__part_1_pt="second")
    folders = {route: prepared(tmp_path, "sevennet", route) for route in ("bridge", "e3gnn", "e3gnn/parallel", "mliap")}
    assert len(set(folders.values())) == 4  # a run folder each
    assert len({(folder / "in.lammps").read_bytes() for folder in folders.values()}) == 1
    assert len({(folder / "structure.data").read_bytes() for folder in folders.values()}) == 1
    texts = {route: (folder / "potential.lmp").read_text() for route, folder in folders.items()}
    assert "pair_style  sselmp sevennet\npair_coeff  * * Li P S Cl\n" in texts["bridge"]
    assert "pair_style  e3gnn\npair_coeff  * * model.pt Li P S Cl\n" in texts["e3gnn"]
    assert "pair_style  e3gnn/parallel\npair_coeff  * * 5 model Li P S Cl\n" in texts["e3gnn/parallel"]
    assert "pair_style  mliap unified model.pt 0\npair_coeff  * * Li P S Cl\n" in texts["mliap"]
    assert "-k on g 1 -sf kk -pk kokkos newton on neigh half" in texts["mliap"]


@pytest.mark.usefixtures("home")
def test_a_run_folder_holds_its_model_and_notices_when_it_is_altered(tmp_path):
    pretend_export("sevennet", "e3gnn/parallel", model__part_0_pt="first", model__part_1_pt="second")
    folder = prepared(tmp_path, "sevennet", "e3gnn/parallel")
    assert manifest.verify(folder).identity.route == "e3gnn/parallel"
    assert (folder / "model" / "part_1.pt").read_text() == "second"
    (folder / "model" / "part_1.pt").write_text("another")
    with pytest.raises(manifest.RunError, match=r"part_1\.pt is not the file that the manifest recorded"):
        manifest.verify(folder)


@pytest.mark.usefixtures("home")
def test_a_potential_that_was_not_exported_is_refused_with_the_command_that_does_it(tmp_path):
    with pytest.raises(PotentialError, match="'sselmp export sevennet --route e3gnn' writes it"):
        prepared(tmp_path, "sevennet", "e3gnn")
    folder = pretend_export("sevennet", "e3gnn", model_pt="a model")
    (folder / "model.pt").write_text("another")
    with pytest.raises(PotentialError, match="is not the file that was exported"):
        prepared(tmp_path, "sevennet", "e3gnn")
    assert not (tmp_path / "routes").exists()


@pytest.mark.usefixtures("home")
def test_an_export_without_its_plugin_is_none():
    pretend_export("sevennet", "e3gnn", model_pt="a model")
    card = load_card("sevennet")
    assert exports.is_exported(card, "e3gnn")
    exports.e3gnn_plugin(card).unlink()
    assert not exports.is_exported(card, "e3gnn")


@pytest.mark.usefixtures("home")
def test_a_run_for_another_lammps_is_not_started_but_its_command_line_is_told(tmp_path):
    pretend_export("sevennet", "mliap", model_pt="a model")
    folder = prepared(tmp_path, "sevennet", "mliap")
    with pytest.raises(SettingsError, match=r"KOKKOS(.|\n)*lmp -k on g 1 -sf kk"):
        run_folder(folder)
    assert not list(folder.glob("log.*"))


def test_without_a_route_a_potential_takes_the_first_of_its_card():
    assert chosen_route(load_card("sevennet"), None) == "bridge"
    assert chosen_route(load_card("sevennet"), "mliap") == "mliap"
    with pytest.raises(SettingsError, match="'chgnet' has no route 'mliap' into LAMMPS\n  allowed: bridge"):
        chosen_route(load_card("chgnet"), "mliap")


def test_every_potential_has_the_bridge_and_every_route_has_a_template():
    assert all(load_card(name).routes[0] == "bridge" for name in card_names())
    names = {f"potential-{route.replace('/', '-')}.lmp.j2" for route in ROUTES}
    assert names == {path.name for path in layout.templates_folder().glob("potential*.j2")}


def test_several_ranks_are_refused_where_the_pair_style_would_be_wrong_without_a_word():
    with pytest.raises(SettingsError, match="one MPI rank only"):
        refuse_elsewhere("e3gnn", ranks=2)
    refuse_elsewhere("e3gnn", ranks=1)
    refuse_elsewhere("native", ranks=2)


def test_the_table_of_routes_says_what_runs_here_and_what_needs_which_lammps(tmp_path):
    program = ROOT / ".venv" / "bin" / "sselmp"
    done = subprocess.run([program, "routes"], cwd=tmp_path, capture_output=True, text=True, check=True)
    rows = [line.split() for line in done.stdout.splitlines()]
    assert ["sevennet", "e3gnn", "e3gnn"] in [row[:3] for row in rows]
    assert ["deepmd-own", "native", "deepmd"] in [row[:3] for row in rows]
    assert {tuple(row[:2]) for row in rows} >= {("e3gnn", "here"), ("mliap", "elsewhere"), ("native", "here")}
    assert "MLIAP_ENABLE_PYTHON=on" in done.stdout


@pytest.mark.parametrize(
    ("potential", "route", "message"),
    [
        ("sevennet", "e3nn", "did you mean 'e3gnn'"),
        ("sevennet", "bridge", "nothing to export"),
        ("chgnet", "mliap", "has no route 'mliap'"),
    ],
)
def test_an_export_that_makes_no_sense_is_refused_before_anything_is_built(tmp_path, potential, route, message):
    argv = [ROOT / ".venv" / "bin" / "sselmp", "export", potential, "--route", route]
    done = subprocess.run(argv, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert message in done.stderr


@pytest.mark.parametrize(
    ("potential", "needs"), [("mattersim", "mattersim 1.2.5 or later (Python 3.12)"), ("mace", "cuequivariance-torch")]
)
def test_an_export_that_only_its_package_makes_says_what_that_takes_before_anything_is_built(
    tmp_path, potential, needs
):
    sselmp = ROOT / ".venv" / "bin" / "sselmp"
    argv = [sselmp, "export", potential, "--route", "mliap"]
    variables = {**os.environ, layout.HOME_VARIABLE: str(tmp_path), layout.WEIGHTS_VARIABLE: str(tmp_path / "none")}
    for name in ("potentials", "templates", "inputs"):
        (tmp_path / name).symlink_to(ROOT / name)
    done = subprocess.run(argv, cwd=tmp_path, env=variables, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert f"has no {needs}" in done.stderr
    assert f"sselmp export {potential} --route mliap --file FILE" in done.stderr
    assert not (tmp_path / ".venvs").exists()
    assert not (tmp_path / "none").exists()
    table = subprocess.run([sselmp, "routes"], cwd=tmp_path, env=variables, capture_output=True, text=True, check=True)
    assert f"not exported: by hand, needs {needs}" in table.stdout
    missing = subprocess.run(
        [*argv, "--file", "none.pt"], cwd=tmp_path, env=variables, capture_output=True, text=True, check=False
    )
    assert (missing.returncode, "there is no file none.pt" in missing.stderr) == (2, True)


# -- for real ----------------------------------------------------------------------------------------------------------


def evaluated(prefix: Path, folder: Path) -> tuple[np.ndarray, np.ndarray]:
    """Thermo row and, for each atom, id, force and energy of one displaced configuration, through a potential.lmp."""
    program = LammpsProgram(prefix=prefix, folder=folder)
    program.works(ONE_STEP)
    return program.thermo()[-1], program.table("f.dump")


def exported(card_name: str, route: str) -> None:
    card = load_card(card_name)
    if not exports.is_exported(card, route):
        exports.export(card_name, card, route=route)


@pytest.fixture
def quiet(monkeypatch):
    """One thread, here and in the programs that a test starts."""
    for name in ("OMP_NUM_THREADS", "DP_INTRA_OP_PARALLELISM_THREADS", "DP_INTER_OP_PARALLELISM_THREADS"):
        monkeypatch.setenv(name, "1")
    monkeypatch.setenv("OMP_WAIT_POLICY", "PASSIVE")


@pytest.fixture
def small_model(tmp_path, test_data) -> str:
    """A user's own DeePMD model: a card of five lines."""
    path = tmp_path / "small.toml"
    path.write_text(
        'name = "small"\nextends = "deepmd-own"\ncutoff_A = 6.0\nelements = ["Li", "P", "S", "Cl"]\n'
        f'weights = {{ file = "{test_data / SMALL_MODEL}", sha256 = "{SMALL_SHA256}" }}\n'
    )
    return str(path)


@pytest.mark.slow
@pytest.mark.potential
@pytest.mark.usefixtures("quiet")
def test_sevennets_own_pair_style_gives_what_the_bridge_gives(tmp_path, family_environment):
    prefix = family_environment("sevennet")
    exported("sevennet", "e3gnn")
    (row, atoms), (own_row, own_atoms) = (
        evaluated(prefix, prepared(tmp_path, "sevennet", route)) for route in ("bridge", "e3gnn")
    )
    assert np.abs(atoms[:, 1:4]).max() > 0.5
    assert own_row[2] == pytest.approx(row[2], abs=1e-4)
    assert np.abs(own_atoms[:, 1:4] - atoms[:, 1:4]).max() < 1e-5
    assert own_atoms[:, 4] == pytest.approx(atoms[:, 4], abs=1e-5)
    assert own_row[5:11] == pytest.approx(row[5:11], rel=1e-4, abs=1.0)  # bar, of some 10^4


@pytest.mark.slow
@pytest.mark.potential
@pytest.mark.usefixtures("quiet")
def test_sevennets_own_pair_style_refuses_what_it_would_do_wrong(tmp_path, family_environment):
    exported("sevennet", "e3gnn")
    program = LammpsProgram(prefix=family_environment("sevennet"), folder=prepared(tmp_path, "sevennet", "e3gnn"))
    done = program.run(ONE_STEP, program="lmp", ranks=2)
    assert done.returncode != 0
    assert "knows one MPI rank only" in done.stdout + done.stderr
    done = program.run(ONE_STEP, "-log", "none", program="lmp")
    assert done.returncode == 1
    assert "needs a log file" in done.stdout + done.stderr


@pytest.mark.slow
@pytest.mark.potential
@pytest.mark.usefixtures("quiet")
def test_a_run_through_sevennets_own_pair_style_is_the_bridges_run(tmp_path, family_environment):
    prefix = family_environment("sevennet")
    exported("sevennet", "e3gnn")
    folders = [prepared(tmp_path, "sevennet", route) for route in ("bridge", "e3gnn")]
    assert [run_folder(folder, prefix=prefix).state for folder in folders] == ["finished", "finished"]
    bridge, own = (LammpsProgram(prefix=prefix, folder=folder).thermo(layout.log_name(0)) for folder in folders)
    assert len(own) >= 5
    np.testing.assert_allclose(own[:, 3:5], bridge[:, 3:5], atol=1e-4)  # pe, ke


@pytest.mark.slow
@pytest.mark.potential
@pytest.mark.usefixtures("quiet")
def test_the_ml_iap_export_is_an_object_that_lammps_can_call(family_environment):
    prefix = family_environment("sevennet")
    exported("sevennet", "mliap")
    model = exports.exported_files(load_card("sevennet"), "mliap")["model.pt"]
    script = (
        "import json, sys, torch\n"
        "made = torch.load(sys.argv[1], weights_only=False)\n"
        "calls = [n for n in ('compute_forces', 'compute_descriptors', 'compute_gradients') if hasattr(made, n)]\n"
        "print(json.dumps([type(made).__name__, list(made.element_types), float(made.rcutfac), calls]))\n"
    )
    done = subprocess.run([prefix / "bin" / "python", "-c", script, model], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    name, elements, half_cutoff, calls = json.loads(done.stdout.splitlines()[-1])
    assert name == "SevenNetMLIAPWrapper"
    assert set(elements) >= set(load_card("sevennet").elements)
    assert half_cutoff == pytest.approx(2.5)
    assert calls == ["compute_forces", "compute_descriptors", "compute_gradients"]


@pytest.mark.slow
@pytest.mark.potential
@pytest.mark.usefixtures("quiet")
def test_the_parallel_export_has_a_part_for_each_message(family_environment):
    family_environment("sevennet")
    exported("sevennet", "e3gnn/parallel")
    parts = exports.exported_files(load_card("sevennet"), "e3gnn/parallel")
    assert sorted(parts) == [f"model/deployed_parallel_{k}.pt" for k in range(5)]


@pytest.mark.slow
@pytest.mark.potential
@pytest.mark.usefixtures("quiet")
def test_deepmds_own_pair_style_gives_what_the_bridge_gives(tmp_path, small_model, family_environment):
    prefix = family_environment("deepmd")
    exported(small_model, "native")
    folders = [prepared(tmp_path, small_model, route) for route in ("bridge", "native")]
    assert "pair_style  deepmd model.pb\n" in (folders[1] / "potential.lmp").read_text()
    (row, atoms), (own_row, own_atoms) = (evaluated(prefix, folder) for folder in folders)
    assert np.abs(atoms[:, 1:4]).max() > 0.5
    assert own_row[2] == pytest.approx(row[2], abs=1e-8)
    assert np.abs(own_atoms[:, 1:4] - atoms[:, 1:4]).max() < 1e-8
    assert own_atoms[:, 4] == pytest.approx(atoms[:, 4], abs=1e-8)
    assert own_row[5:11] == pytest.approx(row[5:11], rel=1e-6, abs=1e-3)


@pytest.mark.slow
@pytest.mark.potential
@pytest.mark.usefixtures("quiet")
def test_plain_lmp_runs_a_native_folder_on_two_ranks(tmp_path, small_model, family_environment):
    prefix = family_environment("deepmd")
    exported(small_model, "native")
    folder = prepared(tmp_path, small_model, "native")
    argv = [prefix / "bin" / "mpiexec", "-n", "2", prefix / "bin" / "lmp", "-in", "in.lammps", "-log", "none"]
    variables = {**os.environ, "PATH": f"{prefix / 'bin'}:{os.environ['PATH']}"}
    done = subprocess.run(argv, cwd=folder, env=variables, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    assert (folder / layout.FINISHED).is_file()
