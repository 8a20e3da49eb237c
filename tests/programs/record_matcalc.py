"""Records what matcalc finds for elastic moduli: ``record_matcalc.py emt|sevennet OUT.json [REFERENCE.json.gz]``.

Run in an environment of its own that holds matcalc 0.7.0 (and sevenn 0.13.0), never in sselmp's: matcalc and what it
asks for would be in every potential's lock. Structures that it makes itself are written beside their numbers; those of
matcalc's elasticity benchmark are named by their id and are not copied.
"""

import gzip
import json
import sys
import warnings
from importlib import metadata
from pathlib import Path

import numpy as np
from ase.build import bulk
from ase.calculators.emt import EMT
from matcalc import ElasticityCalc
from pymatgen.core import Structure
from pymatgen.io.ase import AseAtomsAdaptor

COUNT = 20


def metals():
    """Four crystals for effective medium theory: of cubic, hexagonal and no symmetry."""
    rng = np.random.default_rng(7)
    cubic = bulk("Cu", "fcc", a=3.6, cubic=True)
    alloy = bulk("Cu", "fcc", a=3.75, cubic=True)
    alloy.symbols[0] = "Au"
    tetragonal = bulk("Cu", "fcc", a=3.85, cubic=True)
    tetragonal.symbols[[0, 1]] = "Au"
    triclinic = bulk("Ni", "fcc", a=3.5) * (2, 1, 1)
    triclinic.symbols[1] = "Pd"
    triclinic.set_cell(triclinic.cell.array @ (np.eye(3) + rng.normal(scale=0.03, size=(3, 3))), scale_atoms=True)
    return {"Cu": cubic, "Cu3Au": alloy, "CuAu": tetragonal, "NiPd": triclinic}


def lithium_compounds(path):
    """Twenty binaries with lithium of matcalc's elasticity benchmark: of nonmetals, by size, then by id."""
    with gzip.open(path) as stream:
        rows = json.load(stream)
    nonmetals = {"H", "C", "N", "O", "F", "P", "S", "Cl", "As", "Se", "Br", "Sb", "I", "Si", "Ge", "Bi"}
    chosen = []
    for row in rows:
        elements = {site["species"][0]["element"] for site in row["structure"]["sites"]}
        if "Li" in elements and elements - {"Li"} <= nonmetals:
            chosen.append((len(row["structure"]["sites"]), row["mp_id"], row))
    return [row for _, _, row in sorted(chosen, key=lambda one: one[:2])[:COUNT]]


def found(structure, calculator, *, fmax, relax=True):
    calc = ElasticityCalc(calculator, fmax=fmax, units_GPa=True, relax_structure=relax)
    result = calc.calc(structure)
    return {
        "K_GPa": float(result["bulk_modulus_vrh"]),
        "G_GPa": float(result["shear_modulus_vrh"]),
        "C_GPa": np.asarray(result["elastic_tensor"].voigt).tolist(),
    }


def plain(structure):
    return {
        "species": [site.specie.symbol for site in structure],
        "cell": structure.lattice.matrix.tolist(),
        "positions": structure.cart_coords.tolist(),
    }


def main():
    warnings.simplefilter("ignore")
    kind, out, *reference = sys.argv[1:]
    rows = []
    if kind == "emt":
        for name, atoms in metals().items():
            structure = AseAtomsAdaptor.get_structure(atoms)
            rows.append({"name": name, **plain(structure), **found(structure, EMT(), fmax=1e-4)})
            # as it is: the tensor of a strained crystal, with its stress
            rows.append(
                {"name": f"{name} as given", **plain(structure), **found(structure, EMT(), fmax=1, relax=False)}
            )
    else:
        from sevenn.calculator import SevenNetCalculator

        calculator = SevenNetCalculator("7net-0", device="cpu")
        for row in lithium_compounds(reference[0]):
            structure = Structure.from_dict(row["structure"])
            head = {"name": f"{row['formula']}_{row['mp_id']}", "mp_id": row["mp_id"]}
            rows.append({**head, **found(structure, calculator, fmax=0.05)})
            print(rows[-1]["name"], rows[-1]["K_GPa"], rows[-1]["G_GPa"], flush=True)
    versions = {name: metadata.version(name) for name in ("matcalc", "pymatgen", "ase", "numpy")}
    if kind != "emt":
        versions |= {name: metadata.version(name) for name in ("sevenn", "torch")}
    Path(out).write_text(json.dumps({"versions": versions, "rows": rows}, indent=1) + "\n")


if __name__ == "__main__":
    main()
