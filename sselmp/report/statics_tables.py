"""Records of static properties as rows for a terminal, JSON and CSV; finds and draws nothing."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from pathlib import Path

from sselmp import files, layout
from sselmp.report import barrier_tables
from sselmp.report.transport_document import digits
from sselmp.report.transport_tables import Table
from sselmp.statics import record
from sselmp.statics.barriers import Barriers
from sselmp.statics.elasticity import Elasticity
from sselmp.statics.equation_of_state import EquationOfState
from sselmp.statics.phonon_result import Phonons
from sselmp.statics.quantities import Quantity, quantities
from sselmp.statics.relaxation import Relaxation
from sselmp.statics.settings import PROPERTIES

LINEAR = 0.03  # a modulus may change by this fraction between the strains used and none
STRAIGHT = 0.95
STRESS_GPA = 1.0
NEAR_IMAGE_A = 8.0
ACOUSTIC_THZ = 0.3
CSV_HEADERS = (
    "structure", "formula", "potential", "property", "quantity", "value", "error", "unit", "verdict", "record"
)  # fmt: skip


def collect(folder: Path) -> tuple[tuple[str, record.Record], ...]:
    """All records of a potential's folder with their paths in it, sorted.

    Raises:
        RunError: One of them cannot be read.
    """
    paths = [path for name in PROPERTIES for path in sorted(folder.glob(f"*/{name}-*.json"))]
    return tuple((str(path.relative_to(folder)), record.read(path)) for path in sorted(paths))


def write(folder: Path) -> tuple[Path, Path]:
    """Write ``statics.json`` and ``statics.csv`` of all records in a potential's folder; returns their paths.

    Raises:
        RunError: A record cannot be read, or a file cannot be written.
    """
    found = collect(folder)
    files.write_text(folder / layout.STATICS_JSON, json_text(found))
    files.write_text(folder / layout.STATICS_CSV, csv_text(found))
    return folder / layout.STATICS_JSON, folder / layout.STATICS_CSV


def json_text(found: Sequence[tuple[str, record.Record]]) -> str:
    """One entry a record: its numbers with units, and all that decides them."""
    plain = {"format": "sselmp-statics-1", "properties": [_plain(path, one) for path, one in found]}
    return json.dumps(plain, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def csv_text(found: Sequence[tuple[str, record.Record]]) -> str:
    """One line a number."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(CSV_HEADERS)
    for path, one in found:
        head = (one.structure, one.formula, one.potential, one.identity.property)
        for number in quantities(one):
            error = "" if number.error is None else f"{number.error:.6g}"
            values = (number.name, f"{number.value:.9g}", error, number.unit, one.result.verdict, path)
            writer.writerow((*head, *values))
    return stream.getvalue()


def table(records: Sequence[record.Record]) -> Table:
    """One row a record."""
    headers = ("structure", "property", "verdict", "what was found")
    return Table(headers=headers, rows=tuple((one.structure, one.identity.property, *_words(one)) for one in records))


def cautions(records: Sequence[record.Record]) -> tuple[str, ...]:
    """What must be said beside the numbers, one sentence each."""
    return tuple(f"{one.structure}: {words}" for one in records for words in _against(one.result))


def _against(found: record.Result) -> Sequence[str]:
    if isinstance(found, Barriers):
        return barrier_tables.cautions(found)
    if isinstance(found, Phonons):
        return _of_phonons(found)
    return _of_tensor(found) if isinstance(found, Elasticity) else _of_volumes(found)


def _of_tensor(found: Elasticity) -> list[str]:
    one, listed = found.tensor, []
    if found.verdict == "not at rest":
        listed.append(
            f"ions do not come to rest ({found.unrested}), so that the moduli are of clamped ions; take a larger "
            "elasticity.fmax_eV_per_A in --settings, or a structure that is a minimum"
        )
    if found.verdict == "not linear":
        return [
            f"stresses are no straight lines over the strains (least R² {one.r_squared:.2f}, slopes change by "
            f"{one.bend or 0.0:.0%}): ions leave for other places when the cell is strained, so that there is no "
            f"tensor with {one.ions} ions"
        ]
    if not one.stable:
        listed.append(
            "unstable after Born: a strain lowers the energy (least eigenvalue "
            f"{one.smallest_eigenvalue_GPa:.2f} GPa); moduli at equal stress, and all that rest on them, are not given"
        )
    pressed = max(abs(stress) for stress in found.stress_GPa)
    if pressed > STRESS_GPA:
        listed.append(f"the unstrained cell is under a stress of {pressed:.1f} GPa, which the moduli contain")
    pairs = ((one.moduli.K_GPa, one.K_at_zero_GPa), (one.moduli.G_GPa, one.G_at_zero_GPa))
    if any(line and zero and abs(line / zero - 1.0) > LINEAR for line, zero in pairs):
        listed.append(
            f"the strains are too large for straight lines: K {pairs[0][0]:.1f} and G {pairs[1][0]:.1f} GPa become "
            f"{pairs[0][1]:.1f} and {pairs[1][1]:.1f} GPa where the strain vanishes; take smaller strains"
        )
    elif one.r_squared < STRAIGHT:
        listed.append(f"stresses scatter about the straight lines (least R² {one.r_squared:.3f})")
    return listed


