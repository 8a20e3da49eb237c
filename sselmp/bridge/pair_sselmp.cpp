/* ----------------------------------------------------------------------
   sselmp: a LAMMPS pair style that asks Python for energy, forces and virial.
   This file is compiled together with headers of LAMMPS, which is GPL-2.0;
   it is distributed under the GNU General Public License, version 2 (see COPYING).

   pair_style sselmp CARD [device cpu|cuda|cuda:N|auto] [path auto|fast|plain]
   pair_coeff * * Li P S Cl          (NULL for types that the model shall not see)

   Rank 0 of a world gathers positions, asks the model through one C function pointer, and scatters forces.
------------------------------------------------------------------------- */

#include "pair_sselmp.h"
#include "python_side.h"

#include "atom.h"
#include "comm.h"
#include "domain.h"
#include "error.h"
#include "force.h"
#include "memory.h"
#include "update.h"
#include "utils.h"

#include <algorithm>
#include <cstring>
#include <numeric>
#include <unistd.h>

using namespace LAMMPS_NS;

static constexpr int SSELMP_LAYOUT = 2;
enum { OPEN = 0, EVALUATE = 1, CLOSE = 2 };

/* ---------------------------------------------------------------------- */

// A blocking MPI call spins, and would take a core from the model for as long as rank 0 evaluates it.
static void wait_without_spinning(MPI_Request *request)
{
  int done = 0;
  for (int tries = 0; !done; ++tries) {
    MPI_Test(request, &done, MPI_STATUS_IGNORE);
    if (!done && tries > 200) usleep(20);
  }
}

/* ---------------------------------------------------------------------- */

PairSselmp::PairSselmp(LAMMPS *lmp) : Pair(lmp)
{
  single_enable = 0;                             // no pairwise energy exists
  restartinfo = 0;                               // the card is named again after read_restart
  one_coeff = 1;                                 // pair_coeff * * only
  manybody_flag = 1;
  no_virial_fdotr_compute = 1;                   // forces on ghosts are not known; the model gives the virial
  centroidstressflag = CENTROID_NOTAVAIL;
  reinitflag = 0;
}

PairSselmp::~PairSselmp()
{
  if (copymode) return;
  close();
  if (allocated) {
    memory->destroy(setflag);
    memory->destroy(cutsq);
  }
}

// Until Python says otherwise, it has not answered.
void PairSselmp::prepare(int kind)
{
  request.layout = SSELMP_LAYOUT;
  request.kind = kind;
  request.model = model;
  request.status = -1;
  strcpy(request.message, "Python did not answer");
}

void PairSselmp::close()
{
  if (model < 0) return;
  prepare(CLOSE);
  sselmp_python_answer(&request);
  model = -1;
}

void PairSselmp::allocate()
{
  allocated = 1;
  const int n = atom->ntypes + 1;
  memory->create(setflag, n, n, "pair:setflag");
  memory->create(cutsq, n, n, "pair:cutsq");
  for (int i = 1; i < n; i++)
    for (int j = i; j < n; j++) setflag[i][j] = 0;
}

/* ---------------------------------------------------------------------- */

void PairSselmp::settings(int narg, char **arg)
{
  bool known = narg % 2 == 1;
  device = path = "auto";
  for (int i = 1; known && i < narg; i += 2) {
    if (strcmp(arg[i], "device") == 0)
      device = arg[i + 1];
    else if (strcmp(arg[i], "path") == 0)
      path = arg[i + 1];
    else
      known = false;
  }
  if (!known)
    error->all(FLERR, "Pair style sselmp takes the name or path of a card and, by choice, 'device cpu|cuda|cuda:N|auto' "
                      "and 'path auto|fast|plain'");
  close();
  card = arg[0];
}

/* ---------------------------------------------------------------------- */

