"""Heat capacity at 300 K of lithium compounds with SevenNet-0 beside DFT's, as a Markdown table.

    SSELMP_TEST_DATA=FOLDER .venv/bin/python benchmarks/phonon_reference.py [--results FOLDER] [--atoms COUNT]

Structures and DFT's values are those of matcalc's phonon benchmark (Alexandria, PBE), found in
FOLDER/reference/matcalc: all of lithium compounds with at most so many atoms. It can be interrupted and run again.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import sys
from pathlib import Path

import numpy as np

from sselmp.launch.statics import Request, study
from sselmp.statics.phonon_result import Phonons
from sselmp.structures.crystal import Crystal

ROOT = Path(__file__).parents[1]
FILE = "reference/matcalc/alexandria-binary-pbe-phonon-2025.1.json.gz"
TEMPERATURE_K = 300.0


def references(most_atoms):
    """The compounds: (DFT's heat capacity [J/(K mol of atoms)], crystal), small ones first."""
    folder = Path(os.environ.get("SSELMP_TEST_DATA", ROOT.parent / "shared" / "data"))
    with gzip.open(folder / FILE) as stream:
        rows = [(row, crystal(row)) for row in json.load(stream)]
    chosen = [(row, one) for row, one in rows if "Li" in one.species and len(one) <= most_atoms]
    return [(row["heat_capacity"] / len(one), one) for row, one in sorted(chosen, key=lambda pair: len(pair[1]))]


def crystal(row):
    """The crystal of a row, with a right-handed cell."""
    sites = row["structure"]["sites"]
    species = tuple(site["species"][0]["element"] for site in sites)
    cell = np.array(row["structure"]["lattice"]["matrix"])
    positions = np.array([site["xyz"] for site in sites])
    sign = np.sign(np.linalg.det(cell))  # of a crystal turned inside out the heat capacity is the same
    return Crystal(f"{row['formula']}_{row['mp_id']}", species, cell=sign * cell, positions=sign * positions)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--results", type=Path, default=Path("results/phonon-reference"))
    parser.add_argument("--atoms", type=int, default=4)
    parser.add_argument("--threads", type=int, default=1)
    chosen = parser.parse_args()
    rows = references(chosen.atoms)
    crystals = tuple(one for _, one in rows)
    request = Request("sevennet", crystals, ("phonons",), results=chosen.results, threads=chosen.threads)
    outcome = study(request, on_progress=lambda seen: print(seen.words, file=sys.stderr, end="\r"))
    for failure in outcome.failures:
        print(f"{failure.structure}: {failure.message}", file=sys.stderr)
    found = {one.structure: one for one in outcome.records if isinstance(one.result, Phonons)}
    print("| compound | C_v DFT | C_v SevenNet-0 | difference | verdict | lowest in the supercell | cells | seconds |")
    print("| --- |" + " --- |" * 7)
    errors = []
    for dft, one in rows:
        if (record := found.get(one.name)) is None:
            continue
        result = record.result
        ours = result.thermal.heat_capacity_J_per_K_mol[result.thermal.temperature_K.index(TEMPERATURE_K)]
        errors.append(ours - dft)
        lowest = "" if result.lowest_commensurate is None else f"{result.lowest_commensurate.frequency_THz:.2f} THz"
        cells = f"{record.evaluations} × {result.supercell_atoms} atoms"
        heats = f"{dft:.2f} | {ours:.2f} | {ours / dft - 1.0:+.1%}"
        print(f"| {one.name} | {heats} | {result.verdict} | {lowest} | {cells} | {record.seconds:.0f} |")
    print(f"\nmean absolute difference of {len(errors)}: {np.abs(errors).mean():.2f} J/(K mol of atoms)")


if __name__ == "__main__":
    main()
