"""K and G of twenty lithium compounds with SevenNet-0, beside DFT and beside matcalc's own run, as a Markdown table.

    SSELMP_TEST_DATA=FOLDER .venv/bin/python benchmarks/elastic_reference.py [--results FOLDER] [--only COUNT]

Structures and DFT's moduli are those of matcalc's elasticity benchmark (Materials Project), found in
FOLDER/reference/matcalc; matcalc's numbers with SevenNet-0 were recorded by tests/programs/record_matcalc.py. It can be
interrupted and run again.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import sys
from pathlib import Path

import numpy as np

from sselmp import layout
from sselmp.launch.statics import Outcome, Request, study
from sselmp.settings import check, read_toml
from sselmp.statics.elasticity import Elasticity, Tensor
from sselmp.statics.settings import StaticsSettings
from sselmp.structures.crystal import Crystal

ROOT = Path(__file__).parents[1]
FILE = "reference/matcalc/mp-binary-pbe-elasticity-2025.1.json.gz"
RECORDED = ROOT / "tests" / "data" / "matcalc" / "sevennet-0.json"


def references(count):
    """The compounds: (recorded row, DFT's row, crystal)."""
    folder = Path(os.environ.get("SSELMP_TEST_DATA", ROOT.parent / "shared" / "data"))
    with gzip.open(folder / FILE) as stream:
        known = {row["mp_id"]: row for row in json.load(stream)}
    rows = json.loads(RECORDED.read_text())["rows"][:count]
    return [(row, known[row["mp_id"]], crystal(row["name"], known[row["mp_id"]]["structure"])) for row in rows]


def crystal(name, structure):
    """The crystal of a pymatgen dictionary."""
    species = tuple(site["species"][0]["element"] for site in structure["sites"])
    cell = np.array(structure["lattice"]["matrix"])
    cell = -cell if np.linalg.det(cell) < 0 else cell
    return Crystal(name, species, cell=cell, positions=np.array([site["xyz"] for site in structure["sites"]]))


def tensors(outcome: Outcome, name: str) -> dict[str, Tensor]:
    """The tensors of a structure by what their ions do; none where a stress is no line."""
    results = [one.result for one in outcome.records if one.structure == name]
    found = [one for one in results if isinstance(one, Elasticity)]
    if not found:
        return {}
    (one,) = found
    listed = [] if one.verdict == "not linear" else [one.tensor]
    return {tensor.ions: tensor for tensor in (*listed, *([one.clamped] if one.clamped else []))}


def moduli(tensor: Tensor | None):
    """K and G [GPa], not a number where there are none."""
    if tensor is None or tensor.moduli.K_GPa is None:
        return np.nan, np.nan
    return tensor.moduli.K_GPa, tensor.moduli.G_GPa


def show(references, paper, *, ours):
    """Print the table and the mean absolute errors against DFT."""
    columns = ("DFT", "matcalc", "`paper`", "clamped", "relaxed ions")
    print(f"| compound | {' | '.join(f'K {c}' for c in columns)} | {' | '.join(f'G {c}' for c in columns)} |")
    print("| --- |" + " --- |" * 2 * len(columns))
    table = []
    for row, dft, crystal in references:
        small = tensors(ours, crystal.name)
        pairs = [
            (dft["bulk_modulus_vrh"], dft["shear_modulus_vrh"]),
            (row["K_GPa"], row["G_GPa"]),
            moduli(tensors(paper, crystal.name).get("clamped")),
            moduli(small.get("clamped")),
            moduli(small.get("relaxed")),
        ]
        numbers = [pair[0] for pair in pairs] + [pair[1] for pair in pairs]
        table.append(numbers)
        print(f"| {crystal.name} | " + " | ".join("–" if np.isnan(n) else f"{n:.1f}" for n in numbers) + " |")
    values = np.array(table)
    K, G = values[:, :5], values[:, 5:]
    whole = np.all(np.isfinite(values), axis=1)
    for rows, words in ((np.full(len(values), fill_value=True), "all"), (whole, "with every column")):
        errors = [np.nanmean(np.abs(side - side[:, :1])[rows], axis=0) for side in (K, G) if rows.any()]
        cells = " | ".join(f"{e:.1f}" for side in errors for e in side)
        print(f"| mean absolute error, {rows.sum()} {words} | {cells} |")
    for name, side in (("K", K), ("G", G)):
        off = np.abs(side[:, 2] / side[:, 1] - 1.0)
        far = ", ".join(references[k][2].name for k in np.flatnonzero(off > 0.01))
        worst = f"largest {np.nanmax(off):.2%}" + (f"; beyond 1 %: {far}" if far else "")
        print(f"\n`paper` beside matcalc, {name}: median {np.nanmedian(off):.2%}, {worst}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--results", type=Path, default=Path("results/elastic-reference"))
    parser.add_argument("--only", type=int, default=20)
    parser.add_argument("--threads", type=int, default=1)
    chosen = parser.parse_args()
    rows = references(chosen.only)
    crystals = tuple(crystal for _, _, crystal in rows)
    path = layout.statics_settings_folder() / "paper.toml"
    outcomes = []
    for settings in (check(StaticsSettings, read_toml(path), source=str(path)), StaticsSettings()):
        request = Request("sevennet", crystals, ("elastic",), settings, chosen.results, chosen.threads)
        outcomes.append(study(request, on_progress=lambda seen: print(seen.words, file=sys.stderr, end="\r")))
        for failure in outcomes[-1].failures:
            print(f"{failure.structure}: {failure.message}", file=sys.stderr)
    show(rows, outcomes[0], ours=outcomes[1])


if __name__ == "__main__":
    main()
