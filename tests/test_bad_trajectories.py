"""Trajectories and requests that cannot be used, through the command line: one clear message each, and no file."""

from __future__ import annotations

import sys
from dataclasses import dataclass

import numpy as np
import pytest
import walks
import written

from sselmp import layout
from sselmp.cli import main

COLUMNS = "id type x y z ix iy iz"
STATED = ("--species", "Li,S", "--timestep", "20")
MARK = "ITEM: TIMESTEP\n"
RESULTS = {layout.TRANSPORT_JSON, layout.TRANSPORT_CSV, layout.MSD_FIGURE, layout.ARRHENIUS_FIGURE}


def diffusing(seed):
    """60 frames of 16 Li that diffuse among 8 S that rest, a frame each 50 steps."""
    rng = np.random.default_rng(seed)
    mobile = walks.walk(rng, frames=60, ions=16, D=(0.1,) * 3) @ np.linalg.inv(walks.CELL)
    rest = np.broadcast_to(rng.random((8, 3)), (60, 8, 3))
    return written.Frames(
        np.concatenate([mobile, rest], axis=1), np.repeat(walks.CELL[None], 60, axis=0), ("Li",) * 16 + ("S",) * 8
    )


def with_atoms(frame, rows):
    """A frame with other lines of atoms."""
    head, title, _ = frame.partition(f"ITEM: ATOMS {COLUMNS}\n")
    return head.replace("ATOMS\n24\n", f"ATOMS\n{len(rows)}\n") + title + "".join(f"{row}\n" for row in rows)


def atoms(frame):
    return frame.partition(f"ITEM: ATOMS {COLUMNS}\n")[2].splitlines()


def lithium(frame):
    return with_atoms(frame, [row for row in atoms(frame) if row.split()[1] == "1"])


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A good dump, and what may be wrong with one."""
    base = tmp_path_factory.mktemp("bad")
    good, other = (
        [
            MARK + part
            for part in written.dump(base / f"{seed}.dump", diffusing(seed), COLUMNS).read_text().split(MARK)[1:]
        ]
        for seed in (0, 1)
    )
    slower = [
        frame.replace(f"{MARK}{50 * index}\n", f"{MARK}{50 * (2 * index - 30)}\n") for index, frame in enumerate(good)
    ]
    faster = [frame.replace(f"{MARK}{50 * index}\n", f"{MARK}{25 * index}\n") for index, frame in enumerate(good)]
    times = [index if index < 30 else 2 * index - 30 for index in range(60)]
    number, kind, _, *rest = atoms(good[30])[0].split()
    exploded = with_atoms(good[30], [" ".join([number, kind, "nan", *rest]), *atoms(good[30])[1:]])
    contents = {
        "good": good,
        "step-changes": [*good[:30], *slower[30:]],
        "time-changes": [f"ITEM: UNITS\nmetal\nITEM: TIME\n{t}\n{one}" for t, one in zip(times, good, strict=True)],
        "other-spacing": faster,
        "fewer-atoms": [*good[:30], with_atoms(good[30], atoms(good[30])[:-1]), *good[31:]],
        "nan": [*good[:30], exploded, *good[31:]],
        "one-frame": good[:1],
        "begin": good[:40],
        "restart": other[30:],
        "lithium": [lithium(frame) for frame in good],
    }
    for name, frames in contents.items():
        (base / name).write_text("".join(frames))
    return base


@dataclass(frozen=True)
class Case:
    """A command's arguments after ``sselmp analyze``, words of its message, and its exit code."""

    arguments: tuple[str, ...]
    words: tuple[str, ...]
    code: int


CASES = {
    "mixed spacing in a file": Case(
        ("step-changes@600", *STATED), ("not equally spaced", "one interval throughout"), 1
    ),
    "mixed time steps in a file": Case(
        ("time-changes@600", "--species", "Li,S"),
        ("time-changes: the time step changes", "2 ps from step 1500 to 1550, 1 ps elsewhere"),
        1,
    ),
    "mixed time steps of runs at one temperature": Case(
        ("good@600", "other-spacing@600", *STATED), ("the same time between frames", "every 0.5 ps", "apart"), 1
    ),
    "a changing number of atoms": Case(
        ("fewer-atoms@600", *STATED), ("the atoms change at step 1500", "23 atoms", "the 24 atoms of step 0"), 1
    ),
    "NaN positions": Case(("nan@600", *STATED), ("the frame of step 1500", "not a finite number", "exploded"), 1),
    "one frame": Case(("one-frame@600", *STATED), ("one frame has no displacement in it", "2 frames or more"), 1),
    "no mobile species": Case(
        ("good@600", "--species", "P,S", "--timestep", "20"),
        ("which species diffuses cannot be guessed", "P, S", "--mobile SYMBOL"),
        2,
    ),
    "a species that is absent": Case(
        ("good@600", "--mobile", "Na", *STATED), ("no atom of the species 'Na'", "known: Li, S"), 1
    ),
    "zero temperature": Case(("good@0K", *STATED), ("the temperature of good must be positive", "0 K"), 2),
    "zero temperature by option": Case(
        ("good", "-T", "0", *STATED), ("the temperature of good must be positive", "0 K"), 2
    ),
    "extrapolation to zero": Case(
        ("good@600", "--at", "0", *STATED), ("temperature to extrapolate to must be positive", "0 K"), 2
    ),
    "extrapolation to infinity": Case(
        ("good@600", "--at", "inf", *STATED), ("temperature to extrapolate to must be positive", "inf K"), 2
    ),
    "a charge of zero": Case(
        ("good@600", "--charge", "0", *STATED), ("carries no current", "a charge of zero", "such as 1, 2 or -1"), 2
    ),
    "a charge that is no number": Case(
        ("good@600", "--charge", "nan", *STATED), ("carries no current", "a charge of nan"), 2
    ),
    "an overlapping restart": Case(
        ("begin,restart@600", *STATED), ("an overlapping restart", "contradict each other", "at step 1500"), 1
    ),
    "no framework": Case(
        ("lithium@600", *STATED), ("no framework: every atom is Li", "--reference none", "--reference centre-of"), 1
    ),
    "a reference that is none": Case(
        ("good@600", "--reference", "lattice", *STATED), ("'lattice' is not one of", "'centre-of-mass'"), 2
    ),
    "a start that is no time": Case(
        ("good@600", "--fit-start", "0", *STATED), ("the start of the fit must be positive", "0 ps"), 2
    ),
}


