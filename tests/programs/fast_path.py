"""Evaluates moving configurations by the fast path and by ASE's calculator; prints both as JSON.

Arguments: ``lj``, a pair potential of some lines with ASE's LennardJones as the reference, or the name of a card.
"""

from __future__ import annotations

import json
import sys

import numpy as np
import torch
from ase.build import bulk
from ase.calculators.lj import LennardJones

from sselmp.potentials import golden
from sselmp.potentials.batches import BatchedPotential
from sselmp.potentials.cards import load_card
from sselmp.potentials.fast.opening import opened
from sselmp.potentials.fast.potential import FastPotential

SIGMA, EPSILON, CUTOFF = 2.3, 0.1, 6.0


class Pairwise:
    """Lennard-Jones, shifted to zero at the cutoff as ASE's: half of a pair's energy for each of its atoms."""

    kernels = "a test's"

    def species(self, numbers):
        return torch.tensor(list(numbers))

    def energies(self, species, edges, *, vectors):
        power = (SIGMA**2 / (vectors * vectors).sum(dim=1)) ** 3
        edge = (SIGMA / CUTOFF) ** 6
        each = 2.0 * EPSILON * (power * power - power - edge * edge + edge)
        return torch.zeros(len(species), dtype=vectors.dtype).index_add(0, edges[0], each)


def journey(count: int):
    """Two configurations with different cells and species, moved, strained, wrapped and squeezed from step to step."""
    one, other = bulk("Ar", "fcc", a=5.0, cubic=True).repeat((2, 2, 1)), bulk("Cu", "hcp", a=3.9, c=6.4)
    random = np.random.default_rng(1)
    for step in range(count):
        for atoms in (one, other):
            atoms.positions += random.normal(0.0, 0.08, atoms.positions.shape)
            if step % 3 == 1:
                strain = np.eye(3) + random.normal(0.0, 0.01, (3, 3))
                atoms.set_cell(atoms.cell.array @ strain, scale_atoms=True)
            if step == count - 2:  # more edges by a third: beyond what there is room for
                atoms.set_cell(atoms.cell.array * 0.9, scale_atoms=True)
            if step % 2:
                atoms.wrap()
            else:
                atoms.positions += [30.0, -11.0, 5.0]
        yield one.copy(), other.copy()


def plain(found):
    return {
        "energy": found.energy,
        "forces": found.forces.tolist(),
        "stress": found.stress.tolist(),
        "energies": found.energies.tolist(),
    }


def lj_card():
    card = load_card("sevennet")
    return card.model_copy(update={"cutoff_A": CUTOFF, "precision": "float64", "message_passing_depth": 1})


def compare_lj() -> dict:
    card, said = lj_card(), {}
    makers = {
        "exact shapes": FastPotential(Pairwise(), card=card, device="cpu"),
        "fixed shapes": FastPotential(Pairwise(), card=card, device="cpu", fixed=True),
        "hardly a skin": FastPotential(Pairwise(), card=card, device="cpu", skin_A=0.05, fixed=True),
    }
    many = list(journey(12))
    for name, potential in makers.items():
        found = [[plain(one) for one in potential.evaluate(configurations)] for configurations in many]
        said[name] = {"found": found, "searches": potential.searches, "recordings": potential.recordings}
    reference = []
    for configurations in many:
        row = []
        for atoms in configurations:
            atoms.calc = LennardJones(sigma=SIGMA, epsilon=EPSILON, rc=CUTOFF)
            values = {"energy": atoms.get_potential_energy(), "forces": atoms.get_forces().tolist()}
            row.append(
                values | {"stress": atoms.get_stress().tolist(), "energies": atoms.get_potential_energies().tolist()}
            )
        reference.append(row)
    others = makers["fixed shapes"].evaluate([many[0][0]])  # one of the two has left
    return {**said, "reference": reference, "alone": plain(others[0])}


def compare_card(name: str) -> dict:
    card = load_card(name)
    batched = BatchedPotential(card, device="cpu")
    found = opened(card, batched._calculator, device="cpu", path="fast")
    fixed = FastPotential(found.potential.model, card=card, device="cpu", fixed=True)
    known = set(card.elements or ["Li", "S", "Cl"])
    atoms = [golden.structure(name) for name in ("Li2S-distorted", "C2H2O2-triclinic", "LiCl-distorted")]
    atoms = [one for one in atoms if set(one.symbols) <= known]
    rows = []
    for step in range(2):
        for place, one in enumerate(atoms):
            one.rattle(0.1, seed=10 * step + place)
        alone = [batched.evaluate([one])[0] for one in atoms]
        row = {"plain": alone, "fast": found.potential.evaluate(atoms), "fixed": fixed.evaluate(atoms)}
        rows.append({key: [plain(one) for one in value] for key, value in row.items()})
    return {"words": found.words, "rows": rows}


def refuse_broken(name: str) -> dict:
    """What is said of a family whose fast path is slightly wrong, and of one whose fast path fails."""
    from sselmp.potentials.families import sevennet

    card, said = load_card(name), {}
    calculator = BatchedPotential(card, device="cpu")._calculator
    make = sevennet.edge_model
    for what in ("scaled", "fails"):

        def broken(*arguments, what=what, **named):
            model = make(*arguments, **named)
            true = model.energies
            if what == "scaled":
                model.energies = lambda species, edges, *, vectors: true(species, edges, vectors=1.0005 * vectors)
            else:
                model.energies = lambda species, edges, *, vectors: true(species, edges[:, :7], vectors=vectors)
            return model

        sevennet.edge_model = broken
        changed = card.model_copy(update={"title": what})  # what was found of the true one must not be remembered
        found = opened(changed, calculator, device="cpu", path="fast")
        said[what] = [found.potential is None, found.words]
    return said


def main() -> None:
    """Print what was asked for."""
    what = sys.argv[1]
    torch.set_num_threads(1)
    made = compare_lj() if what == "lj" else refuse_broken(sys.argv[2]) if what == "broken" else compare_card(what)
    print(json.dumps(made))


if __name__ == "__main__":
    main()
