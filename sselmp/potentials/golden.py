"""Small compounds on which a potential must give what its authors' own stack gave; records no values itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from sselmp.cells import Array
from sselmp.errors import PotentialError, nearest
from sselmp.potentials.cards import Card, Golden

if TYPE_CHECKING:
    from ase import Atoms
    from ase.calculators.calculator import Calculator

EVERYTHING = ("positions", "numbers", "cell", "pbc", "initial_charges", "initial_magmoms")  # that may have changed
_PASSED: set[tuple[str, str]] = set()  # of this process; a potential that is opened again need not be asked again


def structure(name: str) -> Atoms:
    """Build a golden structure by name, always with the same atoms in the same order.

    Raises:
        PotentialError: There is none of that name.
    """
    if name not in _STRUCTURES:
        raise PotentialError(f"there is no golden structure '{name}'", allowed=nearest(name, structure_names()))
    return _STRUCTURES[name]()


def structure_names() -> tuple[str, ...]:
    """Names of the golden structures, sorted."""
    return tuple(sorted(_STRUCTURES))


def check(card: Card, calculator: Calculator, *, device: str = "cpu") -> None:
    """Hold a potential against its card's golden values, once a process for each card and device.

    Args:
        card: The potential, whose ``golden`` may be empty.
        calculator: Gives energy [eV], forces [eV/Å] and, if the card says so, stress [eV/Å³].
        device: Where it computes.

    Raises:
        PotentialError: It misses one of them, or is asked for a structure that there is not.
    """
    key = (card.model_dump_json(), device)
    if key in _PASSED:
        return
    for golden in card.golden:
        _check_one(golden, card=card, calculator=calculator)
    if card.golden:
        calculator.reset()
    _PASSED.add(key)


def _check_one(golden: Golden, *, card: Card, calculator: Calculator) -> None:
    atoms = structure(golden.structure)
    if len(golden.forces_eV_per_A) > len(atoms):
        raise PotentialError(
            f"the card '{card.name}' has more golden forces than {golden.structure} has atoms",
            got=len(golden.forces_eV_per_A),
            allowed=len(atoms),
        )
    wanted = ["energy", "forces", "stress"] if card.stress else ["energy", "forces"]
    calculator.calculate(atoms, wanted, list(EVERYTHING))
    for quantity in _compared(golden, card=card, results=calculator.results, count=len(atoms)):
        if not quantity.agrees():
            raise PotentialError(
                f"the potential '{card.name}' misses its golden values and is not used: "
                f"{quantity.name} of {golden.structure}",
                got=quantity.found,
                allowed=f"{quantity.stated} to within {quantity.tolerance:g}, as {golden.recorded_with} gives",
                repair="its weights or its packages do not do what the authors' do: verify the weights with 'sselmp "
                f"weights verify' and build the environment again with 'sselmp env build {card.environment}'",
            )


@dataclass(frozen=True)
class _Quantity:
    """One kind of number, as the potential gives it and as it should be, in the units that its name says."""

    name: str
    found: Array
    stated: Array
    tolerance: float

    def agrees(self) -> bool:
        """Whether all numbers are within the tolerance; not-a-number never is."""
        same_shape = self.found.shape == self.stated.shape
        return same_shape and bool((np.abs(self.found - self.stated) <= self.tolerance).all())


def _compared(golden: Golden, *, card: Card, results: dict[str, Any], count: int) -> Iterator[_Quantity]:
    allowed = card.golden_tolerance
    forces, first = np.asarray(results["forces"], dtype=np.float64), np.array(golden.forces_eV_per_A)
    energy, recorded = np.array(float(results["energy"]) / count), np.array(golden.energy_eV / count)
    yield _Quantity("energy [eV/atom]", energy, recorded, allowed.energy_eV_per_atom)
    yield _Quantity(f"forces on {len(first)} atoms [eV/Å]", forces[: len(first)], first, allowed.forces_eV_per_A)
    if (rms := golden.force_rms_eV_per_A) is not None:
        found = np.sqrt(np.mean(forces**2))
        yield _Quantity("root mean square force [eV/Å]", found, np.array(rms), allowed.forces_eV_per_A)
    if golden.stress_eV_per_A3 is not None and card.stress:
        stress, stated = np.asarray(results["stress"], dtype=np.float64), np.array(golden.stress_eV_per_A3)
        yield _Quantity("stress [eV/Å³]", stress, stated, allowed.stress_eV_per_A3)


def _cubic(name: str, prototype: str, *, a: float, distorted: bool = False) -> Callable[[], Atoms]:
    """A conventional cubic cell with edge a [Å]."""

    def build() -> Atoms:
        from ase.build import bulk

        atoms = bulk(name, prototype, a=a, cubic=True)
        return _distort(atoms) if distorted else atoms

    return build


def _antifluorite(cation: str, anion: str, *, a: float, distorted: bool = False) -> Callable[[], Atoms]:
    """Cation on 8c, anion on 4a of Fm-3m, cubic cell with edge a [Å], cations first."""
    sites = [(cation, (0.25, 0.25, 0.25)), (anion, (0.0, 0.0, 0.0))]
    return _by_symmetry(sites, space_group=225, a=a, distorted=distorted)


def _argyrodite() -> Callable[[], Atoms]:
    """Ordered F-43m Li6PS5Cl: S on 4c beside Cl on 4a; parameters of the Materials Project's mp-985592."""
    sites = [
        ("Li", (0.25, 0.25, 0.023113)),
        ("P", (0.5, 0.0, 0.0)),
        ("S", (0.25, 0.25, 0.25)),
        ("S", (0.11552233, 0.38447767, 0.88447767)),
        ("Cl", (0.0, 0.0, 0.0)),
    ]
    return _by_symmetry(sites, space_group=216, a=10.279498)


