"""Where the phases of a hull lie in a line, triangle or tetrahedron of compositions; draws nothing."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sselmp.cells import Array, readonly
from sselmp.errors import SettingsError
from sselmp.statics.entries import Phase
from sselmp.statics.hull import Hull, Stability, Standing

NEAR_EV = 0.2  # an atom: phases farther above the hull are not drawn
CORNERS = {
    2: ((0.0, 0.0), (1.0, 0.0)),
    3: ((0.0, 0.0), (1.0, 0.0), (0.5, math.sqrt(3) / 2)),
    4: (
        (0.0, 0.0, 0.0),
        (1.0, 0.0, 0.0),
        (0.5, math.sqrt(3) / 2, 0.0),
        (0.5, math.sqrt(3) / 6, math.sqrt(2 / 3)),
    ),
}


@dataclass(frozen=True)
class Spot:
    """A phase and its place.

    Attributes:
        standing: Where the phase stands on the hull.
        place: (2,) or (3,) coordinates in a line, triangle or tetrahedron of side 1, read-only. On a line the second
            is the formation energy [eV an atom].
    """

    standing: Standing
    place: Array


@dataclass(frozen=True)
class HullScene:
    """What a diagram shows.

    Attributes:
        elements: At its corners.
        corners: (n, 2) or (n, 3) their places, read-only.
        stable: One phase a composition on the hull.
        unstable: Those above it, the nearest first; the target is not among them.
        ties: (t, 2, dimension) ends of the tie lines, read-only.
        target: The phase asked for; None where there is none.
        products: What it decomposes into.
    """

    elements: tuple[str, ...]
    corners: Array
    stable: tuple[Spot, ...]
    unstable: tuple[Spot, ...]
    ties: Array
    target: Spot | None
    products: tuple[Spot, ...]


def can_be_drawn(elements: Sequence[str]) -> bool:
    """Whether a system has as many elements as a line, triangle or tetrahedron has corners."""
    return len(elements) in CORNERS


def hull_scene(hull: Hull, target: Stability | None = None) -> HullScene:
    """Place the phases of a hull.

    Args:
        hull: Of two, three or four elements.
        target: The stability of one of its phases, to be marked.

    Raises:
        SettingsError: The system has another number of elements, of which no picture can be drawn.
    """
    if not can_be_drawn(hull.elements):
        raise SettingsError(
            f"a phase diagram of {len(hull.elements)} elements cannot be drawn",
            got="-".join(hull.elements),
            allowed="two, three or four elements; tables are written for any number",
        )
    corners = readonly(CORNERS[len(hull.elements)])
    spots = [Spot(standing, _place(hull, standing, corners=corners)) for standing in hull.standings]
    products = [part.phase for part in target.decomposition.parts] if target else []
    ends = np.array([[spots[a].place, spots[b].place] for a, b in hull.ties]).reshape(-1, 2, corners.shape[1])
    return HullScene(
        elements=hull.elements,
        corners=corners,
        stable=tuple(spot for spot in spots if spot.standing.stable),
        unstable=tuple(spot for spot in spots if not (spot.standing.stable or _is_target(spot, target))),
        ties=readonly(ends),
        target=_spot_of(spots, target.standing.phase) if target else None,
        products=tuple(_spot_of(spots, phase) for phase in products),
    )


def _place(hull: Hull, standing: Standing, *, corners: Array) -> Array:
    phase = standing.phase
    shares = np.array([phase.composition.get(element, 0.0) / phase.atoms for element in hull.elements])
    place = shares @ corners
    if len(hull.elements) == 2:
        place = np.array([place[0], standing.formation_eV_per_atom])
    return readonly(place)


def _is_target(spot: Spot, target: Stability | None) -> bool:
    return target is not None and spot.standing.phase == target.standing.phase


def _spot_of(spots: Sequence[Spot], phase: Phase) -> Spot:
    return next(spot for spot in spots if spot.standing.phase == phase)


def verdict(found: Stability) -> str:
    """A sentence on a phase's stability and its decomposition."""
    standing, parts = found.standing, found.decomposition.parts
    formula = standing.phase.formula
    same = [part for part in parts if part.phase.formula == formula]
    products = (
        f"its form {same[0].phase.name}"
        if same
        else " + ".join(_amount(part.formula_units) + part.phase.formula for part in parts)
    )
    if standing.stable:
        cost = 1000 * found.decomposition_eV_per_atom
        return f"{formula} is stable; {products} would cost {cost:.1f} meV an atom"
    return f"{formula} is {1000 * standing.above_hull_eV_per_atom:.1f} meV an atom above the hull: {products}"


def _amount(number: float) -> str:
    return "" if abs(number - 1) < 1e-5 else f"{number:.3g} "
