"""Filling Jinja2 templates with the values of a frozen record; computes nothing and writes nothing."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

from sselmp import layout
from sselmp.errors import SettingsError, nearest

if TYPE_CHECKING:
    from _typeshed import DataclassInstance
    from jinja2 import Environment


def render(template: str, values: DataclassInstance) -> str:
    """Fill one of the shipped templates.

    Args:
        template: The template's file name under ``templates/``, such as ``in.lammps.j2``.
        values: A frozen record whose fields are the template's variables.

    Raises:
        SettingsError: There is no such template, it is not valid, or uses a variable that the record does not have.
    """
    from jinja2 import TemplateNotFound, TemplateSyntaxError, UndefinedError

    folder = layout.templates_folder()
    try:
        return _environment(folder).get_template(template).render(dataclasses.asdict(values))
    except TemplateNotFound as error:
        known = [path.name for path in folder.glob("*.j2")]
        raise SettingsError(f"there is no template {folder / template}", allowed=nearest(template, known)) from error
    except TemplateSyntaxError as error:
        fault = f"line {error.lineno}: {error.message}"
        raise SettingsError(f"{folder / template} is not a valid template", got=fault, repair="mend it") from error
    except UndefinedError as error:
        given = ", ".join(sorted(field.name for field in dataclasses.fields(values)))
        what = f"{folder / template} uses a variable that nothing gives"
        raise SettingsError(what, got=error, allowed=given, repair="correct the variable's name") from error


def _environment(folder: Path) -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    return Environment(
        loader=FileSystemLoader(folder),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701 - LAMMPS scripts are not HTML
    )
