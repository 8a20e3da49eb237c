"""Models written for a route of their own: where they lie, whether they are whole, and having them made; loads none."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from sselmp import files, layout, programs
from sselmp.errors import EnvironmentFaultError, PotentialError
from sselmp.potentials.cards import Card
from sselmp.potentials.environments import environment_prefix
from sselmp.settings import Route


def export_folder(card: Card, route: Route) -> Path:
    """Where a potential's model for a route lies: in its environment, apart for each set of weights and options."""
    place = f"{card.name}-{card.physics_sha256()[:12]}"
    return environment_prefix(card) / "share" / "sselmp" / "exports" / place / route.replace("/", "-")


def exported_files(card: Card, route: Route) -> dict[str, Path]:
    """Files of an exported model by their names in a run folder, held against the record of the export.

    Raises:
        PotentialError: There is no export, or a file of it is missing or altered.
    """
    folder = export_folder(card, route)
    repair = f"'sselmp export {card.name} --route {route}' writes it"
    try:
        recorded: dict[str, str] = json.loads((folder / layout.EXPORT_RECORD).read_text(encoding="utf-8"))["files"]
    except (OSError, ValueError, KeyError) as error:
        raise PotentialError(
            f"the potential '{card.name}' has not been exported for the route '{route}'",
            got=f"no {layout.EXPORT_RECORD} in {folder}",
            repair=repair,
        ) from error
    found = {name: folder / name for name in recorded}
    for name, path in found.items():
        if not path.is_file() or files.sha256(path) != recorded[name]:
            raise PotentialError(f"{path} is not the file that was exported", allowed=recorded[name], repair=repair)
    if route == "e3gnn" and not e3gnn_plugin(card).is_file():
        raise PotentialError(
            f"the plugin with pair style e3gnn is not in the environment '{card.environment}'", repair=repair
        )
    return found


def is_exported(card: Card, route: Route) -> bool:
    """Whether a model is there for a route, whole."""
    try:
        exported_files(card, route)
    except PotentialError:
        return False
    return True


def e3gnn_plugin(card: Card) -> Path:
    """Where the plugin with SevenNet's own pair style lies in an environment, built or not."""
    return environment_prefix(card) / "share" / "sselmp" / "lammps-plugins" / layout.E3GNN_PLUGIN_FILE


def export(
    card_name: str,
    card: Card,
    *,
    route: Route,
    made: Path | None = None,
    on_line: Callable[[str], None] | None = None,
) -> Path:
    """Have a potential's environment, which must be ready, write its model for a route.

    Args:
        card_name: How the card is found: its name or path.
        card: The card itself.
        route: One that reads a model of its own.
        made: A model for route ``mliap`` that the package's own command has written elsewhere.
        on_line: Called with each line that the program printed.

    Returns:
        The folder of the export.

    Raises:
        EnvironmentFaultError: The program failed; the message carries what it said.
    """
    folder = export_folder(card, route)
    python = environment_prefix(card) / "bin" / "python"
    argv = [str(python), "-m", "sselmp.bridge.export", card_name, "--route", route, "--output", str(folder)]
    argv += ["--file", str(made.resolve())] if made else []
    done = programs.run(argv)
    for line in done.output.splitlines() if on_line else ():
        on_line(line)  # type: ignore[misc] # the loop is empty without it
    if done.exit_code != 0:
        raise EnvironmentFaultError(
            f"the potential '{card.name}' could not be exported for the route '{route}'",
            got="\n" + "\n".join(done.output.strip().splitlines()[-15:]),
        )
    return folder
