"""A space group that is given, by a structure or by its symbol, laid over a run; finds none from the run's atoms."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from sselmp import cells
from sselmp.errors import SettingsError, TrajectoryError
from sselmp.structures.crystal import Crystal
from sselmp.structures.crystallography import operations, space_group_named
from sselmp.structures.supercell import repeat
from sselmp.trajectory.record import Trajectory
from sselmp.transport.alignment import LARGEST_STRAIN, Alignment, Reference, align, repeats_of
from sselmp.transport.density import broadened, density, symmetrised
from sselmp.transport.grid import MEMORY_BYTES, grid_of
from sselmp.transport.surroundings import Surroundings
from sselmp.transport.symmetry import SpaceGroup, space_group
from sselmp.transport.unit_cell import Framework

Array = cells.Array
Three = tuple[int, int, int]

SAME_STRUCTURE_A = 0.01  # how far an atom of a given structure may be from its image
LEAST_AGREEMENT = 0.8  # a framework that has the symmetry shows 0.95 and more, half an ångström off it is 0.7
CHECK_SPACING_A = 0.5
CHECK_WIDTH_A = 0.5


@dataclass(frozen=True)
class Placed:
    """A crystal's framework where it lies over the run, in one of the cells that the run is folded into.

    Attributes:
        framework: Its atoms.
        crystal: The crystal, repeated to that cell.
        alignment: How the crystal was turned and shifted.
    """

    framework: Framework
    crystal: Crystal
    alignment: Alignment


def placed(crystal: Crystal, around: Surroundings, *, mobile: str, repeats: Three = (1, 1, 1)) -> Placed:
    """Lay a crystal over a run by those framework atoms that keep their place, so that polyanions may rotate.

    Args:
        crystal: A cell that the folded cell repeats, or is.
        around: Framework of the run.
        mobile: The species that diffuses.
        repeats: Cells along each axis that the run is folded into.

    Raises:
        TrajectoryError: The crystal does not fit the run.
    """
    cell = around.cell / np.array(repeats)[:, None]
    whole = repeat(crystal, repeats_of(crystal.cell, cell))
    chosen = [atom for atom, symbol in enumerate(whole.species) if symbol != mobile]
    species = tuple(whole.species[atom] for atom in chosen)
    fractional = whole.fractional()[chosen]
    resting = around.resting
    found = align(
        Reference(resting.fractional * repeats % 1.0, resting.species), Reference(fractional, species), cell=cell
    )
    scaled = found.unit(fractional, repeats=(1, 1, 1)) % 1.0
    framework = Framework(cell=cells.readonly(cell), species=species, scaled=cells.readonly(scaled))
    return Placed(framework=framework, crystal=whole, alignment=found)


def group_of_structure(place: Placed, *, mobile: str, alike: tuple[str, ...] = ()) -> SpaceGroup:
    """The space group of a structure's framework, to 0.01 Å, over the run.

    Args:
        place: The structure.
        mobile: The species that diffuses, which does not count.
        alike: Species that count as one.

    Raises:
        SettingsError: A species is absent.
        TrajectoryError: The group and the run's cell do not go together.
    """
    chosen = [atom for atom, symbol in enumerate(place.crystal.species) if symbol != mobile]
    own = Framework(
        cell=place.crystal.cell,
        species=tuple(place.crystal.species[atom] for atom in chosen),
        scaled=cells.readonly(place.crystal.fractional()[chosen]),
    )
    return _over_the_run(space_group(own, tolerance_A=SAME_STRUCTURE_A, alike=alike), place)


def group_of_name(name: str, place: Placed, *, crystal: Crystal) -> SpaceGroup:
    """A space group by its number or symbol, in its standard setting in a crystal's cell, over the run.

    Args:
        name: Such as ``216`` or ``F-43m``.
        place: The crystal over the run.
        crystal: The crystal; its cell is the conventional one.

    Raises:
        SettingsError: There is no such group, or the run is not folded into the crystal's cell.
        TrajectoryError: The group and the run's cell do not go together.
    """
    if len(place.crystal) != len(crystal):
        per = np.round(np.linalg.norm(place.framework.cell, axis=1) / np.linalg.norm(crystal.cell, axis=1)).astype(int)
        raise SettingsError(
            f"the space group {name} is one of the cell of {crystal.name}, and the density's cell is larger",
            got="x".join(map(str, per)) + " of these",
            repair="fold the run into the structure's cell, such as --fold 2x2x2",
        )
    number, symbol = space_group_named(name)
    rotations, translations = operations(name, number, setting=1)
    own = SpaceGroup(
        symbol=symbol,
        rotations=np.array(rotations, dtype=np.int64),
        twenty_fourths=np.array(np.round(translations * 24), dtype=np.int64) % 24,
        origin=cells.readonly(np.zeros(3)),
    )
    return _over_the_run(own, place)


def _over_the_run(group: SpaceGroup, place: Placed) -> SpaceGroup:
    """A group of the crystal's cell, turned and shifted as the crystal was."""
    turn = place.alignment.rotation
    back = np.round(np.linalg.inv(turn)).astype(np.int64)
    origin = turn @ group.origin + place.alignment.shift
    moved = replace(
        group,
        rotations=turn @ group.rotations @ back,
        twenty_fourths=group.twenty_fourths @ turn.T % 24,
        origin=cells.readonly(origin - np.round(origin)),
    )
    metric = place.framework.cell @ place.framework.cell.T
    turned = moved.rotations.transpose(0, 2, 1) @ metric @ moved.rotations
    if float(np.abs(turned - metric).max()) > LARGEST_STRAIN * metric.max():
        raise TrajectoryError(
            f"the space group {group.symbol} does not keep the lengths and angles of the cell",
            got=f"lengths {np.round(np.linalg.norm(place.framework.cell, axis=1), 3).tolist()} Å",
            repair="give the structure in its conventional cell, in the group's standard setting",
        )
    return moved


