/* ----------------------------------------------------------------------
   The Python interpreter that answers pair_sselmp: the one of this process, or one started through a libpython
   found at run time. GPL-2.0 like the pair style (see COPYING).
------------------------------------------------------------------------- */

#ifndef SSELMP_PYTHON_SIDE_H
#define SSELMP_PYTHON_SIDE_H

#include <string>

struct SselmpRequest;

// Make sure that Python answers; returns an empty string, or why it cannot.
std::string sselmp_python_start();

// Hand a request to Python; the answer and the status are in the request.
void sselmp_python_answer(SselmpRequest *);

#endif
