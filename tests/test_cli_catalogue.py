"""`sselmp potentials`: the table of what there is, on the terminal and in Markdown."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from sselmp import layout
from sselmp.cli.catalogue import HEADERS, Row, markdown_table
from sselmp.potentials.cards import card_names, load_card
from sselmp.preflight import record

ROW = Row("a", "A | B", "a: ready", "verified", "-", "bridge", "3", "direct", "PBE", "MIT", "10.1000/x.y")


def listed(folder: Path, *arguments: str) -> str:
    argv = [Path(sys.executable).parent / "sselmp", "potentials", *arguments]
    done = subprocess.run(argv, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def cells(table: str, name: str) -> dict[str, str]:
    """The row of one potential of a Markdown table, by header."""
    (line,) = [line for line in table.splitlines() if line.startswith(f"| `{name}` |")]
    return dict(zip(HEADERS, line.strip("| ").split(" | "), strict=True))


def measured(*, passed: bool, system: str, **changed: object) -> record.Record:
    """A preflight of SevenNet that found one thing."""
    outcome = record.Outcome(name="x", passed=passed, measured=1.0, limit=2.0, units="eV", words="")
    hardware = record.Hardware(host="h", processor="p", threads="1", device="cpu")
    findings = record.Findings(
        checks=(outcome,), versions={}, hardware=hardware, seconds=1.0, seconds_per_evaluation=None,
        seconds_per_step=None, peak_memory_MB=1.0, peak_gpu_memory_MB=None,
    )  # fmt: skip
    values = {"potential": "sevennet", "potential_sha256": load_card("sevennet").physics_sha256(), **changed}
    return record.Record(
        **values, card_sha256="", weights_sha256=None, system=system, structure_sha256=system, elements=("Li",),
        atoms=1, level="full", sselmp_version="0", created="2026-01-01T00:00:00", findings=findings,
    )  # fmt: skip


def test_markdown_has_a_row_for_each_card_with_what_is_here(tmp_path):
    table = listed(tmp_path, "--markdown")
    assert len(table.splitlines()) == 2 + len(card_names())
    found = cells(table, "sevennet-mf-ompa")
    assert found["weights"] == "not pinned"
    assert found["preflight"] == "-"
    assert found["elements"] == "89"
    assert found["citation"] == "[10.1021/jacs.4c14455](https://doi.org/10.1021/jacs.4c14455)"
    assert re.fullmatch(r"sevennet: (ready|absent|outdated|broken)", found["environment"])


def test_the_terminal_shows_the_same_potentials(tmp_path):
    shown = listed(tmp_path)
    assert [line.split()[0] for line in shown.splitlines() if line.startswith("sevennet ")] == ["sevennet"]
    assert "MP2020" in shown


def test_preflights_are_shown_of_the_potential_as_it_is_now_only(tmp_path):
    folder = layout.preflight_folder(tmp_path / "results")
    record.write(folder, measured(passed=True, system="Li6PS5Cl"))
    record.write(folder, measured(passed=False, system="Li3YCl6"))
    record.write(folder, measured(passed=True, system="old", potential_sha256="0" * 64))
    table = listed(tmp_path, "--markdown")
    assert cells(table, "sevennet")["preflight"] == "Li3YCl6 FAILED, Li6PS5Cl passed"
    assert cells(table, "sevennet-l3i5")["preflight"] == "-"


@pytest.mark.parametrize(
    ("citation", "shown"),
    [
        ("10.1000/x.y", "[10.1000/x.y](https://doi.org/10.1000/x.y)"),
        ("arXiv:2401.00096", "[arXiv:2401.00096](https://arxiv.org/abs/2401.00096)"),
        ("A. Author, A Book", "A. Author, A Book"),
    ],
)
def test_a_markdown_row_links_its_citation_and_no_text_breaks_it(citation, shown):
    line = markdown_table([replace(ROW, citation=citation)])[-1]
    assert line.endswith(f"| {shown} |")
    assert "A \\| B" in line
    assert len(re.findall(r"(?<!\\)\|", line)) == len(HEADERS) + 1
