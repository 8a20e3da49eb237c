"""Cards, weights, environments and calculators of the potentials; knows nothing of LAMMPS."""
