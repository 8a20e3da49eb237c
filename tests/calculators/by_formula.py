"""An ASE calculator whose energies are given for each formula, at rest in any cell: hulls made of it are known."""

import numpy as np
from ase.calculators.calculator import Calculator, all_changes

ATOMS = {"Li": -2.0, "Na": -1.3, "Y": -6.5, "Cl": -1.8}  # eV
FORMATION = {  # eV for one reduced formula
    "LiCl": -4.0,
    "YCl3": -9.0,
    "Li3YCl6": -21.5,
    # what makes Na3YCl6 come out at the raw energy of mp-675104
    "Na3YCl6": -41.4979044 + 3 * 1.3 + 6.5 + 6 * 1.8,
}


class ByFormula(Calculator):
    """No force, no stress, and the energy of the formula."""

    implemented_properties = ("energy", "forces", "stress")

    def calculate(self, atoms=None, properties=("energy",), system_changes=all_changes):
        del properties, system_changes  # all are given, every time
        symbols = atoms.get_chemical_symbols()
        reduced, count = atoms.symbols.formula.reduce()
        found = {frozenset(_counted(name).items()): energy for name, energy in FORMATION.items()}
        formation = found.get(frozenset(reduced.count().items()), 0.0)
        if len(set(symbols)) == 1:
            formation = 0.0
        self.results = {
            "energy": sum(ATOMS[symbol] for symbol in symbols) + count * formation,
            "forces": np.zeros((len(symbols), 3)),
            "stress": np.zeros(6),
        }


def _counted(formula):
    from ase.formula import Formula

    return Formula(formula).count()
