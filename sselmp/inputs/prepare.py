"""From a campaign to complete run folders: crosses potentials, systems, temperatures and seeds; starts nothing."""

from __future__ import annotations

import contextlib
import itertools
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sselmp import __version__, files, layout, manifest
from sselmp.errors import RunError
from sselmp.inputs import datafile, routes, script
from sselmp.inputs.render import render
from sselmp.potentials.cards import Card, check_elements, load_card
from sselmp.potentials.exports import exported_files
from sselmp.potentials.weights import refuse_unpinned
from sselmp.settings import Campaign, PreflightLevel, Route
from sselmp.structures.crystal import Crystal
from sselmp.structures.supercell import enlarge
from sselmp.structures.systems import System, load_system


@dataclass(frozen=True)
class _Choice:
    """A potential on a system: what all of its runs share.

    Attributes:
        card_name: How ``pair_style sselmp`` finds the card: its name, or the absolute path of the user's own.
        crystal: The system's cell, enlarged.
        preflight: What the potential must pass before the runs are started.
        route: Into LAMMPS.
        model: Files that the route's pair style reads, by their names in a run folder.
    """

    card: Card
    card_name: str
    system: System
    crystal: Crystal
    preflight: PreflightLevel
    route: Route
    model: Mapping[str, Path]


def prepare(campaign_name: str, campaign: Campaign, *, base: Path | None = None) -> tuple[Path, ...]:
    """Make the run folders of a campaign, or find those that are there already.

    Everything is checked before the first folder is made. A run whose folder exists is held against its manifest and
    left as it is.

    Args:
        campaign_name: Name of the campaign's folder of results.
        campaign: Its settings.
        base: Folder of all results (default ``./results``).

    Returns:
        The folders, by potential, system, temperature and seed, in the campaign's order.

    Raises:
        SettingsError: An unknown potential or system, an element that a potential does not know, a route that it does
            not have, or settings that LAMMPS cannot follow.
        PotentialError: It has not been exported for the route, or nobody has pinned its weights.
        StructureError: A system's structure fails a check.
        RunError: A folder cannot be written, or disagrees with its manifest.
    """
    runs = _runs(campaign)
    for choice, identity in runs:
        script.script_values(identity, choice.crystal, elements=choice.crystal.elements)
    return tuple(_run_folder(choice, identity, campaign=campaign_name, base=base) for choice, identity in runs)


def planned(campaign_name: str, campaign: Campaign, *, base: Path | None = None) -> tuple[Path, ...]:
    """Where the run folders of a campaign are or would be, in the order of ``prepare``; makes and checks none.

    Raises:
        SettingsError, PotentialError, StructureError: As ``prepare``.
    """
    return tuple(_place(choice, identity, campaign=campaign_name, base=base) for choice, identity in _runs(campaign))


def _runs(campaign: Campaign) -> list[tuple[_Choice, manifest.Identity]]:
    choices = [_choose(card, system, campaign=campaign) for card in campaign.potentials for system in campaign.systems]
    return [
        (choice, _identity(choice, campaign, temperature_K=temperature, seed=seed))
        for choice, temperature, seed in itertools.product(choices, campaign.temperatures_K, campaign.seeds)
    ]


def folder_name(identity: manifest.Identity) -> str:
    """Name of a run's folder, such as ``700K-seed1-0123456789ab``."""
    return f"{script.number(identity.temperature_K)}K-seed{identity.seed}-{identity.run_id()}"


def _choose(potential: str, name_or_path: str, *, campaign: Campaign) -> _Choice:
    card = load_card(potential)
    refuse_unpinned(card)
    system = load_system(name_or_path, mobile_species=campaign.transport.mobile_species)
    check_elements(card, system.crystal.elements)
    route = routes.chosen_route(card, campaign.route)
    is_file = potential.endswith(".toml") or "/" in potential
    return _Choice(
        card=card,
        card_name=str(Path(potential).expanduser().resolve()) if is_file else card.name,
        system=system,
        crystal=enlarge(system.crystal, campaign.cell),
        preflight=campaign.preflight,
        route=route,
        model=exported_files(card, route) if routes.ROUTES[route].exported else {},
    )


