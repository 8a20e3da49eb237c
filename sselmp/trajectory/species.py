"""Chemical symbols of atoms from what a person states or from a structure beside the trajectory; reads no frames."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from sselmp.errors import SettingsError, TrajectoryError, nearest
from sselmp.trajectory.frames import Reading


def parse_symbols(text: str) -> tuple[str, ...]:
    """Symbols from a list such as ``Li,P,S,Cl`` (of types) or ``Li*192,P*32`` (of atoms in order).

    Raises:
        SettingsError: A word is not a chemical symbol.
    """
    from ase.data import chemical_symbols

    known = chemical_symbols[1:]
    found: list[str] = []
    for word in text.split(","):
        match = re.fullmatch(r"\s*([A-Za-z]+)(?:\*(\d+))?\s*", word)
        if match is None or match[1] not in known:
            raise SettingsError(
                "a species is not a chemical symbol",
                got=repr(word),
                allowed="symbols of LAMMPS's types in order (Li,P,S,Cl) or of all atoms in order (Li*192,P*32)",
            )
        found += [match[1]] * int(match[2] or 1)
    return tuple(found)


def of_types(types: Sequence[int], symbols: tuple[str, ...], *, path: Path) -> tuple[str, ...]:
    """The symbol of every atom from LAMMPS type numbers, which count from 1.

    Raises:
        TrajectoryError: There are more types than symbols.
    """
    highest = max(types)
    if highest > len(symbols) or min(types) < 1:
        raise TrajectoryError(
            f"{path} has an atom type without a symbol",
            got=f"type {highest if highest > len(symbols) else min(types)}, symbols for {','.join(symbols)}",
            allowed="one symbol for each type, in order",
            repair="name all types: --species Li,P,S,Cl",
        )
    return tuple(symbols[number - 1] for number in types)


def of_atoms(atoms: int, reading: Reading, *, path: Path) -> tuple[str, ...]:
    """The symbol of every atom of a file that holds none, from what a person stated.

    Args:
        atoms: Number of atoms in the trajectory.
        reading: Its topology (with symbols for its types where given), or its species of all atoms in order.
        path: The trajectory, for messages.

    Raises:
        TrajectoryError: Neither is given, or it describes another number of atoms.
    """
    found = _topology(reading.topology, reading.species) if reading.topology is not None else reading.species
    if not found:
        raise TrajectoryError(
            f"{path} does not say which element an atom is",
            repair="give a structure with its atoms in the same order (--topology FILE, such as a LAMMPS data file) or "
            "all species in order (--species 'Li*192,P*32')",
        )
    if len(found) != atoms:
        raise TrajectoryError(
            f"{reading.topology or 'the list of species'} describes other atoms than {path}",
            got=f"{len(found)} atoms",
            allowed=f"{atoms} atoms",
        )
    return found


def _topology(path: Path, symbols: tuple[str, ...]) -> tuple[str, ...]:
    """Symbols of a structure file in the order of its ids; LAMMPS types become ``symbols``, else go by their masses."""
    from ase.io import read
    from ase.io.formats import UnknownFileTypeError

    is_data = _is_lammps_data(path)
    try:
        atoms = (
            read(path, format="lammps-data", atom_style=_atom_style(path), units="metal", sort_by_id=True)
            if is_data
            else read(path)
        )
    except (OSError, ValueError, KeyError, IndexError, RuntimeError, UnknownFileTypeError) as error:
        raise TrajectoryError(
            f"{path} is not a structure that can be read", got=error, allowed="a LAMMPS data file, POSCAR, CIF or xyz"
        ) from error
    if is_data and symbols:
        return of_types([int(number) for number in atoms.arrays["type"]], symbols, path=path)
    found = tuple(atoms.get_chemical_symbols())
    if is_data:
        _check_masses(atoms, path)
    return found


def _check_masses(atoms: object, path: Path) -> None:
    """A data file without real masses (all 1, say) names no elements."""
    import numpy as np
    from ase.data import atomic_masses

    stated, standard = np.asarray(atoms.get_masses()), atomic_masses[atoms.numbers]  # type: ignore[attr-defined]
    wrong = np.flatnonzero(np.abs(stated - standard) > 0.5)
    if wrong.size:
        raise TrajectoryError(
            f"the masses in {path} are not those of elements",
            got=f"{stated[wrong[0]]:g} g/mol",
            repair="name the types in order: --species Li,P,S,Cl",
        )


def _is_lammps_data(path: Path) -> bool:
    try:
        with path.open(encoding="utf-8", errors="replace") as lines:
            return any(re.match(r"\s*\d+\s+atom types", line) for _, line in zip(range(40), lines, strict=False))
    except OSError as error:
        raise TrajectoryError(f"cannot read {path}", got=error.strerror, repair="check the path") from error


def _atom_style(path: Path) -> str:
    """The style that a data file names after its ``Atoms``; atomic where it names none."""
    styles = ("atomic", "charge", "full", "molecular", "bond", "angle")
    with path.open(encoding="utf-8", errors="replace") as lines:
        for line in lines:
            if match := re.match(r"\s*Atoms\s*#\s*(\w+)", line):
                if match[1] not in styles:
                    raise TrajectoryError(
                        f"{path} has an atom style that is not known", got=match[1], allowed=nearest(match[1], styles)
                    )
                return match[1]
    return "atomic"
