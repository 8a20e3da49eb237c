"""Static properties of crystals; knows no card, no LAMMPS, and not how its input was made."""