def agreement(
    trajectory: Trajectory,
    group: SpaceGroup,
    *,
    around: Surroundings,
    repeats: Three = (1, 1, 1),
    alike: tuple[str, ...] = (),
    memory_bytes: int = MEMORY_BYTES,
) -> float:
    """Overlap of the framework's density with itself averaged over a group: near 1 where it has this symmetry.

    It is the density and not the mean positions that has the symmetry where polyanions rotate.

    Args:
        trajectory: The run.
        group: A group of the folded cell.
        around: Framework of the run.
        repeats: Cells along each axis that the run is folded into.
        alike: Species that count as one.
        memory_bytes: Bound on the arrays on the grid.

    Raises:
        TrajectoryError: The overlap is below 0.6: the framework does not have this symmetry in this place.
    """
    grid = grid_of(around.cell, spacing_A=CHECK_SPACING_A, repeats=repeats, symmetry=group, memory_bytes=memory_bytes)
    shared, ions = 0.0, 0.0
    for kind in sorted(set(around.species)):
        members = alike if kind in alike else (kind,)
        if kind != members[0]:
            continue
        found = [density(trajectory, one, grid=grid, drift=around.drift_A) for one in members if one in around.species]
        total = replace(found[0], values=np.sum([one.values for one in found], axis=0))
        smooth = broadened(total, width_A=CHECK_WIDTH_A)
        alone = symmetrised(smooth, symmetry=group)
        weight = sum(one.ions for one in found)
        shared += weight * float(np.minimum(smooth.values, alone.values).sum() / smooth.values.sum())
        ions += weight
    if shared / ions < LEAST_AGREEMENT:
        raise TrajectoryError(
            f"the run's framework does not have the space group {group.symbol} where the structure puts it",
            got=f"an overlap of {shared / ions:.0%} with its own average over the group",
            allowed=f"{LEAST_AGREEMENT:.0%} or more",
            repair="check the group and its setting (origin, axes), or count species that share sites as one: --alike",
        )
    return shared / ions