void PairSselmp::coeff(int narg, char **arg)
{
  if (!allocated) allocate();
  const int ntypes = atom->ntypes;
  if (narg < 3 || strcmp(arg[0], "*") != 0 || strcmp(arg[1], "*") != 0)
    error->all(FLERR, "Pair style sselmp needs 'pair_coeff * *' and one element for each atom type");
  if (narg != 2 + ntypes)
    error->all(FLERR, "pair_coeff for pair style sselmp names {} elements, but there are {} atom types", narg - 2, ntypes);

  std::string elements;
  std::vector<std::string> seen;
  element_of_type.assign(ntypes + 1, -1);
  for (int i = 1; i <= ntypes; i++) {
    const std::string element = arg[i + 1];
    if (element == "NULL") continue;
    auto found = std::find(seen.begin(), seen.end(), element);
    element_of_type[i] = static_cast<int>(found - seen.begin());
    if (found == seen.end()) {
      elements += (seen.empty() ? "" : " ") + element;
      seen.push_back(element);
    }
  }
  for (int i = 1; i <= ntypes; i++)
    for (int j = i; j <= ntypes; j++) setflag[i][j] = element_of_type[i] >= 0 && element_of_type[j] >= 0;

  close();
  prepare(OPEN);
  if (comm->me == 0) {
    request.card = card.c_str();
    request.device = device.c_str();
    request.path = path.c_str();
    request.elements = elements.c_str();
    const std::string trouble = sselmp_python_start();
    if (trouble.empty())
      sselmp_python_answer(&request);
    else
      snprintf(request.message, sizeof(request.message), "%s", trouble.c_str());
    if (request.status == 0) model = request.model;
  }
  agree();
  if (comm->me == 0) utils::logmesg(lmp, "sselmp: {}, {}\n", card, request.message);
  cutoff = request.cutoff;
  has_per_atom_energy = request.per_atom_energy != 0;
  has_virial = request.has_virial != 0;
}

/* ---------------------------------------------------------------------- */

void PairSselmp::init_style()
{
  // no neighbor list is asked for: the model makes its own from positions and cell
  if (strcmp(update->unit_style, "metal") != 0) error->all(FLERR, "Pair style sselmp needs 'units metal'");
  if (atom->tag_enable == 0) error->all(FLERR, "Pair style sselmp needs atom ids ('atom_modify id yes')");
  if (!has_virial && comm->me == 0)
    error->warning(FLERR, "Potential {} gives no stress: pressures will be nan", card);
  if (domain->dimension != 3) error->all(FLERR, "Pair style sselmp needs 'dimension 3'");
}

double PairSselmp::init_one(int i, int j)
{
  // hybrid asks for every pair of types; those that the model does not see have no cutoff here
  return setflag[std::min(i, j)][std::max(i, j)] ? cutoff : 0.0;
}

/* ---------------------------------------------------------------------- */

void PairSselmp::compute(int eflag, int vflag)
{
  ev_init(eflag, vflag);
  if (eflag_atom && !has_per_atom_energy)
    error->all(FLERR, "Potential {} has no per-atom energies, which a compute (such as pe/atom) asks for", card);
  if (!has_virial && domain->box_change)
    error->all(FLERR, "Potential {} gives no stress, which a barostat or a relaxation of the cell needs", card);
  if (vflag_atom || cvflag_atom)
    error->all(FLERR, "Pair style sselmp has no per-atom virial, which a compute (such as stress/atom) asks for");

  const int total = gather();
  if (total == 0) return;

  if (comm->me == 0) evaluate(total);
  agree();

  // forces and per-atom energies back to the ranks that own the atoms
  const int mine = static_cast<int>(local.size());
  forces.resize(3 * mine);
  MPI_Scatterv(all_forces.data(), counts3.data(), offsets3.data(), MPI_DOUBLE, forces.data(), 3 * mine, MPI_DOUBLE, 0, world);
  double **f = atom->f;
  for (int k = 0; k < mine; k++)
    for (int d = 0; d < 3; d++) f[local[k]][d] += forces[3 * k + d];
  if (eflag_atom) {
    energies.resize(mine);
    MPI_Scatterv(all_energies.data(), counts.data(), offsets.data(), MPI_DOUBLE, energies.data(), mine, MPI_DOUBLE, 0, world);
    for (int k = 0; k < mine; k++) eatom[local[k]] += energies[k];
  }

  // LAMMPS sums these over ranks
  if (comm->me == 0) {
    if (eflag_global) eng_vdwl += request.energy;
    if (vflag_global)
      for (int k = 0; k < 6; k++) virial[k] += request.virial[k];
  }
}

/* ----------------------------------------------------------------------
   collect the local atoms that the model sees on rank 0; returns how many there are on all ranks
------------------------------------------------------------------------- */

