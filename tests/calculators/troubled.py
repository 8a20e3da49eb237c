"""ASE calculators that misbehave on purpose, and one that is free: for tests of the bridge and of its overhead."""

import time

import numpy as np
from ase.calculators.calculator import Calculator, all_changes
from ase.calculators.lj import LennardJones


class Springs(Calculator):
    """Independent springs to where the atoms first were: costs nothing and keeps them there."""

    implemented_properties = ("energy", "forces", "stress")

    def __init__(self, constant=1.0):
        super().__init__()
        self.constant, self.origin = constant, None

    def calculate(self, atoms=None, properties=("energy",), system_changes=all_changes):
        del properties, system_changes  # all are given, every time
        if self.origin is None or len(self.origin) != len(atoms):
            self.origin = atoms.positions.copy()
        shift = atoms.positions - self.origin
        shift -= np.round(shift @ np.linalg.inv(atoms.cell)) @ atoms.cell
        self.results = {
            "energy": 0.5 * self.constant * np.sum(shift**2),
            "forces": -self.constant * shift,
            "stress": np.zeros(6),
        }


class RaisesAt(LennardJones):
    """Raises at its ``call``-th call."""

    def __init__(self, call=5, **options):
        super().__init__(**options)
        self.call, self.calls = call, 0

    def calculate(self, *arguments):
        self.calls += 1
        if self.calls == self.call:
            message = "the potential is out of sorts"
            raise ValueError(message)
        super().calculate(*arguments)


class NotANumberAt(RaisesAt):
    """Answers with forces that are not numbers at its ``call``-th call."""

    def calculate(self, *arguments):
        self.calls += 1
        LennardJones.calculate(self, *arguments)
        if self.calls == self.call:
            self.results["forces"][3] = np.nan


class Slow(LennardJones):
    """Takes ``seconds`` for every call."""

    def __init__(self, seconds=0.05, **options):
        super().__init__(**options)
        self.seconds = seconds

    def calculate(self, *arguments):
        time.sleep(self.seconds)
        super().calculate(*arguments)
