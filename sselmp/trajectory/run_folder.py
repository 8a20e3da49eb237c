"""One run folder to its facts and its production trajectory; does not judge the trajectory and starts nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import numpy as np

from sselmp import layout, manifest, units
from sselmp.errors import TrajectoryError
from sselmp.manifest import State
from sselmp.trajectory.frames import DEFAULT_MEMORY_MB
from sselmp.trajectory.log import read_thermo
from sselmp.trajectory.reading import OnProgress, read_dump
from sselmp.trajectory.record import Trajectory


@dataclass(frozen=True)
class RunFacts:
    """What a run folder says of itself without its trajectory.

    Attributes:
        folder: The run folder.
        run_id: Its id.
        potential: Name of the potential's card.
        system: Name of the system.
        temperature_K: Temperature that was set [K].
        seed: Seed of its velocities and its thermostat.
        state: State in the manifest; ``finished`` also where LAMMPS left its own mark of it.
        timestep_ps: Time of one step [ps].
        equilibration_steps: Steps before the production.
        total_steps: Steps of the whole run.
        mobile_species: The species that is meant to diffuse.
        charges: Formal charge of each species [e].
    """

    folder: Path
    run_id: str
    potential: str
    system: str
    temperature_K: float
    seed: int
    state: State
    timestep_ps: float
    equilibration_steps: int
    total_steps: int
    mobile_species: str
    charges: Mapping[str, float]

    @property
    def finished(self) -> bool:
        """Whether all steps were run."""
        return self.state == "finished"

    @property
    def production_ps(self) -> float:
        """Length of the production that was asked for [ps]."""
        return (self.total_steps - self.equilibration_steps) * self.timestep_ps


@dataclass(frozen=True)
class RunTrajectory:
    """A run's facts, the frames of its production, and the temperature that it really had.

    Attributes:
        facts: What the folder says of itself.
        trajectory: Frames of the production.
        measured_temperature_K: Mean temperature of the production from the log [K]; None where no row was printed.
    """

    facts: RunFacts
    trajectory: Trajectory
    measured_temperature_K: float | None


def read_facts(folder: Path) -> RunFacts:
    """Read what a run folder says of itself; its trajectory need not be there.

    Raises:
        RunError: The folder has no manifest, or it cannot be understood.
    """
    record = manifest.read(folder)
    finished = (folder / layout.FINISHED).is_file()
    return RunFacts(
        folder=folder,
        run_id=record.id,
        potential=record.identity.potential,
        system=record.identity.system,
        temperature_K=record.identity.temperature_K,
        seed=record.identity.seed,
        state="finished" if finished else record.state,
        timestep_ps=record.identity.dynamics.timestep_fs / units.FS_PER_PS,
        equilibration_steps=record.equilibration_steps,
        total_steps=record.total_steps,
        mobile_species=record.mobile_species,
        charges=MappingProxyType(dict(record.charges)),
    )


def trajectory_bytes(folder: Path) -> int:
    """Size of all segments of a run's production trajectory on disk."""
    return sum(path.stat().st_size for path in segment_files(folder, layout.trajectory_name))


def read_run(
    folder: Path, *, memory_MB: float = DEFAULT_MEMORY_MB, on_progress: OnProgress | None = None
) -> RunTrajectory:
    """Read a run folder's facts and all segments of its production trajectory.

    Args:
        folder: The run folder.
        memory_MB: Memory that the trajectory may take [MB]; what exceeds it waits in an unlinked temporary file.
        on_progress: Told the bytes read and the bytes in all.

    Raises:
        RunError: The folder has no manifest, or it cannot be understood.
        TrajectoryError: It has no complete frame yet, or its trajectory cannot be used.
    """
    facts = read_facts(folder)
    segments = segment_files(folder, layout.trajectory_name)
    trajectory = read_dump(segments, timestep_ps=facts.timestep_ps, memory_MB=memory_MB, on_progress=on_progress)
    return RunTrajectory(
        facts=facts, trajectory=trajectory, measured_temperature_K=_mean_temperature(folder, facts.equilibration_steps)
    )


def segment_files(folder: Path, name: Callable[[int], str]) -> tuple[Path, ...]:
    """The files that the segments of a run wrote, in the order of the segments.

    Args:
        folder: The run folder.
        name: ``layout.trajectory_name`` or ``layout.log_name``.
    """
    before, after = name(0).split("0")
    found = {}
    for path in folder.glob(f"{before}*{after}"):
        number = path.name.removeprefix(before).removesuffix(after)
        if number.isdecimal():
            found[int(number)] = path
    return tuple(found[number] for number in sorted(found))


def _mean_temperature(folder: Path, first_step: int) -> float | None:
    try:
        thermo = read_thermo(segment_files(folder, layout.log_name))
        chosen = thermo.column("Temp")[thermo.column("Step") >= first_step]
    except TrajectoryError:
        return None  # the trajectory alone is enough to analyse; the report then shows no measured temperature
    return float(np.mean(chosen)) if chosen.size else None
