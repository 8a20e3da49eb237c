"""Checks that need no derivative: symmetry, repetition, elements, size of the cell, energies of the atoms."""

from __future__ import annotations

import numpy as np

from sselmp import cells
from sselmp.potentials.predictions import Prediction
from sselmp.preflight import specimen
from sselmp.preflight.checks import Check, Evaluate, Limits, Quantity, differences, judged, noted
from sselmp.structures.crystal import Crystal

SHIFT = (1.2345, -2.7182, 3.1416)  # Å, some atoms leave the cell
APART_EV = 1e-3  # two elements in one atom's place must differ at least by this


def translation(evaluate: Evaluate, crystal: Crystal, *, base: Prediction, limits: Limits) -> Check:
    """Shift all atoms, so that some leave the cell: nothing may change."""
    found = evaluate(specimen.moved(crystal, crystal.positions + np.array(SHIFT)))
    return judged("translation", differences(found, base, limits=limits), words="all atoms shifted")


def rotation(evaluate: Evaluate, crystal: Crystal, *, base: Prediction, limits: Limits) -> Check:
    """Turn crystal and cell: the energy may not change; forces and stress must turn with it."""
    turn = _rotation()
    found = evaluate(specimen.moved(crystal, crystal.positions @ turn, cell=crystal.cell @ turn))
    stress = None if base.stress is None else _voigt(turn.T @ _tensor(base.stress) @ turn)
    expected = Prediction(base.energy, forces=base.forces @ turn, stress=stress, energies=base.energies)
    return judged("rotation", differences(found, expected, limits=limits), words="crystal and cell turned")


def permutation(evaluate: Evaluate, crystal: Crystal, *, base: Prediction, limits: Limits) -> Check:
    """Give the atoms in another order: each must keep its force."""
    order = np.random.default_rng(specimen.SEED).permutation(len(crystal))
    found = evaluate(specimen.reordered(crystal, order))
    energies = None if base.energies is None else base.energies[order]
    expected = Prediction(base.energy, forces=base.forces[order], stress=base.stress, energies=energies)
    return judged("permutation", differences(found, expected, limits=limits), words="atoms in another order")


def determinism(evaluate: Evaluate, crystal: Crystal, *, base: Prediction, limits: Limits) -> Check:
    """Evaluate the first configuration again, after all others: the answer must be the same.

    A tenth of what rounding may do elsewhere is allowed, since sums on a GPU come in any order.
    """
    found = evaluate(crystal)
    tight = Limits(limits.energy_per_atom / 10.0, limits.force / 10.0, limits.stress / 10.0, noise=limits.noise)
    return judged("determinism", differences(found, base, limits=tight), words="the same configuration again")


def elements(evaluate: Evaluate, crystal: Crystal, *, base: Prediction, limits: Limits) -> Check:
    """Replace an atom of each element by the next element: the energy must change; the order of elements may not count.

    An element map that is made from the order of elements in the structure fails here. One that exchanges two elements
    for good cannot be told by symmetry; it is what the card's golden values are for.
    """
    present = crystal.elements
    if len(present) == 1:
        return noted("elements", measured=None, words=f"{present[0]} only: none to tell apart")
    last_first = np.argsort([-present.index(symbol) for symbol in crystal.species], kind="stable")
    order = abs(evaluate(specimen.reordered(crystal, last_first)).energy - base.energy) / len(crystal)
    if order > limits.energy_per_atom:
        one = Quantity("energy", order, limits.energy_per_atom, "eV/atom")
        return judged("elements", [one], words="elements come in another order")
    changes = {}
    for symbol, other in zip(present, (*present[1:], present[0]), strict=True):
        species = list(crystal.species)
        species[species.index(symbol)] = other
        changes[f"{symbol} by {other}"] = abs(
            evaluate(specimen.with_species(crystal, tuple(species))).energy - base.energy
        )
    least = min(changes, key=lambda key: changes[key])
    limit = max(APART_EV, limits.noise)
    words = f"one atom replaced, {least}: the energy must change by more than the limit"
    return Check("elements", bool(changes[least] > limit), changes[least], limit, "eV", words)


def size(evaluate: Evaluate, crystal: Crystal, *, base: Prediction, limits: Limits, cutoff: float) -> tuple[Check, ...]:
    """Put two copies beside each other along the narrowest direction: twice the energy, the same forces.

    ``cell``: in a cell narrower than twice the cutoff an atom sees several images of another, which a potential must
    count; one that takes the nearest image only answers with other forces. ``extensive``: the energy must double.

    Args:
        evaluate: The potential.
        crystal: The configuration.
        base: Its evaluation.
        limits: What rounding may do.
        cutoff: Range of one message [Å].
    """
    widths = cells.perpendicular_widths(crystal.cell)
    axis, atoms = int(np.argmin(widths)), len(crystal)
    found = evaluate(specimen.doubled(crystal, axis))
    extensive = Quantity("energy", abs(found.energy / 2.0 - base.energy) / atoms, limits.energy_per_atom, "eV/atom")
    off = float(np.abs(found.forces - np.vstack([base.forces, base.forces])).max())
    narrow = f"{widths[axis]:.2f} Å wide, cutoff {cutoff:g} Å"
    images = f"{narrow}: an atom sees {'several images' if widths[axis] < 2 * cutoff else 'one image'} of another"
    return (
        judged("cell", [Quantity("forces in the doubled cell", off, limits.force, "eV/Å")], words=images),
        judged("extensive", [extensive], words="two cells beside each other"),
    )


def energies(crystal: Crystal, *, base: Prediction, limits: Limits) -> Check:
    """Add up the energies of the atoms: they must give the total."""
    if base.energies is None:
        return noted("energies", measured=None, words="the card gives no energies of atoms")
    off = abs(float(base.energies.sum()) - base.energy) / len(crystal)
    one = Quantity("their sum against the total", off, limits.energy_per_atom, "eV/atom")
    return judged("energies", [one], words="energies of the atoms")


def _rotation() -> cells.Array:
    """A proper rotation about no axis in particular, (3, 3)."""
    q, r = np.linalg.qr(np.random.default_rng(specimen.SEED).normal(size=(3, 3)))
    turn = q * np.sign(np.diag(r))
    return np.asarray(turn * np.sign(np.linalg.det(turn)), dtype=np.float64)


def _tensor(stress: cells.Array) -> cells.Array:
    xx, yy, zz, yz, xz, xy = stress
    return np.array([[xx, xy, xz], [xy, yy, yz], [xz, yz, zz]])


def _voigt(tensor: cells.Array) -> cells.Array:
    return np.array([tensor[0, 0], tensor[1, 1], tensor[2, 2], tensor[1, 2], tensor[0, 2], tensor[0, 1]])
