"""From trajectories to diffusivities and conductivities; knows nothing of LAMMPS or files of runs."""
