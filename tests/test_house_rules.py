"""The house rules that a program can check and ruff does not: file lengths, names, opening sentences, thin targets."""

from __future__ import annotations

import ast
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MODULES = sorted([*ROOT.glob("sselmp/**/*.py"), *ROOT.glob("tests/**/*.py"), *ROOT.glob("benchmarks/**/*.py")])
SOURCES = sorted([*MODULES, *ROOT.glob("sselmp/**/*.cpp"), *ROOT.glob("sselmp/**/*.h")])
MAKEFILE = (ROOT / "Makefile").read_text()
FORBIDDEN_NAMES = {"utils", "util", "helpers", "helper", "common", "misc", "manager", "context"}
LIMIT = 400


def names(paths: list[Path]) -> list[str]:
    return [str(path.relative_to(ROOT)) for path in paths]


def recipes(makefile: str) -> dict[str, list[str]]:
    """Recipe lines of each target, a continued line counted as it is written."""
    found: dict[str, list[str]] = {}
    target = None
    for line in makefile.splitlines():
        if match := re.match(r"([\w./-]+):(?!=)", line):
            target = match[1]
            found[target] = []
        elif line.startswith("\t") and target:
            found[target].append(line.strip())
    return found


def test_there_are_files_to_check():
    assert len(MODULES) > 30


@pytest.mark.parametrize("path", SOURCES, ids=names(SOURCES))
def test_no_file_is_longer_than_400_lines(path):
    assert len(path.read_text().splitlines()) <= LIMIT


@pytest.mark.parametrize("path", MODULES, ids=names(MODULES))
def test_every_module_opens_with_a_sentence(path):
    opening = ast.get_docstring(ast.parse(path.read_text()))
    assert opening, "the module has no docstring"
    assert opening[0].isupper() or opening[0] in "`0123456789"
    assert re.search(r"[.!?]$", opening.strip())


@pytest.mark.parametrize("path", MODULES, ids=names(MODULES))
def test_no_module_or_folder_is_named_for_nothing(path):
    assert not {part.removesuffix(".py") for part in path.relative_to(ROOT).parts} & FORBIDDEN_NAMES


@pytest.mark.parametrize("path", sorted(ROOT.glob("sselmp/**/__init__.py")), ids=lambda p: p.parent.name)
def test_a_packages_init_holds_its_docstring_only(path):
    body = ast.parse(path.read_text()).body
    version = path.parent == ROOT / "sselmp"  # the package's own also holds its version
    assert len(body) == (2 if version else 1)


def test_no_target_of_the_makefile_is_longer_than_three_lines():
    found = recipes(MAKEFILE)
    assert len(found) > 10
    assert {target: lines for target, lines in found.items() if len(lines) > 3} == {}


def test_make_help_lists_every_target_with_one_line():
    (declared,) = re.findall(r"^\.PHONY: (.+)$", MAKEFILE, re.MULTILINE)
    targets = {target for target in recipes(MAKEFILE) if not target.startswith(".")}
    shown = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert set(declared.split()) == targets
    assert set(re.findall(r"^  make (\w+) +\S.+$", shown, re.MULTILINE)) == targets


def test_locked_requirements_name_no_folder_of_a_machine_and_no_local_build():
    locked = {*ROOT.glob("potentials/environments/*.txt")} - {*ROOT.glob("potentials/environments/*.overrides.txt")}
    for path in (ROOT / "requirements.txt", *sorted(locked)):
        pins = [line for line in path.read_text().splitlines() if line and not line.lstrip().startswith("#")]
        assert pins
        assert [pin for pin in pins if not re.fullmatch(r"[a-z0-9._-]+==[a-z0-9.]+", pin)] == [], path.name
