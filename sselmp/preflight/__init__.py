"""Checks that a potential must pass on a system before production, on its ASE calculator and in real LAMMPS."""
