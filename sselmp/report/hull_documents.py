"""Hulls and voltage profiles as plain documents with units in their keys, and as CSV; writes nothing."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import metadata

from sselmp import __version__
from sselmp.files import Json
from sselmp.report.hull_scene import verdict
from sselmp.report.voltage_figure import sentence
from sselmp.statics.entries import Phase
from sselmp.statics.hull import Hull, Stability, Standing
from sselmp.statics.mixtures import Mixture
from sselmp.statics.settings import RelaxationSettings
from sselmp.statics.voltage import Stage, VoltageProfile

HULL_FORMAT = "sselmp-hull-1"
VOLTAGE_FORMAT = "sselmp-voltage-1"


@dataclass(frozen=True)
class Origin:
    """How energies were found.

    Attributes:
        relaxation: Settings of the relaxations; None where none of the energies are from one.
        left_out: Competing phases that could not be relaxed.
        second_try: Those that the optimizer of the settings did not bring to rest, and BFGS did.
    """

    relaxation: RelaxationSettings | None = None
    left_out: tuple[str, ...] = ()
    second_try: tuple[str, ...] = ()


NOTHING_KNOWN = Origin()


def hull_document(hull: Hull, targets: Sequence[Stability], *, about: Origin) -> Json:
    """All phases of a hull, what the targets decompose into, and which phases could not be taken in."""
    return {
        "format": HULL_FORMAT,
        **_versions(),
        "elements": list(hull.elements),
        "way": hull.way,
        "energy_reference": hull.reference,
        "targets": [
            {
                **_standing(found.standing),
                "decomposition": _parts(found.decomposition),
                "decomposition_eV_per_atom": round(found.decomposition_eV_per_atom, 9),
                "verdict": verdict(found),
            }
            for found in targets
        ],
        **_origin(about),
        "phases": [_standing(standing) for standing in hull.standings],
    }


def hull_csv(hull: Hull, targets: Sequence[Stability]) -> str:
    """One line a phase; the last column is what a target decomposes into."""
    into = {id(found.standing.phase): _written(found.decomposition) for found in targets}
    rows = [[*_standing(s).values(), into.get(id(s.phase), "")] for s in hull.standings]
    headers = [*_standing(hull.standings[0]), "decomposes_into"]
    return _csv(headers, rows)


def voltage_document(profile: VoltageProfile, *, about: Origin) -> Json:
    """Stages and steps of a voltage profile."""
    return {
        "format": VOLTAGE_FORMAT,
        **_versions(),
        "target": _standing(profile.target),
        "open_element": profile.element,
        "charge_e": profile.charge,
        "highest_V": profile.highest_V,
        "window_V": profile.window_V and [round(volt, 9) for volt in profile.window_V],
        "neutral_V": profile.neutral_V and [round(volt, 9) for volt in profile.neutral_V],
        "least_released_eV_per_atom": round(profile.least_released_eV_per_atom, 9),
        "least_released_V": round(profile.least_released_V, 9),
        "verdict": sentence(profile),
        "stages": [{**_stage(stage), "phases": _parts(stage.mixture)} for stage in profile.stages],
        "steps": [
            {
                "voltage_V": round(step.voltage_V, 9),
                "taken_up_per_formula_unit": round(step.taken_up, 9),
                "reaction": step.reaction,
            }
            for step in profile.steps
        ],
        **_origin(about),
    }


def voltage_csv(profile: VoltageProfile) -> str:
    """One line a stage, from the highest voltage down."""
    rows = [[*_stage(stage).values(), _written(stage.mixture)] for stage in profile.stages]
    return _csv([*_stage(profile.stages[0]), "phases"], rows)


def text(document: Json) -> str:
    """A document as JSON."""
    return json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def _origin(about: Origin) -> Json:
    settings = about.relaxation.model_dump(mode="json") if about.relaxation else None
    return {"relaxation": settings, "left_out": list(about.left_out), "second_try": list(about.second_try)}


def _versions() -> Json:
    return {"sselmp_version": __version__, "versions": {"pymatgen": metadata.version("pymatgen")}}


def _standing(standing: Standing) -> Json:
    phase: Phase = standing.phase
    return {
        "formula": phase.formula,
        "name": phase.name,
        "stable": standing.stable,
        "above_hull_eV_per_atom": round(standing.above_hull_eV_per_atom, 9),
        "formation_eV_per_atom": round(standing.formation_eV_per_atom, 9),
        "energy_eV_per_atom": round(phase.energy_eV_per_atom, 9),
        "correction_eV_per_atom": round(phase.correction_eV / phase.atoms, 9),
        "source": phase.source.kind,
        "source_name": phase.source.name,
        "potential_sha256": phase.source.sha256 or None,
    }


def _stage(stage: Stage) -> Json:
    return {
        "low_V": round(stage.low_V, 9),
        "high_V": round(stage.high_V, 9),
        "uptake_per_formula_unit": round(stage.uptake, 9),
        "released_at_low_eV_per_atom": round(stage.released_low_eV_per_atom, 9),
        "released_at_high_eV_per_atom": round(stage.released_high_eV_per_atom, 9),
        "reaction": stage.reaction,
    }


def _parts(mixture: Mixture) -> list[Json]:
    return [
        {"formula": part.phase.formula, "name": part.phase.name, "formula_units": round(part.formula_units, 9)}
        for part in mixture.parts
    ]


def _written(mixture: Mixture) -> str:
    return " + ".join(f"{part.formula_units:.6g} {part.phase.formula}" for part in mixture.parts)


def _csv(headers: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(headers)
    writer.writerows([["" if cell is None else cell for cell in row] for row in rows])
    return stream.getvalue()