int PairSselmp::gather()
{
  const int *type = atom->type;
  local.clear();
  for (int i = 0; i < atom->nlocal; i++)
    if (element_of_type[type[i]] >= 0) local.push_back(i);

  const int mine = static_cast<int>(local.size());
  tags.resize(mine);
  species.resize(mine);
  positions.resize(3 * mine);
  for (int k = 0; k < mine; k++) {
    const int i = local[k];
    tags[k] = atom->tag[i];
    species[k] = element_of_type[type[i]];
    for (int d = 0; d < 3; d++) positions[3 * k + d] = atom->x[i][d] - domain->boxlo[d];
  }

  const int ranks = comm->nprocs;
  counts.resize(ranks);
  MPI_Allgather(&mine, 1, MPI_INT, counts.data(), 1, MPI_INT, world);
  offsets.assign(ranks, 0);
  std::partial_sum(counts.begin(), counts.end() - 1, offsets.begin() + 1);
  const int total = offsets.back() + counts.back();
  counts3.resize(ranks);
  offsets3.resize(ranks);
  for (int r = 0; r < ranks; r++) {
    counts3[r] = 3 * counts[r];
    offsets3[r] = 3 * offsets[r];
  }
  if (comm->me == 0) {
    all_tags.resize(total);
    all_species.resize(total);
    all_positions.resize(3 * total);
    all_forces.resize(3 * total);
    all_energies.resize(total);
  }
  MPI_Gatherv(tags.data(), mine, MPI_INT64_T, all_tags.data(), counts.data(), offsets.data(), MPI_INT64_T, 0, world);
  MPI_Gatherv(species.data(), mine, MPI_INT32_T, all_species.data(), counts.data(), offsets.data(), MPI_INT32_T, 0, world);
  MPI_Gatherv(positions.data(), 3 * mine, MPI_DOUBLE, all_positions.data(), counts3.data(), offsets3.data(), MPI_DOUBLE, 0,
              world);
  return total;
}

/* ----------------------------------------------------------------------
   the model gets its atoms in ascending id, whatever LAMMPS's own order (it sorts and exchanges atoms as they move)
------------------------------------------------------------------------- */

void PairSselmp::sort_by_id(int total)
{
  if (all_tags != known_tags || all_species != known_species) {
    known_tags = all_tags;
    known_species = all_species;
    configuration++;
    order.resize(total);
    std::iota(order.begin(), order.end(), 0);
    std::sort(order.begin(), order.end(), [this](int a, int b) { return all_tags[a] < all_tags[b]; });
    sorted_positions.resize(3 * total);
    sorted_forces.resize(3 * total);
    sorted_species.resize(total);
    sorted_energies.resize(total);
  }
  for (int k = 0; k < total; k++) {
    const int from = order[k];
    sorted_species[k] = all_species[from];
    for (int d = 0; d < 3; d++) sorted_positions[3 * k + d] = all_positions[3 * from + d];
  }
}

void PairSselmp::evaluate(int total)
{
  prepare(EVALUATE);
  sort_by_id(total);
  const double *lo = domain->boxlo, *hi = domain->boxhi;
  const bool tilted = domain->triclinic != 0;
  const double cell[9] = {hi[0] - lo[0], 0.0, 0.0,
                          tilted ? domain->xy : 0.0, hi[1] - lo[1], 0.0,
                          tilted ? domain->xz : 0.0, tilted ? domain->yz : 0.0, hi[2] - lo[2]};
  std::copy(cell, cell + 9, request.cell);
  request.periodic[0] = domain->xperiodic;
  request.periodic[1] = domain->yperiodic;
  request.periodic[2] = domain->zperiodic;
  request.natoms = total;
  request.configuration = configuration;
  request.species = sorted_species.data();
  request.positions = sorted_positions.data();
  request.forces = sorted_forces.data();
  request.energies = sorted_energies.data();
  request.per_atom_energy = eflag_atom ? 1 : 0;

  sselmp_python_answer(&request);

  for (int k = 0; k < total; k++) {
    for (int d = 0; d < 3; d++) all_forces[3 * order[k] + d] = sorted_forces[3 * k + d];
    if (eflag_atom) all_energies[order[k]] = sorted_energies[k];
  }
}

/* ----------------------------------------------------------------------
   all ranks learn how rank 0 fared, and stop together if it failed
------------------------------------------------------------------------- */

void PairSselmp::agree()
{
  if (comm->nprocs > 1) {
    const int own_model = model;
    MPI_Request pending;
    MPI_Ibcast(&request, sizeof(request), MPI_BYTE, 0, world, &pending);
    wait_without_spinning(&pending);
    model = own_model;
  }
  if (request.status == 0) return;
  request.message[sizeof(request.message) - 1] = '\0';
  error->all(FLERR, "Pair style sselmp, potential {}: {}", card, request.message);
}

double PairSselmp::memory_usage()
{
  return static_cast<double>(Pair::memory_usage() + (all_positions.capacity() + sorted_positions.capacity()) * 4 * sizeof(double));
}
