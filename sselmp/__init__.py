"""Universal machine-learning potentials, LAMMPS and solid-state electrolytes; importing it does nothing else."""

__version__ = "0.1.0"