def _organic() -> Atoms:
    """Six atoms of C, H and O at no symmetry: the triclinic structure of MACE's own regression tests."""
    from ase import Atoms

    positions = [
        (0.38660089, 0.43419621, 0.35159478),
        (2.78956776, 0.91253001, 2.25688203),
        (1.34772579, 2.80883417, 2.34990180),
        (3.34863251, 2.60399222, 0.16497031),
        (1.93038522, 1.75522364, 1.32543608),
        (4.90039750, 4.21908802, 3.49690121),
    ]
    return Atoms("OCHOCH", positions=positions, cell=[(4.3, 0, 0), (1.05, 4.1, 0), (0.65, 0.85, 4.45)], pbc=True)


def _by_symmetry(
    sites: Sequence[tuple[str, tuple[float, float, float]]], *, space_group: int, a: float, distorted: bool = False
) -> Callable[[], Atoms]:
    def build() -> Atoms:
        from ase import Atoms
        from ase.spacegroup import crystal

        symbols, basis = zip(*sites, strict=True)
        made = crystal(symbols, basis=basis, spacegroup=space_group, cellpar=[a, a, a, 90, 90, 90])
        atoms = Atoms(made.symbols, positions=made.positions, cell=made.cell, pbc=True)
        return _distort(atoms) if distorted else atoms

    return build


def _distort(atoms: Atoms) -> Atoms:
    """Shear the cell and move each atom by up to 0.1 Å, by a formula, so that no component vanishes by symmetry."""
    shear = np.array([[1.01, 0.0, 0.0], [0.03, 0.99, 0.0], [-0.02, 0.04, 1.0]])
    atoms.set_cell(atoms.cell.array @ shear, scale_atoms=True)
    atoms.positions += 0.1 * np.sin(1.0 + np.arange(3.0 * len(atoms))).reshape(-1, 3)
    return atoms


_STRUCTURES: dict[str, Callable[[], Atoms]] = {
    "C2H2O2-triclinic": _organic,
    "LiCl-rocksalt-5.14": _cubic("LiCl", "rocksalt", a=5.14),
    "LiCl-distorted": _cubic("LiCl", "rocksalt", a=5.14, distorted=True),
    "NaCl-rocksalt-5.64": _cubic("NaCl", "rocksalt", a=5.64),
    "Li2S-5.72": _antifluorite("Li", "S", a=5.72),
    "Li2S-distorted": _antifluorite("Li", "S", a=5.72, distorted=True),
    "Li6PS5Cl-ordered": _argyrodite(),
}
