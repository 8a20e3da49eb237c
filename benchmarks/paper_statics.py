"""Formation energies, hulls and moduli of Li3YCl6 and Li6PS5Cl beside published ones, as Markdown tables.

    SSELMP_TEST_DATA=FOLDER .venv/bin/python benchmarks/paper_statics.py [--potential NAME]... [--table energies|moduli]

The published numbers are those of a benchmark of potentials (its Tables 1 and 2). Energies of the elements as the
Materials Project calculates them come from FOLDER/reference/matcalc. It can be interrupted and run again; what `sselmp
statics` found in the same results folder is taken as it is, and with --found nothing else.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import sys
from dataclasses import dataclass, replace
from pathlib import Path

from elastic_reference import ROOT, moduli, tensors

from sselmp import layout
from sselmp.errors import SselmpError
from sselmp.launch.stability import StabilityRequest, stabilities
from sselmp.launch.statics import Outcome, Request, found_records, study
from sselmp.potentials.cards import load_card
from sselmp.settings import check, read_toml
from sselmp.statics.corrections import to_materials_project
from sselmp.statics.entries import Phase, Source
from sselmp.statics.settings import StaticsSettings
from sselmp.structures.systems import load_system

SYSTEMS = ("Li3YCl6", "Li6PS5Cl")
FILE = "reference/matcalc/MP-PBE-Element-Refs.json.gz"


@dataclass(frozen=True)
class Published:
    """A row of the published tables: formation energy [eV/atom], bulk and shear modulus [GPa]."""

    formation: float = float("nan")
    K: float = float("nan")
    G: float = float("nan")


PUBLISHED = {
    ("sevennet", "Li3YCl6"): Published(-2.351, 36.2, 19.3),
    ("sevennet", "Li6PS5Cl"): Published(-1.321, 42.4, 22.9),
    ("chgnet", "Li3YCl6"): Published(-2.338, 34.3, 13.5),
    ("chgnet", "Li6PS5Cl"): Published(-1.326, 32.4, 13.0),
    ("m3gnet", "Li3YCl6"): Published(-2.313, 33.4, 11.9),
    ("m3gnet", "Li6PS5Cl"): Published(-1.335, 26.1, 9.9),
}
POTENTIALS = ("sevennet", "chgnet", "m3gnet", "deepmd")  # of deepmd's DPA-3 nothing is published there
ENERGIES = (
    "potential", "system", "published E_f", "E_f, elements of the Materials Project", "difference",
    "E_f, own elements", "without corrections", "above its decomposition [meV/atom]", "decomposes into",
    "window, or decay without Li [V]",
)  # fmt: skip
MODULI = ("potential", "system", "", "published", "`paper`", "difference", "clamped", "relaxed ions", "K₀ of E(V)")


def show(headers, rows):
    print(f"| {' | '.join(headers)} |")
    print("| --- " * len(headers) + "|")
    for row in rows:
        print(f"| {' | '.join(row)} |", flush=True)
    print()


def text(number, digits=1):
    return "–" if number != number else f"{number:.{digits}f}"  # noqa: PLR0124 - not a number is not itself


def off(ours, published):
    return "–" if ours != ours or published != published else f"{ours / published - 1.0:+.1%}"  # noqa: PLR0124


def tell(words):
    print(words, file=sys.stderr, flush=True)


def elements_of_the_materials_project():
    """Energy an atom of each element's most stable form [eV]."""
    folder = Path(os.environ.get("SSELMP_TEST_DATA", ROOT.parent / "shared" / "data"))
    with gzip.open(folder / FILE) as stream:
        return {element: min(row["energy_per_atom"]) for element, row in json.load(stream).items()}


def energy_rows(potential, results, *, relaxation, only_found):
    """One row a system: its formation energy from the Materials Project's elements and from its own, and its hull."""
    crystals = tuple(load_system(system).crystal for system in SYSTEMS)
    settings = check(StaticsSettings, {"relaxation": relaxation}, source="the options")
    request = Request(potential, crystals, ("relax",), settings, results, threads=1)
    relaxed = {one.structure: one.result for one in outcome_of(request, only_found=only_found).records}
    elements = elements_of_the_materials_project()
    for crystal in crystals:
        if crystal.name in relaxed and relaxed[crystal.name].converged:
            energy = on_the_materials_projects_scale(potential, relaxed[crystal.name])
            counts = crystal.counts()
            against = (energy - sum(elements[e] * n for e, n in counts.items())) / len(crystal)
            published = PUBLISHED.get((potential, crystal.name), Published()).formation
            shown = (text(published, 3), text(against, 3), off(against, published))
            found = tuple(hulls(replace(request, crystals=(crystal,)), only_found=only_found))
            yield (potential, crystal.name, *shown, *hull_columns(potential, found[0], plain=found[1]))


def on_the_materials_projects_scale(potential, result):
    """The energy of a relaxed cell with the corrections that the potential's training asks for [eV]."""
    crystal, card = result.crystal.crystal(), load_card(potential)
    source = Source("potential", card.name, card.physics_sha256())
    phase = Phase("relaxed", crystal.counts(), result.energy_eV, card.energy_reference, source)
    return to_materials_project(phase, crystal).energy_eV


