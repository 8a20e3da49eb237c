"""``sselmp analyze`` on files of anybody: the same four results, and one clear message for what cannot be done."""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import walks
import written
from rich.console import Console

from sselmp import layout
from sselmp.cli import console, outcome, trajectories
from sselmp.cli.analyze import asked_instead
from sselmp.errors import SettingsError, SselmpError, TrajectoryError
from sselmp.report.analyze import examine
from sselmp.report.analyze_files import Material, Simulation, analyze_files
from sselmp.report.question import Question
from sselmp.settings import load_campaign
from sselmp.trajectory.frames import Reading
from sselmp.transport.method import Method

RESULTS = (layout.TRANSPORT_JSON, layout.TRANSPORT_CSV, layout.MSD_FIGURE, layout.ARRHENIUS_FIGURE)
TRUE_D = {600: 0.03, 750: 0.1, 900: 0.25}  # Å²/ps


def sselmp(*arguments, folder: Path):
    program = Path(sys.executable).parent / "sselmp"
    return subprocess.run(
        [program, *map(str, arguments)], cwd=folder, env=dict(os.environ), capture_output=True, text=True, check=False
    )


def diffusing(kelvin, *, frames=400, seed=0):
    """Li that diffuses, S that stands still, in a cell that breathes; every frame a picosecond."""
    rng = np.random.default_rng([seed, kelvin])
    mobile = walks.walk(rng, frames=frames, ions=16, D=(TRUE_D[kelvin],) * 3) @ np.linalg.inv(walks.CELL)
    rest = np.broadcast_to(rng.random((8, 3)) + 2.0, (frames, 8, 3))
    sizes = 1.0 + 0.02 * np.sin(np.arange(frames))
    return written.Frames(
        np.concatenate([mobile, rest], axis=1), walks.CELL * sizes[:, None, None], ("Li",) * 16 + ("S",) * 8
    )


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """The same walks as a dump of types only, a wrapped XDATCAR in two pieces, and an ASE trajectory."""
    folder = tmp_path_factory.mktemp("mine")
    low, middle, high = (diffusing(kelvin) for kelvin in TRUE_D)
    written.dump(folder / "low.dump", low, "id type x y z ix iy iz")
    for name, part in (("XDATCAR.0", slice(0, 200)), ("XDATCAR.1", slice(199, None))):
        written.xdatcar(folder / name, written.Frames(middle.scaled[part], middle.cells[part], middle.species))
    written.through_ase(folder / "high.traj", high, wrapped=False)
    return folder


