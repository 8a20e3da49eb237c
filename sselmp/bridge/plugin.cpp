/* ----------------------------------------------------------------------
   Registers pair style sselmp when LAMMPS loads this file as a plugin. GPL-2.0 (see COPYING).
------------------------------------------------------------------------- */

#include "lammps_plugin.h"
#include "pair_sselmp.h"

using namespace LAMMPS_NS;

static void *create_pair(void *lmp)
{
  return new PairSselmp(static_cast<LAMMPS *>(lmp));
}

extern "C" __attribute__((visibility("default"))) void lammpsplugin_init(void *lmp, void *handle, void *registration)
{
  const SselmpPairStyle pair = {"sselmp", "pair style sselmp: machine-learning potentials through Python",
                                "the sselmp developers", &create_pair};
  sselmp_register(pair, lmp, handle, registration);
}
