"""A run folder at constant energy that begins where a finished run at constant temperature ended; starts nothing."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sselmp import __version__, files, layout, manifest
from sselmp.errors import RunError, SettingsError
from sselmp.inputs import datafile, script
from sselmp.inputs.prepare import folder_name, whole_folder
from sselmp.inputs.render import render
from sselmp.potentials.cards import load_card


@dataclass(frozen=True)
class Ending:
    """The end of a finished run.

    Attributes:
        folder: Its run folder.
        restart: Its last restart file.
        temperature_K: Temperature at which its last velocities give the energy that it had in the mean [K].
        production_ps: Length of the new run [ps]; None: as long as its own production.
    """

    folder: Path
    restart: Path
    temperature_K: float
    production_ps: float | None = None


def check_source(folder: Path) -> manifest.Manifest:
    """The manifest of a run that can be continued at constant energy.

    Raises:
        SettingsError: Its potential's forces are not the gradient of its energy, or it is not a run at constant volume
            and temperature.
        RunError: It is not finished, or disagrees with its manifest.
    """
    record = manifest.verify(folder)
    card = load_card(record.card)
    if card.forces == "direct":
        raise SettingsError(
            f"the forces of '{card.name}' are not the gradient of its energy: without a thermostat it drifts",
            got='forces = "direct" in its card',
            allowed="a potential with conservative forces",
            repair="compare thermostats instead, such as csvr and nose-hoover with different times",
        )
    if record.identity.dynamics.ensemble != "nvt":
        raise SettingsError(
            f"{folder.name} did not run at constant volume and temperature",
            got=f'ensemble = "{record.identity.dynamics.ensemble}"',
            allowed='"nvt": the last cell of a barostat is not its mean one',
            repair="run the temperature with ensemble = 'nvt' in the cell of the barostat's mean volume",
        )
    if not (folder / layout.FINISHED).is_file():
        raise RunError(f"{folder} is not finished", got=record.state, repair="bring it to its end with 'sselmp run'")
    return record


def prepare_constant_energy(ending: Ending) -> Path:
    """Make the run folder, or find and verify the one that is there.

    It takes over all input files of the run, but for the script: that reads the last restart, scales the velocities and
    integrates without a thermostat. It lies in ``constant-energy`` beside ``runs``.

    Raises:
        SettingsError: The run cannot be continued so.
        RunError: It is not finished, disagrees with its manifest, or the folder cannot be made.
    """
    source = check_source(ending.folder)
    before = source.identity
    production = ending.production_ps or before.dynamics.production_ps
    dynamics = before.dynamics.model_copy(
        update={"ensemble": "nve", "equilibration_ps": 0.0, "production_ps": production}
    )
    start = manifest.Start(
        run=source.id, restart_sha256=files.sha256(ending.restart), temperature_K=ending.temperature_K
    )
    relaxation = before.relaxation.model_copy(update={"what": "none"})
    identity = before.model_copy(update={"dynamics": dynamics, "relaxation": relaxation, "start": start})
    folder = ending.folder.resolve().parent.parent / layout.CONSTANT_ENERGY / folder_name(identity)
    if not folder.exists():
        with whole_folder(folder) as temporary:
            _fill(temporary, source, identity=identity, ending=ending)
    manifest.verify(folder)
    return folder


def _fill(folder: Path, source: manifest.Manifest, *, identity: manifest.Identity, ending: Ending) -> None:
    crystal = datafile.read_data(ending.folder / layout.STRUCTURE_DATA)
    values = script.script_values(identity, crystal, elements=crystal.elements)
    files.write_text(folder / layout.INPUT_SCRIPT, render("in.lammps.j2", values))
    copied = {name: ending.folder / name for name in source.files if name != layout.INPUT_SCRIPT}
    for name, origin in {**copied, layout.START_RESTART: ending.restart}.items():
        with files.whole(folder / name) as temporary:
            shutil.copyfile(origin, temporary)
    record = source.model_copy(
        update={
            "id": identity.run_id(),
            "identity": identity,
            "total_steps": values.dynamics.total_steps,
            "equilibration_steps": 0,
            "files": {
                name: files.sha256(folder / name) for name in (layout.INPUT_SCRIPT, *copied, layout.START_RESTART)
            },
            "state": "prepared",
            "segments": (),
            "sselmp_version": __version__,
            "created": datetime.now(UTC).isoformat(timespec="seconds"),
        }
    )
    if source.preflight is not None and source.preflight.passed:
        shutil.copyfile(ending.folder / layout.PREFLIGHT, folder / layout.PREFLIGHT)
    manifest.write(folder, record)
