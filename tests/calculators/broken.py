"""ASE calculators that are wrong in one way each, and the right one that they spoil: for the tests of preflight."""

import numpy as np
from ase.calculators.calculator import Calculator, all_changes
from ase.neighborlist import neighbor_list
from ase.units import GPa

# Well depth [eV] and size [Å] of each element: enough that no two are alike.
PARAMETERS = {
    "Li": (0.10, 1.9),
    "Na": (0.12, 2.2),
    "Cl": (0.20, 2.6),
    "P": (0.30, 2.1),
    "S": (0.25, 2.4),
    "Y": (0.4, 2.5),
}


class Pairs(Calculator):
    """Lennard-Jones between unlike atoms too, brought to zero at ``rc`` with two derivatives: everything is right."""

    implemented_properties = ("energy", "energies", "forces", "stress")

    def __init__(self, rc=5.0):
        super().__init__()
        self.rc = rc

    def parameters_of(self, atoms):
        return np.array([PARAMETERS[symbol] for symbol in atoms.get_chemical_symbols()])

    def neighbors(self, atoms):
        return neighbor_list("ijD", atoms, self.rc)

    def pair(self, r, epsilon, sigma):
        """Energy of a pair and its derivative."""
        six = (sigma / r) ** 6
        plain, slope = 4 * epsilon * (six**2 - six), -24 * epsilon * (2 * six**2 - six) / r
        x = (r / self.rc) ** 2
        return plain * (1 - x) ** 3, slope * (1 - x) ** 3 - plain * 6 * r / self.rc**2 * (1 - x) ** 2

    def calculate(self, atoms=None, properties=("energy",), system_changes=all_changes):
        del properties, system_changes  # all are given, every time
        values = self.parameters_of(atoms)
        first, second, vectors = self.neighbors(atoms)
        r = np.linalg.norm(vectors, axis=1)
        epsilon = np.sqrt(values[first, 0] * values[second, 0])
        energy, slope = self.pair(r, epsilon, (values[first, 1] + values[second, 1]) / 2)
        along = (slope / r)[:, None] * vectors
        forces = np.zeros((len(atoms), 3))
        np.add.at(forces, first, along)
        energies = np.bincount(first, weights=energy / 2, minlength=len(atoms))
        virial = 0.5 * along.T @ vectors / atoms.get_volume()
        self.results = {
            "energy": float(energies.sum()),
            "energies": energies,
            "forces": forces,
            "stress": virial.ravel()[[0, 4, 8, 5, 2, 1]],
        }
        self.seen = atoms
        self.spoil()

    def spoil(self):
        """Nothing is wrong."""


class WrongStressSign(Pairs):
    def spoil(self):
        self.results["stress"] *= -1


class StressInGPa(Pairs):
    def spoil(self):
        self.results["stress"] /= GPa


class StressInLammpsOrder(Pairs):
    def spoil(self):
        self.results["stress"] = self.results["stress"][[0, 1, 2, 5, 4, 3]]


class ForcesOnePercentOff(Pairs):
    def spoil(self):
        self.results["forces"] *= 1.01


class ForcesOfTwoAtomsSwapped(Pairs):
    def spoil(self):
        """The two are told by their places, so that no order of the atoms matters."""
        first, second = np.argsort(np.round(self.results["energies"], 9))[[0, -1]]
        self.results["forces"][[first, second]] = self.results["forces"][[second, first]]


class NotExtensive(Pairs):
    def spoil(self):
        self.results["energy"] += 1e-4 * len(self.seen) ** 2
        self.results["energies"] += 1e-4 * len(self.seen)


class KnowsTheOrigin(Pairs):
    def spoil(self):
        """A smooth field fixed in space, periodic in the cell, of which the forces know."""
        wave = 2 * np.pi * np.linalg.inv(self.seen.cell.array)[:, 0]
        phase = self.seen.positions @ wave
        self.results["energies"] += 1e-2 * np.sin(phase)
        self.results["energy"] = self.results["energies"].sum()
        self.results["forces"] -= 1e-2 * np.cos(phase)[:, None] * wave


