"""Fixtures shared by all tests: where real data and real environments are, and a door to real LAMMPS."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from lammps_program import LammpsProgram

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="session")
def test_data() -> Path:
    """Folder of real reference data, which is not part of the repository."""
    folder = Path(os.environ.get("SSELMP_TEST_DATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"no reference data at {folder}; name its folder with SSELMP_TEST_DATA")
    return folder


@pytest.fixture(scope="session")
def lammps_environment() -> Path:
    """Prefix of a potential's environment (SevenNet's), with LAMMPS and the plugin in it."""
    prefix = Path(os.environ.get("SSELMP_TEST_ENVIRONMENT", ROOT / ".venvs" / "sevennet"))
    if not (prefix / "bin" / "sselmp-lmp").is_file():
        pytest.skip(f"no environment at {prefix}; build it with 'make env' (as 'make test' does)")
    return prefix


@pytest.fixture(scope="session")
def family_environment() -> Callable[[str], Path]:
    """Gives the prefix of an environment by its name; a test skips where that has not been built."""

    def prefix(name: str) -> Path:
        built = ROOT / ".venvs" / name
        if not (built / "bin" / "sselmp-lmp").is_file():
            pytest.skip(f"no environment at {built}; build it with 'sselmp env build {name}'")
        return built

    return prefix


@pytest.fixture
def lammps(lammps_environment: Path, tmp_path: Path) -> LammpsProgram:
    """Real LAMMPS in a folder of its own, one thread a rank."""
    return LammpsProgram(prefix=lammps_environment, folder=tmp_path)
