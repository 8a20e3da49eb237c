"""Reading a user's structure file (CIF, POSCAR, extxyz) as an ordered crystal; refuses rather than repairs."""

from __future__ import annotations

import re
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sselmp.errors import StructureError
from sselmp.structures import checks
from sselmp.structures.crystal import Crystal

if TYPE_CHECKING:
    from pymatgen.core import Structure

ALLOWED = "a CIF (*.cif), a POSCAR (*POSCAR*, *CONTCAR*, *.vasp) or an extended XYZ (*.xyz, *.extxyz)"
KINDS = {".cif": "cif", ".xyz": "extxyz", ".extxyz": "extxyz", ".vasp": "vasp", ".poscar": "vasp"}
WHOLE_ATOM = 1e-3  # an occupancy this near to 1 is a rounded 1


def read_crystal(path: Path) -> Crystal:
    """Read an ordered, periodic crystal and check its elements and distances.

    A left-handed cell is described by the same lattice with all three vectors negated.

    Raises:
        StructureError: The file does not exist, does not parse, holds no or several structures, is disordered or not
            periodic, or has overlapping atoms.
    """
    if not path.is_file():
        raise StructureError(f"there is no structure file {path}", repair="check the path")
    kind = _kind(path)
    crystal = _from_cif(path) if kind == "cif" else _from_ase(path, kind=kind)
    checks.check_elements_exist(crystal)
    checks.check_distances(crystal)
    return crystal


def crystal_name(path: Path) -> str:
    """Name of a crystal from its file, fit for a folder's name."""
    stem = path.parent.resolve().name if path.name in {"POSCAR", "CONTCAR"} else path.stem
    return re.sub(r"[^A-Za-z0-9._+-]+", "_", stem).strip("._") or "structure"


def _kind(path: Path) -> str:
    if kind := KINDS.get(path.suffix.lower()):
        return kind
    if "POSCAR" in path.name.upper() or "CONTCAR" in path.name.upper():
        return "vasp"
    raise StructureError(f"{path}: a structure file of an unknown kind", got=path.name, allowed=ALLOWED)


def _from_cif(path: Path) -> Crystal:
    from pymatgen.io.cif import CifParser

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pymatgen tells what it rounds; what matters is checked below
        try:
            # Occupancies are judged below, by us, with the sites named: pymatgen would scale or drop them.
            parser = CifParser(path, occupancy_tolerance=1e9)
            structures = parser.parse_structures(primitive=False, check_occu=False, on_error="raise")
        except Exception as error:  # the parser raises whatever a malformed file leads it into
            raise _unreadable(path, error, kind="CIF") from error
    if len(structures) != 1:
        raise _several(path, len(structures))
    structure = structures[0]
    _check_occupancies(path, structure)
    species = tuple(_symbol(next(iter(site.species))) for site in structure)
    return _crystal(path, species, cell=structure.lattice.matrix, positions=structure.cart_coords)


def _check_occupancies(path: Path, structure: Structure) -> None:
    faults: dict[str, str] = {}
    for number, site in enumerate(structure, start=1):
        occupancies = {_symbol(specie): float(amount) for specie, amount in site.species.items()}
        if len(occupancies) > 1 or abs(sum(occupancies.values()) - 1.0) > WHOLE_ATOM:
            label = str(site.label or number)
            held = ", ".join(f"{symbol} {amount:.4g}" for symbol, amount in occupancies.items())
            faults.setdefault(f"{label} ({held})", f"first at fractional {np.round(site.frac_coords, 4).tolist()}")
    if faults:
        raise StructureError(
            f"{path} is disordered: sites are shared or partly occupied",
            got="; ".join(f"{site} {where}" for site, where in faults.items()),
            allowed="every site holds one whole atom",
            repair="give an ordered cell, with one of the possible arrangements on these sites",
        )


def _symbol(specie: Any) -> str:  # noqa: ANN401 - pymatgen's Element, Species or DummySpecies
    return str(getattr(specie, "symbol", specie))


def _from_ase(path: Path, *, kind: str) -> Crystal:
    from ase.io import read

    try:
        frames = read(path, index=":", format=kind, parallel=False)
    except Exception as error:  # the readers raise whatever a malformed file leads them into
        raise _unreadable(path, error, kind="POSCAR" if kind == "vasp" else "extended XYZ") from error
    if len(frames) != 1:
        raise _several(path, len(frames))
    atoms = frames[0]
    if not np.all(atoms.pbc):
        raise StructureError(
            f"{path} is not a crystal: it is not periodic along all three axes",
            got=f"pbc = {' '.join('T' if periodic else 'F' for periodic in atoms.pbc)}",
            allowed="pbc = T T T",
            repair='give the cell in the comment line, Lattice="ax ay az bx by bz cx cy cz"',
        )
    return _crystal(path, tuple(atoms.get_chemical_symbols()), cell=np.asarray(atoms.cell), positions=atoms.positions)


def _crystal(path: Path, species: tuple[str, ...], *, cell: np.ndarray, positions: np.ndarray) -> Crystal:
    right_handed = -cell if np.linalg.det(cell) < 0 else cell
    return Crystal(name=crystal_name(path), species=species, cell=right_handed, positions=positions)


def _unreadable(path: Path, error: Exception, *, kind: str) -> StructureError:
    text = " ".join(str(error).split())
    return StructureError(
        f"{path} cannot be read as a {kind}",
        got=f"{type(error).__name__}: {text[:300]}",
        allowed=ALLOWED,
        repair="check that the file is complete, and that its name says what it is",
    )


def _several(path: Path, count: int) -> StructureError:
    return StructureError(
        f"{path} must hold one structure",
        got=f"{count} of them",
        repair="put the one that is meant in a file of its own",
    )
