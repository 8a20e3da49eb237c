"""Putting a potential on the fast path if its family has one and its answers are those of the plain path."""

from __future__ import annotations

import importlib
import importlib.util
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sselmp.potentials import golden
from sselmp.potentials.cards import Card
from sselmp.potentials.fast.potential import FastPotential
from sselmp.potentials.predictions import prediction

if TYPE_CHECKING:
    from ase import Atoms
    from ase.calculators.calculator import Calculator

    from sselmp.potentials.fast.model import EdgeModel

# How far both paths may be apart: rounding of float32, not another approximation.
ENERGY_EV_PER_ATOM = 1e-6
FORCE_EV_PER_A = 2e-5
STRUCTURES = ("Li2S-distorted", "LiCl-distorted", "NaCl-rocksalt-5.64", "C2H2O2-triclinic")

PATHS = ("auto", "fast", "plain")

# Of this process: a network that has been held against the plain path once is not built and held again.
_MODELS: dict[tuple[str, str], tuple[EdgeModel | None, str]] = {}


@dataclass(frozen=True)
class Opened:
    """The fast path, or why there is none.

    Attributes:
        potential: None where the plain path is to be used.
        words: Of the kernels that compute and of whether steps are recorded; or why the plain path is used.
    """

    potential: FastPotential | None
    words: str

    def another(self) -> FastPotential:
        """One more with the same network, for other configurations.

        Raises:
            RuntimeError: There is no fast path.
        """
        if self.potential is None:
            raise RuntimeError(self.words)
        return FastPotential(self.potential.model, card=self.potential.card, device=self.potential.device)


def opened(card: Card, calculator: Calculator, *, device: str, path: str) -> Opened:
    """Build the fast path of a loaded potential and hold it against the potential's calculator.

    Args:
        card: The potential.
        calculator: As ``load_calculator`` gives it, on the same device.
        device: ``cpu``, ``cuda``, ``cuda:N``.
        path: One of ``PATHS``: ``auto`` is the fast one on a GPU, where alone it has been found to be so.
    """
    if path == "plain" or (path == "auto" and device == "cpu"):
        return Opened(None, "plain path")
    key = (card.model_dump_json(), device)
    if key not in _MODELS:
        _MODELS[key] = _verified(card, calculator, device=device)
    model, words = _MODELS[key]
    return Opened(None if model is None else FastPotential(model, card=card, device=device), words)


def _verified(card: Card, calculator: Calculator, *, device: str) -> tuple[EdgeModel | None, str]:
    """The family's network if it may take the plain path's place, and the words of ``Opened``."""
    family = importlib.import_module(f"sselmp.potentials.families.{card.family}")
    make = getattr(family, "edge_model", None)
    if make is None:
        return None, f"plain path: the family '{card.family}' has no fast one"
    if importlib.util.find_spec("vesin") is None:
        return None, "plain path: vesin, which finds neighbours, is not installed in this environment"
    try:
        fast = FastPotential(make(calculator, card=card, device=device), card=card, device=device)
        apart = _apart(fast, calculator, card=card)
    except Exception as error:  # noqa: BLE001 - whatever the packages of a fast path raise, the plain one is there
        first = (str(error).splitlines() or ["no message"])[0]
        return None, f"plain path: the fast one failed with {type(error).__name__}: {first}"
    if apart:
        return None, f"plain path: the fast one, with {fast.model.kernels}, differs from it: {apart}"
    how = "" if device == "cpu" else ", steps recorded" if not fast.slower_because else f", {fast.slower_because}"
    return fast.model, f"fast path: {fast.model.kernels}{how}"


def _apart(fast: FastPotential, calculator: Calculator, *, card: Card) -> str:
    """In words, by how much two paths differ by more than they may, on structures that the potential knows."""
    for name in STRUCTURES:
        atoms = golden.structure(name)
        if set(atoms.symbols) <= set(card.elements) and (words := _apart_on(atoms, fast, calculator=calculator)):
            return f"{words} on {name}"
    return ""


def _apart_on(atoms: Atoms, fast: FastPotential, *, calculator: Calculator) -> str:
    (found,) = fast.evaluate([atoms])
    stress = fast.card.stress
    calculator.calculate(atoms, ["energy", "forces"] + ["stress"] * stress, list(golden.EVERYTHING))
    results = calculator.results
    plain = prediction(
        energy=results["energy"],
        forces=results["forces"],
        stress=results["stress"] if stress else None,
        energies=None,
    )
    calculator.reset()
    energy = abs(found.energy - plain.energy) / len(atoms)
    force = float(np.abs(found.forces - plain.forces).max())
    virial = 0.0
    if found.stress is not None and plain.stress is not None:
        virial = float(np.abs(found.stress - plain.stress).max()) * atoms.get_volume() / len(atoms)
    same = energy <= ENERGY_EV_PER_ATOM and max(force, virial) <= FORCE_EV_PER_A
    return "" if same else f"energy {energy:.1e} eV/atom, forces {force:.1e} eV/Å, virial {virial:.1e} eV/atom"
