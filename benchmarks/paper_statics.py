"""K and G of Li3YCl6 and Li6PS5Cl beside those that a benchmark of potentials published, as a Markdown table.

    .venv/bin/python benchmarks/paper_moduli.py [--potential NAME]... [--results FOLDER]

It can be interrupted and run again; what `sselmp statics` found in the same results folder is taken as it is.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from elastic_reference import moduli, tensors

from sselmp import layout
from sselmp.launch.statics import Request, study
from sselmp.settings import check, read_toml
from sselmp.statics.settings import StaticsSettings
from sselmp.structures.systems import load_system

# K and G [GPa] of the published tables 1 and 2, by potential and system.
PUBLISHED = {
    ("sevennet", "Li3YCl6"): (36.2, 19.3),
    ("sevennet", "Li6PS5Cl"): (42.4, 22.9),
    ("chgnet", "Li3YCl6"): (34.3, 13.5),
    ("chgnet", "Li6PS5Cl"): (32.4, 13.0),
    ("m3gnet", "Li3YCl6"): (33.4, 11.9),
    ("m3gnet", "Li6PS5Cl"): (26.1, 9.9),
}
HEADERS = ("potential", "system", "", "published", "`paper`", "difference", "clamped", "relaxed ions", "K₀ of E(V)")


def found(request):
    outcome = study(request)
    for failure in outcome.failures:
        print(f"{failure.structure}: {failure.message}\n")
    return outcome


def bulk_modulus(outcome, name):
    """K0 of the equation of state [GPa], with its error."""
    results = [one.result for one in outcome.records if one.structure == name and one.result.kind == "eos"]
    return f"{results[0].birch_murnaghan.K0_GPa:.1f}" if results else "–"


def shown(number):
    return "–" if number != number else f"{number:.1f}"  # noqa: PLR0124 - not a number is not itself


def rows(potential, results):
    """One row for K and one for G of each system."""
    systems = [system for name, system in PUBLISHED if name == potential]
    crystals = tuple(load_system(system).crystal for system in systems)
    path = layout.statics_settings_folder() / "paper.toml"
    settings = check(StaticsSettings, read_toml(path), source=str(path))
    as_published = found(Request(potential, crystals, ("elastic",), settings, results, threads=1))
    ours = found(Request(potential, crystals, ("eos", "elastic"), StaticsSettings(), results, threads=1))
    for system in systems:
        small = tensors(ours, system)
        columns = [tensors(as_published, system).get("clamped"), small.get("clamped"), small.get("relaxed")]
        for k, name in enumerate("KG"):
            published = PUBLISHED[potential, system][k]
            numbers = [moduli(column)[k] for column in columns]
            volumes = bulk_modulus(ours, system) if name == "K" else ""
            off = f"{numbers[0] / published - 1.0:+.1%}"
            yield (potential, system, name, f"{published}", shown(numbers[0]), off, *map(shown, numbers[1:]), volumes)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--potential", action="append", choices=sorted({name for name, _ in PUBLISHED}))
    parser.add_argument("--results", type=Path, default=Path("results"))
    chosen = parser.parse_args()
    print(f"| {' | '.join(HEADERS)} |")
    print("| --- " * len(HEADERS) + "|")
    for potential in chosen.potential or ["sevennet", "chgnet"]:
        for row in rows(potential, chosen.results):
            print(f"| {' | '.join(row)} |", flush=True)


if __name__ == "__main__":
    main()