def hulls(request, *, only_found):
    """Of one structure, with the corrections and without; None where there is none yet."""
    (crystal,) = request.crystals
    folder = layout.statics_folder(request.card_name, base=request.results) / crystal.name
    for corrected in (True, False):
        if only_found and not list(folder.glob("hull-self-consistent-*/hull.json")):
            yield None
            continue
        asked = StabilityRequest(request, "self-consistent", request.results / "none.json", corrected=corrected)
        outcome = stabilities(asked, on_progress=lambda seen: tell(f"{request.card_name}: {seen.words}"))
        for failure in outcome.failures:
            tell(f"{request.card_name}: {failure}")
        yield outcome.found[0] if outcome.found else None


def hull_columns(potential, one, *, plain):
    if one is None:
        return ("–",) * 5
    carries = load_card(potential).energy_reference == "MP2020-corrected"
    standing, window = one.stability.standing, one.profile.window_V or one.profile.neutral_V
    cost = -1000 * one.stability.decomposition_eV_per_atom
    return (
        text(standing.formation_eV_per_atom, 3),
        "–" if carries else text(plain.stability.standing.formation_eV_per_atom, 3),
        text(cost),
        " + ".join(part.phase.formula for part in one.stability.decomposition.parts),
        "none" if window is None else f"{window[0]:.2f} to {window[1]:.2f}",
    )


def outcome_of(request, *, only_found):
    """What can be had of all structures and properties; what could not is told."""
    if only_found:
        card = load_card(request.card_name)
        return Outcome(tuple(one for c in request.crystals for one in found_records(request, c, card=card)), ())
    outcome = study(request, on_progress=lambda seen: tell(f"{request.card_name}: {seen.words}"))
    for failure in outcome.failures:
        tell(f"{failure.structure}, {failure.property}: {failure.message}")
    return outcome


def modulus_rows(potential, results, *, only_found):
    """One row for K and one for G of each system."""
    crystals = tuple(load_system(system).crystal for system in SYSTEMS)
    path = layout.statics_settings_folder() / "paper.toml"
    settings = check(StaticsSettings, read_toml(path), source=str(path))
    as_published = outcome_of(
        Request(potential, crystals, ("elastic",), settings, results, threads=1), only_found=only_found
    )
    wanted = Request(potential, crystals, ("eos", "elastic"), StaticsSettings(), results, threads=1)
    ours = outcome_of(wanted, only_found=only_found)
    for system in SYSTEMS:
        columns = [
            tensors(as_published, system).get("clamped"),
            tensors(ours, system).get("clamped"),
            relaxed(ours, system),
        ]
        for k, name in enumerate("KG"):
            published = getattr(PUBLISHED.get((potential, system), Published()), name)
            numbers = [column if isinstance(column, str) else moduli(column)[k] for column in columns]
            shown = [number if isinstance(number, str) else text(number) for number in numbers]
            volumes = bulk_modulus(ours, system) if name == "K" else ""
            yield (potential, system, name, text(published), shown[0], off(numbers[0], published), *shown[1:], volumes)


def relaxed(outcome, system):
    """The tensor with relaxed ions, or the verdict that there is none."""
    verdicts = [
        one.result.verdict for one in outcome.records if (one.structure, one.result.kind) == (system, "elastic")
    ]
    without = {"not linear", "not at rest"} & set(verdicts)
    return without.pop() if without else tensors(outcome, system).get("relaxed")


def bulk_modulus(outcome, name):
    """K0 of the equation of state [GPa]."""
    results = [one.result for one in outcome.records if (one.structure, one.result.kind) == (name, "eos")]
    return text(results[0].birch_murnaghan.K0_GPa) if results and results[0].birch_murnaghan else "–"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--potential", action="append", choices=POTENTIALS)
    parser.add_argument("--table", choices=("energies", "moduli"))
    parser.add_argument("--optimizer", default="FIRE", help="of the relaxations for the energies")
    parser.add_argument("--keep-symmetry", action="store_true", help="hold space groups, of competing phases too")
    parser.add_argument("--found", action="store_true", help="only what is on disk; the rest is left open")
    parser.add_argument("--results", type=Path, default=Path("results"))
    chosen = parser.parse_args()
    potentials = chosen.potential or POTENTIALS
    relaxation = {"optimizer": chosen.optimizer, "keep_symmetry": chosen.keep_symmetry}
    try:
        if chosen.table != "moduli":
            rows = (
                energy_rows(name, chosen.results, relaxation=relaxation, only_found=chosen.found) for name in potentials
            )
            show(ENERGIES, (row for part in rows for row in part))
        if chosen.table != "energies":
            rows = (modulus_rows(name, chosen.results, only_found=chosen.found) for name in potentials)
            show(MODULI, (row for part in rows for row in part))
    except SselmpError as error:
        raise SystemExit(f"{error}") from error


if __name__ == "__main__":
    main()
