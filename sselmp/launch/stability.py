"""Hulls and voltage profiles of structures with a potential: relaxes what is missing, then compares; draws nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from sselmp.errors import RunError, SselmpError
from sselmp.launch.followed import OnSeen
from sselmp.launch.statics import Request, study
from sselmp.potentials.cards import Card, load_card
from sselmp.statics import record
from sselmp.statics.corrections import check_reference, to_materials_project
from sselmp.statics.entries import Phase, Source
from sselmp.statics.hull import Hull, Stability, hull_of_system, stability
from sselmp.statics.materials_project import materials_project_phases
from sselmp.statics.mixtures import Way
from sselmp.statics.relaxation import Relaxation
from sselmp.statics.settings import Optimizer
from sselmp.statics.voltage import HIGHEST_V, VoltageProfile, voltage_profile
from sselmp.structures.crystal import Crystal
from sselmp.structures.phases import phases_within

SECOND_OPTIMIZER: Optimizer = "BFGS"  # FIRE can be 500 steps at a crystal of molecules, whose cell is very soft
COMPETING = "phase-"  # opens the names of competing phases, so that they do not meet those of the user's files


@dataclass(frozen=True)
class StabilityRequest:
    """What is wanted.

    Attributes:
        relaxations: The structures, the potential, and how all phases are relaxed.
        way: What the structures compete with.
        cache: JSON of the Materials Project's entries; where it is not there, they are fetched to it.
        corrected: Whether energies of a self-consistent hull get the Materials Project's corrections, all of them, so
            that formation energies and voltages can be laid beside corrected ones. The other way always has them.
        element: The open element of a voltage profile; None: hulls only.
        highest_V: Of the profile [V].
    """

    relaxations: Request
    way: Way
    cache: Path
    corrected: bool = False
    element: str | None = "Li"
    highest_V: float = HIGHEST_V


@dataclass(frozen=True)
class StructureStability:
    """What was found of one structure.

    Attributes:
        structure: Its name.
        hull: With it and all that it competes with.
        stability: Its own.
        profile: Against voltage; None where none was asked for.
        left_out: Competing phases that could not be relaxed.
        second_try: Those that only the second optimizer brought to rest.
    """

    structure: str
    hull: Hull
    stability: Stability
    profile: VoltageProfile | None
    left_out: tuple[str, ...]
    second_try: tuple[str, ...] = ()


@dataclass(frozen=True)
class StabilityOutcome:
    """What was found, and for which structures nothing, with the reasons."""

    found: tuple[StructureStability, ...]
    failures: tuple[str, ...]


def stabilities(
    request: StabilityRequest, *, on_progress: OnSeen | None = None, prefix: Path | None = None
) -> StabilityOutcome:
    """Find hulls and voltage profiles; a structure that fails does not stop the others.

    Relaxations are those of ``launch.statics``: each is one record, and none that is on disk is done again. A competing
    phase that is not converged in the steps that it is given is relaxed once more, with the same limits, by BFGS.

    Args:
        request: What is wanted.
        on_progress: Called from time to time.
        prefix: The environment to run in; default: the one that the card names, which must be ready.

    Raises:
        SettingsError: There is no such card, or two structures have one name.
        EnvironmentFaultError: The environment is not ready.
        RunError: The program broke off, or a record cannot be read or written.
    """
    card = load_card(request.relaxations.card_name)
    failures: list[str] = []
    competing: dict[str, _Rivals] = {}
    for crystal in request.relaxations.crystals:
        try:
            competing[crystal.name] = _rivals(request, crystal, card=card)
        except SselmpError as error:
            failures.append(f"{crystal.name}, hull: {error}")
    targets = [crystal for crystal in request.relaxations.crystals if crystal.name in competing]
    if not targets:
        return StabilityOutcome((), tuple(failures))
    others = {crystal.name: crystal for rivals in competing.values() for crystal in rivals.crystals}
    wanted = replace(request.relaxations, crystals=(*targets, *others.values()), properties=("relax",))
    relaxed, reasons = _relaxed(wanted, others, on_progress=on_progress, prefix=prefix)
    found = []
    for crystal in targets:
        try:
            _refuse_unrelaxed(crystal, competing[crystal.name], reasons=reasons)
            found.append(
                _of_structure(request, crystal.name, card=card, rivals=competing[crystal.name], relaxed=relaxed)
            )
        except SselmpError as error:
            failures.append(f"{crystal.name}, hull: {error}")
    return StabilityOutcome(tuple(found), tuple(failures))


def _relaxed(
    wanted: Request, others: Mapping[str, Crystal], *, on_progress: OnSeen | None, prefix: Path | None
) -> tuple[Mapping[str, record.Record], Mapping[str, str]]:
    """The relaxations that converged, those of competing phases at the second try, and why the others did not."""
    outcome = study(wanted, on_progress=on_progress, prefix=prefix)
    again = [others[one.structure] for one in outcome.records if one.structure in others and _wants_steps(one)]
    records = outcome.records
    if again:
        how = wanted.settings.relaxation.model_copy(update={"optimizer": SECOND_OPTIMIZER})
        settings = wanted.settings.model_copy(update={"relaxation": how})
        second = replace(wanted, crystals=tuple(again), settings=settings)
        records += study(second, on_progress=on_progress, prefix=prefix).records
    relaxed = {one.structure: one for one in records if _converged(one)}
    return relaxed, {one.structure: one.message for one in outcome.failures if one.structure not in relaxed}


@dataclass(frozen=True)
class _Rivals:
    """What a structure competes with: crystals to be relaxed, or phases whose energies are known."""

    elements: tuple[str, ...]
    crystals: tuple[Crystal, ...] = ()
    phases: tuple[Phase, ...] = ()


def _rivals(request: StabilityRequest, crystal: Crystal, *, card: Card) -> _Rivals:
    """Find what a structure competes with, before anything is relaxed.

    Systems of the structure's own formula are not among them: they are what is looked at, not what it competes with.
    """
    elements = tuple(sorted({*crystal.elements, *([request.element] if request.element else [])}))
    if request.corrected or request.way == "Materials Project":
        check_reference(crystal.name, card.energy_reference)
    if request.way == "Materials Project":
        return _Rivals(elements, phases=materials_project_phases(elements, request.cache))
    own = _shares(crystal)
    found = [phase for phase in phases_within(elements) if not (phase.is_system and _shares(phase.crystal) == own)]
    return _Rivals(elements, crystals=tuple(replace(phase.crystal, name=COMPETING + phase.name) for phase in found))


def _refuse_unrelaxed(crystal: Crystal, rivals: _Rivals, *, reasons: Mapping[str, str]) -> None:
    """Refuse a hull whose own structure, or an element at one of its corners, could not be relaxed."""
    if crystal.name in reasons:
        raise RunError(reasons[crystal.name])
    for corner in rivals.crystals:
        if len(corner.elements) == 1 and corner.name in reasons:
            raise RunError(
                f"no hull stands without the element {corner.elements[0]}, which could not be relaxed",
                got=reasons[corner.name],
                repair="relax it with more steps (--max-steps), or take another potential",
            )


def _shares(crystal: Crystal) -> Mapping[str, float]:
    return {element: round(count / len(crystal), 9) for element, count in crystal.counts().items()}


def _of_structure(
    request: StabilityRequest, name: str, *, card: Card, rivals: _Rivals, relaxed: Mapping[str, record.Record]
) -> StructureStability:
    corrected = request.corrected or request.way == "Materials Project"
    target = _phase(relaxed[name], card=card, corrected=corrected)
    names = [crystal.name for crystal in rivals.crystals]
    made = (_phase(relaxed[other], card=card, corrected=corrected) for other in names if other in relaxed)
    others = [*rivals.phases, *made]
    hull = hull_of_system(others, targets=[target], elements=rivals.elements, way=request.way)
    profile = (
        voltage_profile(hull, target, element=request.element, highest_V=request.highest_V) if request.element else None
    )
    left_out = tuple(other.removeprefix(COMPETING) for other in names if other not in relaxed)
    first = request.relaxations.settings.relaxation.optimizer
    second = (other for other in names if other in relaxed and relaxed[other].identity.relaxation.optimizer != first)
    second_try = tuple(other.removeprefix(COMPETING) for other in second)
    return StructureStability(name, hull, stability(hull, target), profile, left_out, second_try)


def _phase(found: record.Record, *, card: Card, corrected: bool) -> Phase:
    relaxation = _relaxation(found)
    crystal = relaxation.crystal.crystal()
    source = Source("potential", card.name, found.identity.potential_sha256)
    name = found.structure.removeprefix(COMPETING)
    phase = Phase(name, crystal.counts(), relaxation.energy_eV, card.energy_reference, source)
    return to_materials_project(phase, crystal) if corrected else phase


def _converged(found: record.Record) -> bool:
    return isinstance(found.result, Relaxation) and found.result.converged


def _wants_steps(found: record.Record) -> bool:
    return isinstance(found.result, Relaxation) and found.result.verdict == "not converged"


def _relaxation(found: record.Record) -> Relaxation:
    if not isinstance(found.result, Relaxation):
        raise TypeError(found.result)
    return found.result
