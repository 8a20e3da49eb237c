"""Finding static properties of structures in a potential's environment; those that are on disk are not found again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sselmp import layout
from sselmp.errors import RunError, SettingsError, SselmpError
from sselmp.launch.followed import OnSeen, card_argument
from sselmp.launch.phonons import find_phonons
from sselmp.launch.statics_program import Running, carried_out
from sselmp.potentials.cards import Card, check_elements, load_card
from sselmp.statics import record
from sselmp.statics.relaxation import Relaxation, StoredCrystal
from sselmp.statics.settings import Property, StaticsSettings
from sselmp.structures.crystal import Crystal


@dataclass(frozen=True)
class Request:
    """What is wanted.

    Attributes:
        card_name: Name of a shipped card, or the path of a user's own.
        crystals: The structures, each with a name of its own.
        properties: What to find of each; the relaxation comes first in any case.
        settings: How.
        results: Folder of all results.
        threads: Of the program; None: every core.
    """

    card_name: str
    crystals: tuple[Crystal, ...]
    properties: tuple[Property, ...]
    settings: StaticsSettings = field(default_factory=StaticsSettings)
    results: Path = Path("results")
    threads: int | None = None


@dataclass(frozen=True)
class Outcome:
    """What was found, and what could not be.

    Attributes:
        records: Of each structure and property that is on disk, relaxations that did not converge included.
        failures: Structures and properties that could not be had, with the reason.
    """

    records: tuple[record.Record, ...]
    failures: tuple[record.Failure, ...]


def study(request: Request, *, on_progress: OnSeen | None = None, prefix: Path | None = None) -> Outcome:
    """Find properties of structures with a potential; a structure that fails does not stop the others.

    Each result is one file, written whole in ``results/statics/POTENTIAL/STRUCTURE/``; what is there with the same
    structure, settings and potential is taken as it is, so that an interrupted call goes on where it stopped.

    Args:
        request: What is wanted.
        on_progress: Called from time to time.
        prefix: The environment to run in; default: the one that the card names, which must be ready.

    Raises:
        SettingsError: There is no such card, or two structures have one name.
        EnvironmentFaultError: The environment is not ready.
        RunError: The program broke off, or a record cannot be read or written.
        KeyboardInterrupt: The user stopped it; what was found until then is on disk.
    """
    card = load_card(request.card_name)
    _refuse_namesakes(request.crystals)
    refused = {}
    for crystal in request.crystals:
        try:
            check_elements(card, crystal.elements)
        except SselmpError as error:
            refused[crystal.name] = record.Failure(structure=crystal.name, property="relax", message=str(error))
    usable = [crystal for crystal in request.crystals if crystal.name not in refused]
    missing = [crystal for crystal in usable if not _complete(request, crystal, card=card)]
    running = Running(card, request.card_name, prefix=prefix, threads=request.threads, on_progress=on_progress)
    failures = _carried_out(request, missing, running=running) if missing else ()
    if "phonons" in request.properties:
        subjects = _subjects(request, usable, card=card)
        failures += find_phonons(subjects, settings=request.settings, running=running)
    found = [one for crystal in usable for one in found_records(request, crystal, card=card)]
    told = {one.structure for one in failures}
    failures += tuple(one for one in _unsound(found) if one.structure not in told)
    return Outcome(records=tuple(found), failures=(*refused.values(), *failures))


def refuse_failures(outcome: Outcome, *, structures: int) -> None:
    """Raise where something could not be had.

    Raises:
        RunError: Naming each structure and property with the reason.
    """
    if outcome.failures:
        names = {one.structure for one in outcome.failures}
        raise RunError(
            f"{len(names)} of {structures} structures failed\n"
            + "\n".join(f"{one.structure}, {one.property}: {one.message}" for one in outcome.failures)
        )


def found_records(request: Request, crystal: Crystal, *, card: Card) -> tuple[record.Record, ...]:
    """The records on disk of what is wanted of a structure, in the order of the properties.

    Raises:
        RunError: One of them cannot be read.
    """
    folder = _folder(request, crystal, card=card)
    identities = [
        record.identity_of(card, crystal, property_=name, settings=request.settings)
        for name in record.needed(request.properties)
    ]
    return tuple(found for found in (record.find(folder, identity) for identity in identities) if found is not None)


def _complete(request: Request, crystal: Crystal, *, card: Card) -> bool:
    """Whether the program has nothing left to find: a relaxation that did not converge leaves nothing."""
    found = found_records(request, crystal, card=card)
    there = {one.identity.property for one in found}
    return there >= set(record.found_here(request.properties)) or (bool(found) and not _sound(found[0]))


def _sound(found: record.Record) -> bool:
    return not isinstance(found.result, Relaxation) or found.result.converged


def _unsound(found: Sequence[record.Record]) -> tuple[record.Failure, ...]:
    """What is to be told of relaxations that nothing may be built on."""
    return tuple(
        record.Failure(
            structure=one.structure,
            property=one.identity.property,
            message=str(record.unsound(one.structure, one.result)),
        )
        for one in found
        if isinstance(one.result, Relaxation) and not one.result.converged
    )


def _carried_out(request: Request, crystals: Sequence[Crystal], *, running: Running) -> tuple[record.Failure, ...]:
    """Have the program in the potential's environment find what it can."""
    work = record.Work(
        card=card_argument(running.card_name),
        subjects=_subjects(request, crystals, card=running.card),
        properties=request.properties,
        settings=request.settings,
    )
    return carried_out(work, running)


def _subjects(request: Request, crystals: Sequence[Crystal], *, card: Card) -> tuple[record.Subject, ...]:
    return tuple(
        record.Subject(crystal=StoredCrystal.of(crystal), folder=str(_folder(request, crystal, card=card).resolve()))
        for crystal in crystals
    )


def _folder(request: Request, crystal: Crystal, *, card: Card) -> Path:
    return layout.statics_folder(card.name, base=request.results) / crystal.name


def _refuse_namesakes(crystals: Sequence[Crystal]) -> None:
    twice = [name for name, count in Counter(crystal.name for crystal in crystals).items() if count > 1]
    if twice:
        raise SettingsError(
            f"two structures are called '{twice[0]}'",
            allowed="names of files, without their endings, that differ",
            repair="rename one of the files, or leave one out",
        )
    if not crystals:
        raise SettingsError("there is no structure to study", repair="name structure files, or --system NAME")