def _of_volumes(found: record.Result) -> list[str]:
    if isinstance(found, EquationOfState) and found.verdict == "incomplete":
        missing = [f"{point.volume_A3:.1f}" for point in found.points if not point.converged]
        return [f"volumes {', '.join(missing)} Å³ did not converge and are left out of the equation of state"]
    return []


def _of_phonons(found: Phonons) -> list[str]:
    raw, share = found.before_symmetrisation, found.thermal.imaginary_share
    listed = [f"{found.verdict}: {found.reason}"] if found.verdict != "stable" else []
    if share > 0:
        listed.append(
            f"thermal properties leave out the imaginary modes, {share:.2%} of all, and are none of the crystal's"
        )
    if found.image_distance_A < NEAR_IMAGE_A:
        listed.append(
            f"an atom of the supercell is {found.image_distance_A:.1f} Å from its own image, within the reach of forces"
        )
    largest = max(map(abs, raw.acoustic_at_gamma_THz))
    if largest > ACOUSTIC_THZ:
        listed.append(
            f"before the sum rule was imposed a shift of the crystal vibrated at {largest:.2f} THz (force constants "
            f"add up to {raw.sum_rule_eV_per_A2:.2g} eV/Å²): the forces are inexact or do not add up to zero"
        )
    return listed


def _words(one: record.Record) -> tuple[str, str]:
    chosen = {number.name: number for number in quantities(one)}
    main = [chosen[name] for name in MAIN[one.identity.property] if name in chosen]
    words = ", ".join(f"{number.name} {_number(number)}" for number in main)
    return one.result.verdict, words + _more(one)


def _more(one: record.Record) -> str:
    if isinstance(one.result, Barriers):
        return barrier_tables.hops_in_words(one.result)
    if not isinstance(one.result, Relaxation):
        return ""
    before, after = one.result.before.space_group, one.result.after.space_group
    return f"; {after}" if before == after else f"; {before} → {after}"


def _number(number: Quantity) -> str:
    text = f"{number.value:.4f}" if number.unit in {"eV/atom", "Å"} else digits(number.value, count=4)
    error = "" if number.error is None else f" ± {number.error:.1g}"
    return f"{text}{error} {number.unit}".rstrip()


MAIN = {
    "relax": ("energy", "a", "b", "c", "volume", "change of volume"),
    "eos": ("K0, Birch–Murnaghan", "K0, Vinet", "V0, Birch–Murnaghan"),
    "barriers": ("barrier, 1D", "barrier, 2D", "barrier, 3D"),
    "rest": ("energy", "largest force"),
    "phonons": (
        "lowest mode in the supercell",
        "highest mode",
        "zero-point energy",
        "C_v at 300 K",
        "C_v at 300 K, real modes only",
        "entropy at 300 K",
    ),
    "elastic": ("K", "G", "Young's modulus", "Poisson's ratio", "K, clamped ions", "G, clamped ions"),
}


def _plain(path: str, one: record.Record) -> dict[str, object]:
    return {
        "structure": one.structure,
        "formula": one.formula,
        "property": one.identity.property,
        "verdict": one.result.verdict,
        "quantities": [{"name": q.name, "value": q.value, "unit": q.unit, "error": q.error} for q in quantities(one)],
        "potential": one.potential,
        "potential_sha256": one.identity.potential_sha256,
        "weights_sha256": one.weights_sha256,
        "energy_reference": one.energy_reference,
        "structure_sha256": one.identity.structure_sha256,
        "settings": {
            "relaxation": one.identity.relaxation.model_dump(mode="json"),
            "own": None if one.identity.own is None else one.identity.own.model_dump(mode="json"),
        },
        "sselmp_version": one.sselmp_version,
        "versions": one.versions,
        "device": one.device,
        "created": one.created,
        "record": path,
    }
