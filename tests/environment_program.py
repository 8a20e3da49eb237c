"""Runs programs of tests/programs in a potential's environment, and holds what two of them say against each other."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import numpy as np
import pytest

PROGRAMS = Path(__file__).parent / "programs"


def answer(prefix: Path, program: str, *arguments: str | Path, **variables: str | Path) -> dict:
    """The JSON that a program prints last; it must succeed."""
    argv = [str(part) for part in (prefix / "bin" / "python", PROGRAMS / program, *arguments)]
    threads = {"OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE"}
    environment = {**os.environ, **threads, **{key: str(value) for key, value in variables.items()}}
    done = subprocess.run(argv, env=environment, capture_output=True, text=True, check=False, timeout=1800)
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])


def assert_close(found: dict, expected: dict, *, energy: float, forces: float, stress: float | None = None) -> None:
    """Compare two answers structure by structure: eV/atom, eV/Å and eV/Å³."""
    assert set(found) == set(expected)
    for name, value in expected.items():
        atoms = len(value["forces"])
        assert found[name]["energy"] / atoms == pytest.approx(value["energy"] / atoms, abs=energy), name
        assert np.array(found[name]["forces"]) == pytest.approx(np.array(value["forces"]), abs=forces), name
        if stress is not None:
            assert np.array(found[name]["stress"]) == pytest.approx(np.array(value["stress"]), abs=stress), name


def assert_leaves_no_trace(said: dict, home: Path) -> None:
    """Of evaluate_card.py: inputs, process, standard output and home folder are as they were; results are plain."""
    assert said["changed"] == []
    assert said["printed"] == ""
    assert list(home.iterdir()) == []
    assert all(one["unchanged"] and one["plain"] for one in said["found"].values())
