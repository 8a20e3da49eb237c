"""Templates: each variant against its golden file, and what a wrong template does."""

from __future__ import annotations

import dataclasses

import pytest
from golden_cases import CASES, GOLDEN, POTENTIALS, potential, script

from sselmp import layout
from sselmp.errors import SettingsError
from sselmp.inputs.render import render


@dataclasses.dataclass(frozen=True)
class Values:
    element: str = "Li"


@pytest.fixture
def templates(tmp_path, monkeypatch):
    """A templates folder of the test's own."""
    monkeypatch.setenv(layout.HOME_VARIABLE, str(tmp_path))
    (tmp_path / "templates").mkdir()
    return tmp_path / "templates"


@pytest.mark.parametrize("name", CASES)
def test_each_variant_of_the_lammps_script_is_as_it_was_read_and_approved(name):
    assert script(name) == (GOLDEN / f"{name}.in.lammps").read_text()


@pytest.mark.parametrize("name", POTENTIALS)
def test_the_potential_script_of_each_route_is_as_it_was_read_and_approved(name):
    assert potential(name) == (GOLDEN / name).read_text()


def test_every_golden_file_belongs_to_a_case():
    assert {path.name for path in GOLDEN.iterdir()} == {f"{n}.in.lammps" for n in CASES} | set(POTENTIALS)


def test_every_shipped_template_has_a_golden_file():
    shipped = {path.name.removesuffix(".j2") for path in layout.templates_folder().glob("*.j2")}
    assert all(any(golden.name.endswith(name) for golden in GOLDEN.iterdir()) for name in shipped)


def test_no_template_computes():
    for path in layout.templates_folder().glob("*.j2"):
        for line in path.read_text().splitlines():
            inside = "".join(part.split("}}")[0] for part in line.split("{{")[1:])
            assert not set(inside) & set("*/+"), f"{path.name}: {line}"
            assert "{% set" not in line


def test_an_unknown_variable_in_a_template_is_refused_with_those_that_there_are(templates):
    (templates / "x.j2").write_text("{{ elemnt }}")
    with pytest.raises(SettingsError, match=r"x\.j2 uses a variable that nothing gives(.|\n)*elemnt(.|\n)*element"):
        render("x.j2", Values())


def test_an_unknown_template_is_refused_with_the_nearest_name(templates):
    (templates / "in.lammps.j2").write_text("")
    with pytest.raises(SettingsError, match=r"did you mean 'in\.lammps\.j2'"):
        render("in.lamps.j2", Values())


def test_a_template_that_is_not_jinja_is_refused(templates):
    (templates / "x.j2").write_text("first\n{% if %}")
    with pytest.raises(SettingsError, match=r"x\.j2 is not a valid template(.|\n)*line 2"):
        render("x.j2", Values())


def test_values_are_not_escaped_as_html(templates):
    (templates / "x.j2").write_text("{{ element }}")
    assert render("x.j2", Values(element="<&'")) == "<&'"