def _identity(choice: _Choice, campaign: Campaign, *, temperature_K: float, seed: int) -> manifest.Identity:
    return manifest.Identity(
        potential=choice.card.name,
        potential_sha256=choice.card.physics_sha256(),
        system=choice.system.name,
        structure_sha256=choice.crystal.structure_sha256(),
        temperature_K=temperature_K,
        seed=seed,
        relaxation=campaign.relaxation,
        dynamics=campaign.dynamics,
        output=campaign.output,
        guard=campaign.guard,
        route=choice.route,
    )


def _place(choice: _Choice, identity: manifest.Identity, *, campaign: str, base: Path | None) -> Path:
    results = layout.results_folder(campaign, potential=choice.card.name, system=choice.system.name, base=base)
    return results / layout.RUNS / folder_name(identity)


def _run_folder(choice: _Choice, identity: manifest.Identity, *, campaign: str, base: Path | None) -> Path:
    """Make one run folder, whole or not at all, or verify the one that is there."""
    folder = _place(choice, identity, campaign=campaign, base=base)
    if not folder.exists():
        with whole_folder(folder) as temporary:
            _fill(temporary, choice, identity=identity)
    manifest.verify(folder)
    return folder


def _fill(folder: Path, choice: _Choice, *, identity: manifest.Identity) -> None:
    elements = choice.crystal.elements
    values = script.script_values(identity, choice.crystal, elements=elements)
    texts = {
        layout.INPUT_SCRIPT: render("in.lammps.j2", values),
        layout.POTENTIAL_SCRIPT: _potential_text(choice),
        layout.STRUCTURE_DATA: datafile.data_text(choice.crystal, type_order=elements, triclinic=values.triclinic),
    }
    for name, text in texts.items():
        files.write_text(folder / name, text)
    for name, source in choice.model.items():
        with files.whole(folder / name) as temporary:
            shutil.copyfile(source, temporary)
    record = manifest.Manifest(
        id=identity.run_id(),
        identity=identity,
        card=choice.card_name,
        mobile_species=choice.system.mobile_species,
        total_steps=values.dynamics.total_steps,
        equilibration_steps=values.dynamics.equilibration_steps,
        charges=dict(choice.system.charges),
        files={name: files.sha256(folder / name) for name in (*texts, *choice.model)},
        preflight=manifest.Preflight(level=choice.preflight),
        sselmp_version=__version__,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
    )
    manifest.write(folder, record)


def _potential_text(choice: _Choice) -> str:
    """``potential.lmp``, the only text that differs between the routes of one run."""
    values = script.PotentialValues(
        title=choice.card.title,
        card=script.word(choice.card_name),
        elements=choice.crystal.elements,
        environment=choice.card.environment,
        messages=choice.card.message_passing_depth,
        model=next((Path(name).parts[0] for name in choice.model), ""),
    )
    return render(f"potential-{choice.route.replace('/', '-')}.lmp.j2", values)


@contextlib.contextmanager
def whole_folder(folder: Path) -> Iterator[Path]:
    """Give a temporary folder that takes its name if the block succeeds and vanishes if it does not.

    Raises:
        RunError: It cannot be made or renamed.
    """
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    except OSError as error:
        raise _cannot_make(folder, error) from error
    try:
        yield temporary
        (temporary / layout.RESTARTS).mkdir()  # LAMMPS does not make it
        temporary.chmod(0o755)
        if not folder.exists():  # another prepare may have been quicker; its folder is verified like any other
            temporary.rename(folder)
    except OSError as error:
        raise _cannot_make(folder, error) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _cannot_make(folder: Path, error: OSError) -> RunError:
    return RunError(
        f"cannot make the run folder {folder}",
        got=error.strerror or error,
        repair="free some space or make the folder above writable, and run the same command again",
    )
