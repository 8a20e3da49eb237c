"""Runs in a potential's environment: prints golden values, as a card has them, from a calculator of the authors' own.

Independent of sselmp's adapters on purpose; only the structures are sselmp's. Its arguments are names of structures,
the calculator's module and expression, and the packages whose versions matter, such as ``LiCl-distorted,Li2S-distorted
'sevenn.calculator:SevenNetCalculator("7net-0")' sevenn,torch``.
"""

import importlib
import sys
from importlib.metadata import version

from sselmp.potentials.golden import structure


def rows(values) -> str:
    return ", ".join(f"{value:.7g}" for value in values)


def main():
    structures, call, packages = sys.argv[1:4]
    module, _, made = call.partition(":")
    calculator = eval(made, vars(importlib.import_module(module)))  # noqa: S307 - one's own command line
    stack = ", ".join(f"{package} {version(package)}" for package in packages.split(","))
    for name in structures.split(","):
        atoms = structure(name)
        atoms.calc = calculator
        energy = float(atoms.get_potential_energy())
        forces = atoms.get_forces()
        print(f'\n[[golden]]\nstructure = "{name}"\nenergy_eV = {energy:.8g}')
        print("forces_eV_per_A = [" + ", ".join(f"[{rows(force)}]" for force in forces[:4]) + "]")
        print(f"force_rms_eV_per_A = {float((forces**2).mean() ** 0.5):.7g}")
        print(f"stress_eV_per_A3 = [{rows(atoms.get_stress(voigt=True))}]")
        print(f'recorded_with = "{made} with {stack}"'.replace(made, made.replace('"', "'")))


if __name__ == "__main__":
    main()
