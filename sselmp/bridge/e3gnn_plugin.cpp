/* ----------------------------------------------------------------------
   Registers SevenNet's own pair style e3gnn as a plugin. GPL-2.0 (see COPYING).
   Its source is that of the installed sevenn package, compiled with this file; none of it is kept here.
------------------------------------------------------------------------- */

#include <cstdlib>
#include <cstring>
#include <iostream>
#include <numeric>
#include <unordered_map>
#include <vector>

#include "lammps_plugin.h"

#include "pair_e3gnn.cpp"

static void *create_pair(void *lmp)
{
  LAMMPS *lammps = static_cast<LAMMPS *>(lmp);
  // it looks up neighbours among the rank's own atoms and would pass over those of other ranks without a word
  if (lammps->comm->nprocs > 1)
    lammps->error->all(FLERR, "Pair style e3gnn knows one MPI rank only; use e3gnn/parallel or sselmp");
  // it writes to the log file without asking whether there is one
  if (!lammps->logfile)
    lammps->error->all(FLERR, "Pair style e3gnn needs a log file: leave out '-log none', or use the log command before it");
  return new PairE3GNN(lammps);
}

extern "C" __attribute__((visibility("default"))) void lammpsplugin_init(void *lmp, void *handle, void *registration)
{
  const SselmpPairStyle pair = {"e3gnn", "pair style e3gnn: SevenNet through libtorch", "the SevenNet developers",
                                &create_pair};
  sselmp_register(pair, lmp, handle, registration);
}
