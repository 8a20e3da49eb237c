"""When a potential, a user or a machine fails in mid-run, LAMMPS stops at that step, says why and hangs nothing."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import numpy as np
import pytest
from lammps_program import LammpsProgram, kill_group, wait_for

SCRIPT = """
units {units}
atom_style atomic
atom_modify map array
lattice fcc 5.3
region box block 0 2 0 2 0 2
create_box 1 box
create_atoms 1 box
mass 1 39.948
pair_style sselmp {card}
pair_coeff * * {element}
velocity all create 80 4321
timestep 0.002
thermo 1
thermo_modify flush yes
restart 2 r.*.restart
fix 1 all nve
{extra}
run {steps}
print AFTERWARDS
"""
ARGON = {"sigma": 3.4, "epsilon": 0.0104, "rc": 8.0}
PROGRAMS = [("sselmp-lmp", 1), ("sselmp-lmp", 2), ("lmp", 1), ("lmp", 2)]


def script(card, *, units="metal", element="Ar", extra="", steps=20) -> str:
    return SCRIPT.format(card=card, units=units, element=element, extra=extra, steps=steps)


@pytest.mark.parametrize(("program", "ranks"), PROGRAMS)
def test_an_exception_in_the_potential_stops_lammps_at_that_step(lammps: LammpsProgram, program, ranks):
    card = lammps.card("moody", "troubled:RaisesAt", call=8, **ARGON)
    done = lammps.run(script(card), program=program, ranks=ranks)
    assert done.returncode != 0
    assert "Traceback" in done.stderr
    assert "the potential is out of sorts" in done.stderr
    assert "ValueError: the potential is out of sorts" in done.stdout
    assert "AFTERWARDS" not in done.stdout
    assert lammps.thermo()[-1, 0] == 6  # the setup is the first call, step 1 the second
    assert (lammps.folder / "r.6.restart").is_file()


def test_an_exception_in_one_partition_ends_the_others_too(lammps):
    card = lammps.card("moody", "troubled:RaisesAt", call=8, **ARGON)
    fine = lammps.card("fine", "troubled:Slow", seconds=0.3, **ARGON)
    text = script("${card}", steps=200).replace("units metal", f"variable card world {card} {fine}\nunits metal")
    done = lammps.run(text, "-partition", "2x1", ranks=2)  # would take a minute, and has a limit of 300 s
    assert done.returncode != 0
    assert "out of sorts" in done.stderr


def test_numbers_that_are_not_finite_stop_the_run_and_name_the_atom(lammps):
    card = lammps.card("nan", "troubled:NotANumberAt", call=4, **ARGON)
    done = lammps.run(script(card))
    assert done.returncode == 1
    assert "not finite" in done.stderr
    assert "first the one in place 4 by id" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("ranks", [1, 2])
def test_ctrl_c_stops_the_run_and_keeps_the_restart(lammps, ranks):
    card = lammps.card("slow", "troubled:Slow", seconds=0.05, **ARGON)
    process = lammps.start(script(card, steps=5000), ranks=ranks)
    wait_for((lammps.folder / "r.4.restart").is_file)
    kill_group(process, signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert process.returncode not in {0, None}
    assert "AFTERWARDS" not in out
    if ranks == 1:
        assert process.returncode == 130
        assert "KeyboardInterrupt" in err
    assert (lammps.folder / "r.4.restart").is_file()


def test_ctrl_c_ends_a_run_that_never_calls_python(lammps):
    text = script("x", steps=100_000_000).replace("pair_style sselmp x", "pair_style lj/cut 8.0")
    text = text.replace("pair_coeff * * Ar", "pair_coeff * * 0.0104 3.4").replace("thermo 1\n", "thermo 1000\n")
    process = lammps.start(text.replace("restart 2 ", "restart 20000 "))
    wait_for(lambda: len(list(lammps.folder.glob("r.*.restart"))) > 0)
    kill_group(process, signal.SIGINT)
    process.communicate(timeout=20)
    assert process.returncode == 130


@pytest.mark.parametrize("program", ["sselmp-lmp", "lmp"])
def test_killing_one_rank_hangs_nothing(lammps, program):
    card = lammps.card("slow", "troubled:Slow", seconds=0.05, **ARGON)
    process = lammps.start(script(card, steps=5000), ranks=2, program=program)
    wait_for((lammps.folder / "r.4.restart").is_file)
    name = "liblammps" if program == "sselmp-lmp" else "lammps/lmp"
    ranks = [p for p in children(process.pid) if name in Path(f"/proc/{p}/maps").read_text()]
    os.kill(ranks[-1], signal.SIGKILL)
    process.communicate(timeout=30)
    assert process.returncode != 0


def children(pid: int) -> list[int]:
    """All descendants of a process."""
    listed = subprocess.run(["ps", "-eo", "pid=,ppid="], capture_output=True, text=True, check=True).stdout
    pairs = [tuple(map(int, line.split())) for line in listed.splitlines()]
    found, todo = [], [pid]
    while todo:
        parent = todo.pop()
        below = [p for p, q in pairs if q == parent]
        found += below
        todo += below
    return found


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"extra": "compute s all stress/atom NULL\ncompute t all reduce sum c_s[1]\nthermo_style custom step c_t"},
         "no per-atom virial"),
        ({"extra": "compute e all pe/atom\ncompute t all reduce sum c_e\nthermo_style custom step c_t"},
         "has no per-atom energies"),
        ({"units": "real"}, "needs 'units metal'"),
        ({"element": "Ar Ar"}, "names 2 elements, but there are 1 atom types"),
        ({"card": "lennard"}, "there is no potential 'lennard'"),
        ({"card": "sevennett"}, "did you mean 'sevennet'?"),
    ],
)  # fmt: skip
def test_what_cannot_be_had_is_refused_by_name(lammps, change, message):
    card = change.pop("card", None) or lammps.card("free", "troubled:Springs", energies=False)
    done = lammps.run(script(card, **change))
    assert done.returncode == 1
    assert message in " ".join(done.stderr.split())


def test_a_potential_without_stress_has_no_pressure_and_no_barostat(lammps):
    card = lammps.card("free", "troubled:Springs", stress=False, energies=False)
    done = lammps.run(script(card, extra="thermo_style custom step pe press", steps=3))
    assert done.returncode == 0, done.stderr
    assert "gives no stress: pressures will be nan" in done.stdout
    assert np.isnan(lammps.thermo()[:, 2]).all()
    done = lammps.run(script(card, extra="unfix 1\nfix 1 all npt temp 80 80 0.1 iso 0 0 1.0"))
    assert done.returncode == 1
    assert "gives no stress, which a barostat" in done.stderr


def test_an_element_that_the_potential_does_not_know_is_named(lammps):
    card = lammps.lennard_jones()
    card.write_text('elements = ["Kr", "Xe"]\n' + card.read_text())
    done = lammps.run(script(card))
    assert done.returncode == 1
    assert "does not know Ar" in done.stderr


def test_an_error_of_lammps_itself_gives_exit_code_one_and_its_message(lammps):
    done = lammps.run("units metal\nnonsense 1 2 3\n", "-screen", "none")
    assert done.returncode == 1
    assert "Unknown command: nonsense" in done.stderr
    missing = subprocess.run(
        [lammps.prefix / "bin" / "sselmp-lmp", "-in", "not-there"],
        cwd=lammps.folder, env=lammps.environment(), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert missing.returncode == 1
    assert "not-there" in missing.stderr


def test_a_script_on_standard_input_runs_too(lammps):
    done = subprocess.run(
        [lammps.prefix / "bin" / "sselmp-lmp", "-log", "none"],
        input=script(lammps.lennard_jones(), steps=2),
        cwd=lammps.folder, env=lammps.environment(), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "AFTERWARDS" in done.stdout
