/* ----------------------------------------------------------------------
   sselmp: a LAMMPS pair style that asks Python for energy, forces and virial.
   This file is compiled together with headers of LAMMPS, which is GPL-2.0;
   it is distributed under the GNU General Public License, version 2 (see COPYING).
------------------------------------------------------------------------- */

#ifndef SSELMP_PAIR_H
#define SSELMP_PAIR_H

#include "pair.h"

#include <cstdint>
#include <string>
#include <vector>

// What goes back and forth through the one function pointer; sselmp/bridge/service.py declares the same layout.
struct SselmpRequest {
  int32_t layout;             // SSELMP_LAYOUT, so that a stale plugin is noticed
  int32_t kind;               // 0 open, 1 evaluate, 2 close
  int32_t status;             // set to 0 by Python as its very last act; anything else is a failure
  int32_t model;              // which opened model
  const char *card;           // open: name or path of the card
  const char *device;         // open: cpu, cuda, cuda:N or auto
  const char *path;           // open: auto, fast or plain
  const char *elements;       // open: element symbols, one blank between them
  double cutoff;              // open, answer: cutoff of the model [Angstrom]
  int32_t per_atom_energy;    // open, answer: 1 if the model has it; evaluate: 1 if it is wanted
  int32_t has_virial;         // open, answer: 1 if the model gives a stress
  int32_t natoms;             // evaluate
  int64_t configuration;      // evaluate: another number when atoms, species or the arrays' addresses are others
  const int32_t *species;     // evaluate: (natoms) index into elements
  const double *positions;    // evaluate: (natoms, 3) relative to the box origin [Angstrom]
  double cell[9];             // evaluate: rows a, b, c [Angstrom]
  int32_t periodic[3];        // evaluate: along a, b, c
  int32_t padding;
  double energy;              // answer [eV]
  double virial[6];           // answer: xx yy zz xy xz yz [eV], LAMMPS's sign
  double *forces;             // answer: (natoms, 3) [eV/Angstrom]
  double *energies;           // answer: (natoms) [eV], only if wanted
  char message[1024];         // answer of a failure; of an opening: which path is taken
};

namespace LAMMPS_NS {

class PairSselmp : public Pair {
 public:
  PairSselmp(class LAMMPS *);
  ~PairSselmp() override;
  void compute(int, int) override;
  void settings(int, char **) override;
  void coeff(int, char **) override;
  void init_style() override;
  double init_one(int, int) override;
  double memory_usage() override;

 private:
  std::string card, device, path;
  std::vector<int> element_of_type;    // -1 for NULL: atoms that the model does not see
  double cutoff = 0.0;
  bool has_per_atom_energy = false, has_virial = false;
  int model = -1;    // only rank 0 of this world holds one
  SselmpRequest request = {};
  int64_t configuration = 0;

  // per rank: the local atoms that the model sees, and what is sent and received for them
  std::vector<int> local;
  std::vector<int64_t> tags;
  std::vector<int32_t> species;
  std::vector<double> positions, forces, energies;

  // on rank 0: the same for all ranks, one behind another, and sorted by id
  std::vector<int> counts, offsets, counts3, offsets3;
  std::vector<int64_t> all_tags, known_tags;
  std::vector<int> order;
  std::vector<int32_t> all_species, known_species, sorted_species;
  std::vector<double> all_positions, sorted_positions, all_forces, sorted_forces, all_energies, sorted_energies;

  void allocate();
  void close();
  int gather();
  void sort_by_id(int);
  void prepare(int);
  void evaluate(int);
  void agree();
};

}    // namespace LAMMPS_NS

#endif