def analyze(folder, out, capsys, monkeypatch, *arguments):
    monkeypatch.chdir(folder)
    monkeypatch.setattr(sys, "argv", ["sselmp", "analyze", *arguments, "--out", str(out)])
    with pytest.raises(SystemExit) as ended:
        main.main()
    return ended.value.code, capsys.readouterr()


@pytest.mark.parametrize("name", CASES)
def test_what_cannot_be_used_gets_one_clear_message_and_leaves_no_file(folder, tmp_path, capsys, monkeypatch, name):
    case = CASES[name]
    code, said = analyze(folder, tmp_path / "out", capsys, monkeypatch, *case.arguments)
    assert code == case.code
    for words in case.words:
        assert words in said.err, said.err
    assert said.err.lower().count("error:") == 1
    assert "Traceback" not in said.err
    assert said.out == ""
    assert not (tmp_path / "out").exists()


def test_the_same_files_without_the_fault_are_analysed(folder, tmp_path, capsys, monkeypatch):
    code, said = analyze(folder, tmp_path, capsys, monkeypatch, "good@600", *STATED)
    assert (code, said.err) == (0, "")
    assert {path.name for path in tmp_path.iterdir()} == RESULTS


def test_mobile_ions_alone_are_analysed_where_no_reference_is_asked_for(folder, tmp_path, capsys, monkeypatch):
    code, said = analyze(folder, tmp_path, capsys, monkeypatch, "lithium@600", "--reference", "none", *STATED)
    assert (code, said.err) == (0, "")
    assert "Positions are as they are, as was asked" in said.out


def test_two_frames_are_too_few_to_judge_and_not_a_fault(folder, tmp_path, capsys, monkeypatch):
    frames = (folder / "good").read_text().split(MARK)
    (folder / "two-frames").write_text(MARK.join(frames[:3]))
    code, said = analyze(folder, tmp_path, capsys, monkeypatch, "two-frames@600", *STATED)
    assert (code, said.err) == (0, "")
    assert "too few frames to judge (2; 32 are needed)" in said.out


RUNS = {
    "NaN positions": (lambda text: text.replace(" Li 0.", " Li nan0.", 1), "not a finite number"),
    "a changing number of atoms": (lambda text: text.replace("ATOMS\n32\n", "ATOMS\n31\n", 1), "is damaged"),
    "one frame": (lambda text: MARK + text.split(MARK)[1], "one frame so far"),
}


@pytest.mark.parametrize("fault", RUNS)
def test_a_run_folder_that_cannot_be_used_is_named_with_its_reason(tmp_path, capsys, monkeypatch, fault):
    change, words = RUNS[fault]
    record = walks.trajectory(walks.walk(np.random.default_rng(0), frames=40))
    run = walks.run_folder(tmp_path / "runs", temperature_K=600.0, record=record)
    dump = run / layout.trajectory_name(0)
    dump.write_text(change(dump.read_text()))
    code, said = analyze(tmp_path, tmp_path / "out", capsys, monkeypatch, str(run))
    assert code == 1
    assert "no run has a trajectory to analyse" in said.err
    assert f"{run.name}: " in said.err
    assert words in said.err
    assert said.err.count("error:") == 1
    assert not (tmp_path / "out").exists()


def test_options_of_files_and_species_that_are_absent_are_refused_for_run_folders(tmp_path, capsys, monkeypatch):
    record = walks.trajectory(walks.walk(np.random.default_rng(0), frames=40))
    run = walks.run_folder(tmp_path / "runs", temperature_K=600.0, record=record)
    code, said = analyze(tmp_path, tmp_path / "out", capsys, monkeypatch, str(run), "--mobile", "Na")
    assert (code, "there is no species 'Na'" in said.err, "known: Li, S" in said.err) == (2, True, True)
    code, said = analyze(tmp_path, tmp_path / "out", capsys, monkeypatch, str(run), "--charge", "0")
    assert (code, "for trajectory files only" in said.err) == (2, True)