class KnowsTheAxes(Pairs):
    """Longer bonds along z than across: right in every other respect."""

    def pair(self, r, epsilon, sigma):
        return super().pair(r, epsilon * self.weight, sigma)

    def neighbors(self, atoms):
        first, second, vectors = super().neighbors(atoms)
        self.weight = 1 + 1e-3 * vectors[:, 2] ** 2 / np.sum(vectors**2, axis=1)
        return first, second, vectors


class DependsOnOrder(Pairs):
    def spoil(self):
        """The first atom counts a little more."""
        self.results["energies"][0] += 0.01
        self.results["energy"] += 0.01


class NeverTheSame(Pairs):
    def spoil(self):
        self.results["forces"] += np.random.default_rng().normal(scale=1e-5, size=(len(self.seen), 3))


class Remembers(Pairs):
    """Takes some of its last answer into the next."""

    last = 0.0

    def spoil(self):
        energy = self.results["energy"]
        self.results["energy"] += 1e-6 * self.last
        self.last = energy


class CutsOff(Pairs):
    """Ends at ``rc`` in the middle of its well: the energy jumps each time that a pair passes."""

    def pair(self, r, epsilon, sigma):
        six = (sigma / r) ** 6
        return 4 * epsilon * (six**2 - six), -24 * epsilon * (2 * six**2 - six) / r


class ElementsByAppearance(Pairs):
    """Takes the first element that it meets for lithium, the second for sodium, and so on."""

    def parameters_of(self, atoms):
        symbols = atoms.get_chemical_symbols()
        order = list(dict.fromkeys(symbols))
        values = list(PARAMETERS.values())
        return np.array([values[order.index(symbol)] for symbol in symbols])


class ElementsAlike(Pairs):
    """Takes every element for lithium."""

    def parameters_of(self, atoms):
        return np.array([PARAMETERS["Li"]] * len(atoms))


class ElementsExchanged(Pairs):
    """Takes lithium for chlorine and chlorine for lithium, always."""

    def parameters_of(self, atoms):
        exchanged = {"Li": "Cl", "Cl": "Li"}
        return np.array([PARAMETERS[exchanged.get(symbol, symbol)] for symbol in atoms.get_chemical_symbols()])


class WrongEnergiesOfAtoms(Pairs):
    def spoil(self):
        self.results["energies"] *= 1.001


class NearestImageOnly(Pairs):
    """Sees of each atom the nearest image: right in cells that are wider than twice ``rc``."""

    def neighbors(self, atoms):
        first, second, vectors = super().neighbors(atoms)
        order = np.lexsort((np.linalg.norm(vectors, axis=1), second, first))
        _, nearest = np.unique(first[order] * len(atoms) + second[order], return_index=True)
        kept = order[nearest]
        return first[kept], second[kept], vectors[kept]


class WrapsItsInput(Pairs):
    def calculate(self, atoms=None, properties=("energy",), system_changes=all_changes):
        atoms.wrap()
        super().calculate(atoms, properties, system_changes)


class KeepsSomethingForTheAsker(Pairs):
    """Adds a reference energy in the method that users call and not in its results, as wrappers do."""

    def get_potential_energy(self, atoms=None, **options):
        return super().get_potential_energy(atoms, **options) + 1.0


class RightForcesForTheAskerOnly(Pairs):
    """Its results, which LAMMPS reads, are a percent off; the method that users of ASE call mends them."""

    def spoil(self):
        self.results["forces"] *= 1.01

    def get_forces(self, atoms=None):
        return super().get_forces(atoms) / 1.01


class RightStressForTheAskerOnly(Pairs):
    """The same with the sign of the virial: a wrong pressure in LAMMPS, a right stress in ASE."""

    def spoil(self):
        self.results["stress"] *= -1

    def get_stress(self, atoms=None):
        return -super().get_stress(atoms)


class WrongShape(Pairs):
    """Gives forces of the wrong shape."""

    def spoil(self):
        self.results["forces"] = self.results["forces"].ravel()


class Direct(Pairs):
    """Forces that a network might give: not the gradient of the energy by some percent."""

    def spoil(self):
        self.results["forces"] *= 1.03