def test_a_strangers_files_of_three_formats_give_the_four_results_without_a_campaign(files, tmp_path):
    names = [f"{files}/low.dump@600K", f"{files}/XDATCAR.0,{files}/XDATCAR.1@750", f"{files}/high.traj@900K"]
    done = sselmp("analyze", *names, "--frame-spacing", 1000, "--species", "Li,S", "--system", "mine", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "mine with an unnamed potential" in done.stdout
    assert "Ea = " in done.stdout
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(RESULTS)
    found = json.loads((tmp_path / layout.TRANSPORT_JSON).read_text())
    assert [run["temperature_K"] for run in found["runs"]] == [600, 750, 900]
    assert [run["frames"] for run in found["runs"]] == [400, 400, 400]
    for run, D in zip(found["runs"], TRUE_D.values(), strict=True):
        assert run["D_cm2_per_s"] == pytest.approx(D * 1e-4, rel=0.5)


def test_a_users_fault_gets_one_message_and_exit_code_2_and_leaves_nothing(files, tmp_path):
    done = sselmp("analyze", f"{files}/low.dump@600K", "--timestep", 2, folder=tmp_path)
    assert done.returncode == 1
    assert done.stderr.startswith("error: ")
    assert "name the types in order: --species Li,P,S,Cl" in done.stderr
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_temperatures_come_from_the_name_or_from_the_option():
    a, b = Path("a.dump"), Path("b.dump@650.5K")
    assert [one.temperature_K for one in trajectories.simulations([a, b], [700])] == [700, 650.5]
    assert [one.temperature_K for one in trajectories.simulations([a, Path("c")], [700])] == [700, 700]
    assert [one.temperature_K for one in trajectories.simulations([a, Path("c")], [700, 800])] == [700, 800]
    assert trajectories.simulations([Path("x,y,z@5")], [])[0].paths == (Path("x"), Path("y"), Path("z"))
    for temperatures in ([], [1, 2, 3]):
        with pytest.raises(SettingsError, match="needs one temperature") as error:
            trajectories.simulations([a, Path("c")], temperatures)
        assert "FILE@700K" in str(error.value)
    with pytest.raises(SettingsError, match="needs one temperature"):
        trajectories.simulations([b], [700])


def test_a_file_whose_name_looks_like_a_list_or_a_temperature_is_taken_as_it_is(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("a,b", "run@700K", "c,d@5"):
        Path(name).touch()
    assert trajectories.simulations([Path("a,b@600")], [])[0].paths == (Path("a,b"),)
    assert trajectories.simulations([Path("run@700K")], [300])[0] == Simulation((Path("run@700K"),), 300)
    assert trajectories.simulations([Path("c,d@5")], [300])[0].temperature_K == 300


def test_files_and_run_folders_are_kept_apart(tmp_path):
    assert trajectories.are_files([tmp_path / "x.dump"])
    assert not trajectories.are_files([tmp_path])
    with pytest.raises(SettingsError, match="cannot be analysed together"):
        trajectories.are_files([tmp_path, tmp_path / "x.dump"])
    trajectories.refuse_for_folders(trajectories.Stated())
    with pytest.raises(SettingsError, match="trajectory files only") as error:
        trajectories.refuse_for_folders(trajectories.Stated(timestep_fs=2.0))
    assert "timestep" in str(error.value)


def ask(files, tmp_path, names=("low.dump",), question=None, charge=None, on_stage=None, **reading):
    stated = {"spacing_ps": 1.0, "species": ("Li", "S")} | reading
    simulations = [Simulation((files / name,), 600.0) for name in names]
    return analyze_files(
        simulations,
        question or Question(),
        material=Material(charge),
        reading=Reading(**stated),
        out=tmp_path,
        on_stage=on_stage,
    )


FAULTS = {
    "no atom of the species 'Na'": {"question": Question(mobile_species="Na")},
    "an ion without a charge carries no current": {"charge": 0.0},
    "how much time passes between frames": {"spacing_ps": None},
    "there is no complete frame|one frame has no displacement|ends after 399 ps": {"start_ps": 400.0},
    "a trajectory file is given twice": {"names": ("low.dump", "low.dump")},
    "cannot read .*absent": {"names": ("absent",)},
    "the time step must be positive": {"timestep_ps": 0.0},
    "the memory must be positive": {"memory_MB": -1.0},
    "atom type without a symbol": {"species": ("Li",)},
}


@pytest.mark.parametrize("message", FAULTS)
def test_what_cannot_be_answered_is_refused_with_its_reason(files, tmp_path, message):
    with pytest.raises(SselmpError, match=message):
        ask(files, tmp_path, **FAULTS[message])
    assert list(tmp_path.iterdir()) == []


def test_a_temperature_of_zero_is_refused():
    with pytest.raises(SettingsError, match=r"the temperature of run\.dump must be positive") as error:
        Simulation((Path("run.dump"),), 0.0)
    assert "0 K" in str(error.value)


def test_the_mobile_species_is_guessed_where_one_usual_one_is_there_and_asked_for_otherwise(files, tmp_path):
    assert ask(files, tmp_path).result.mobile_species == "Li"
    for species in (("Li", "Na"), ("P", "S")):
        with pytest.raises(SettingsError, match="which species diffuses cannot be guessed"):
            ask(files, tmp_path, species=species)
    with pytest.raises(SettingsError, match="the charge of P is not known"):
        ask(files, tmp_path, species=("P", "S"), question=Question(mobile_species="P"))


def test_runs_at_one_temperature_count_as_seeds(files, tmp_path):
    written.dump(files / "again.dump", diffusing(600, seed=1), "id type x y z ix iy iz")
    report = ask(files, tmp_path, names=("low.dump", "again.dump"))
    assert [run.facts.seed for run in report.runs] == [1, 2]
    assert report.system == "Li2S"
    (together,) = report.result.temperatures
    assert len(together.names) == 2


def test_a_restart_given_as_a_run_of_its_own_is_noticed(files, tmp_path):
    whole = diffusing(600)
    for name, frames in (("first", slice(0, 250)), ("restart", slice(200, None))):
        part = written.Frames(whole.scaled[frames], whole.cells[frames], whole.species)
        written.dump(files / name, part, "id type x y z ix iy iz", first=frames.start * written.STEP)
    with pytest.raises(SettingsError, match="restart is a restart from within first, not another run") as error:
        ask(files, tmp_path, names=("restart", "first"))
    assert "first,restart" in str(error.value)


def test_a_material_without_the_species_in_one_of_its_files_is_refused(files, tmp_path):
    other = diffusing(600)
    written.through_ase(files / "o.traj", written.Frames(other.scaled, other.cells, ("O",) * 24), wrapped=False)
    with pytest.raises(TrajectoryError, match="no atom of the species 'Li'"):
        ask(files, tmp_path, names=("low.dump", "o.traj"))


def test_a_campaign_says_what_is_asked_of_its_runs_and_options_go_before_it(tmp_path):
    shipped = (Path(layout.campaigns_folder()) / "smoke.toml").read_text()
    chosen = '[transport]\nextrapolate_to_K = 350\nreference = "centre of mass"\nfit_start_ps = 2.5\n'
    (tmp_path / "mine.toml").write_text(f"{shipped}\n{chosen}")
    _, campaign = load_campaign(str(tmp_path / "mine.toml"))
    asked = outcome.asked_of(campaign)
    assert asked == Question(extrapolate_to_K=350.0, method=Method("centre of mass", 2.5))
    nothing = {"at": None, "mobile": None, "reference": None, "fit_start": None}
    assert asked_instead(asked, **nothing) == asked
    other = asked_instead(asked, at=300.0, mobile="Na", reference="none", fit_start=1.0)
    assert other == Question("Na", 300.0, Method("none", 1.0))
    assert asked_instead(asked, **{**nothing, "reference": "centre-of-mass"}).method.reference == "centre of mass"
    (tmp_path / "mine.toml").write_text(f"{shipped}\n{chosen.replace('centre of mass', 'lattice')}")
    with pytest.raises(SettingsError, match=r"transport\.reference"):
        load_campaign(str(tmp_path / "mine.toml"))


class Terminal(io.StringIO):
    """What a terminal would be sent."""

    def isatty(self):
        return True


@pytest.mark.parametrize("what", ["a file", "a run folder"])
def test_reading_and_analysing_show_bars_with_the_time_left(files, tmp_path, monkeypatch, what):
    seen = Terminal()
    monkeypatch.setattr(console, "err", Console(file=seen, force_terminal=True, width=100))
    monkeypatch.setattr(console, "BAR_AFTER_S", 0.0)
    with console.stage_bars() as on_stage:
        if what == "a file":
            ask(files, tmp_path, on_stage=on_stage)
        else:
            record = walks.trajectory(walks.walk(np.random.default_rng(0), frames=60))
            examine([walks.run_folder(tmp_path, temperature_K=600.0, record=record)], Question(), on_stage=on_stage)
    shown = seen.getvalue()
    assert 0 < shown.index("reading") < shown.index("analysing")
    reading, analysing = shown.split("analysing", 1)
    assert re.search(r"\d kB", reading)
    assert "%" in analysing
    for bar in (reading, analysing):
        assert re.search(r"\d:\d\d:\d\d|-:--:--", bar)


def test_where_nobody_watches_a_line_now_and_then_says_how_long_it_still_takes(monkeypatch):
    seen = io.StringIO()
    monkeypatch.setattr(console, "err", Console(file=seen, width=100))
    monkeypatch.setattr(console, "PLAIN_LINE_EVERY_S", 0.0)
    with console.stage_bars() as on_stage:
        told = on_stage("reading")
        time.sleep(0.2)
        told(10, 100)
    assert re.fullmatch(r"reading: 10%, about 0:0[2-9] left\n", seen.getvalue())


@pytest.mark.skipif(not Path("/proc/self/fdinfo").is_dir(), reason="how far a program has read a file is seen in /proc")
def test_ctrl_c_while_reading_leaves_the_results_that_were_there_and_nothing_else(tmp_path):
    many = diffusing(600, frames=40)
    text = written.dump(tmp_path / "one", many, "id type x y z ix iy iz").read_text()
    bodies = [part.split("\n", 1)[1] for part in text.split("ITEM: TIMESTEP\n")[1:]]
    dump, out, temporary = (tmp_path / name for name in ("long.dump", "out", "tmp"))
    dump.write_text("".join(f"ITEM: TIMESTEP\n{step}\n{bodies[step % 40]}" for step in range(20000)))
    for folder in (out, temporary):
        folder.mkdir()
    (out / layout.TRANSPORT_JSON).write_text("as it was")
    command = [
        Path(sys.executable).parent / "sselmp",
        "analyze",
        f"{dump}@600K",
        *["--species", "Li,S", "--timestep", "2"],
    ]
    command += ["--out", out, "--memory", "20"]
    environment = {**os.environ, "TMPDIR": str(temporary)}
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE) as running:
        wait_until_read(running.pid, dump, 5 * 2**20)
        running.send_signal(signal.SIGINT)
        _, said = running.communicate(timeout=60)
    assert running.returncode == 130
    assert said.decode().strip() == "interrupted; run the same command again to resume"
    assert [path.name for path in out.iterdir()] == [layout.TRANSPORT_JSON]
    assert (out / layout.TRANSPORT_JSON).read_text() == "as it was"
    assert list(temporary.iterdir()) == []


def wait_until_read(process, path, size):
    """Return when a process has read so many bytes of a file."""
    for _ in range(18000):
        for descriptor in Path(f"/proc/{process}/fd").glob("*"):
            with contextlib.suppress(OSError):
                if descriptor.resolve() == path.resolve():
                    said = Path(f"/proc/{process}/fdinfo/{descriptor.name}").read_text()
                    if int(said.split()[1]) >= size:
                        return
        time.sleep(0.01)
    raise AssertionError("the file was not read within three minutes")
