"""Whose ions are followed: run folders and trajectory files, read one at a time; computes nothing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from sselmp import layout
from sselmp.errors import SettingsError, TrajectoryError, nearest
from sselmp.report.analyze_files import Material, Simulation, facts_of_files, mobile_of
from sselmp.trajectory.frames import Reading
from sselmp.trajectory.reading import OnProgress, read_files
from sselmp.trajectory.run_folder import RunTrajectory, read_facts, read_run


@dataclass(frozen=True)
class FilesSaid:
    """What a person says about trajectory files.

    Attributes:
        reading: What is needed to read them; its memory is not used.
        material: Names of the material and of the potential.
        mobile: The species that moves; None: the usual one.
    """

    reading: Reading
    material: Material
    mobile: str | None = None


@dataclass(frozen=True)
class Source:
    """A run folder, or a simulation of somebody's.

    Attributes:
        paths: The run folder, or the trajectory files.
        temperature_K: [K].
        potential: Name of the potential.
        system: Name of the system; None for files whose material was not named.
        out: Folder for what is found.
        mobile: The species that moves, where it is not what the run says.
        files: What is said about trajectory files; None for a run folder.
    """

    paths: tuple[Path, ...]
    temperature_K: float
    potential: str
    system: str | None
    out: Path
    mobile: str | None = None
    files: FilesSaid | None = None

    @property
    def name(self) -> str:
        """Of the folder, or of the first file."""
        return self.paths[0].name

    @property
    def kind(self) -> tuple[str, str | None]:
        """Sources of one kind differ in temperature and seed only."""
        return self.potential, self.system


def run_folders(given: Sequence[Path]) -> tuple[Path, ...]:
    """Run folders as given, and those in ``runs/`` of a results folder.

    Raises:
        SettingsError: None is given, or a folder is neither.
    """
    found: list[Path] = []
    for folder in given:
        inner = sorted(path.parent for path in (folder / layout.RUNS).glob(f"*/{layout.MANIFEST}"))
        if not inner and not (folder / layout.MANIFEST).is_file():
            raise SettingsError(
                f"{folder} is neither a run folder nor the results of a campaign",
                allowed=f"a folder with {layout.MANIFEST}, or one with {layout.RUNS}/ in it",
                repair="name such as results/CAMPAIGN/POTENTIAL/SYSTEM, or one of the folders in its runs/",
            )
        found += inner or [folder]
    if not found:
        raise SettingsError("there is no run folder to look at", repair="name a run folder or a results folder")
    return tuple(dict.fromkeys(found))


def sources_of_folders(folders: Sequence[Path], *, mobile: str | None, out: Path | None) -> tuple[Source, ...]:
    """Run folders as sources, the coldest first; results go to ``trajectory/RUN`` beside ``runs/`` unless told.

    Args:
        folders: Run folders (``run_folders``).
        mobile: The species that moves, in place of the runs' own.
        out: Folder for the results; several runs get a folder each in it.

    Raises:
        RunError: A folder is not a run folder.
    """
    facts = sorted((read_facts(one) for one in folders), key=lambda one: (one.temperature_K, one.seed))
    kinds = {(one.potential, one.system) for one in facts}
    found = []
    for one in facts:
        place = out or _beside(one.folder)
        if out is not None and len(facts) > 1:
            place = out / (Path(one.potential, one.system) if len(kinds) > 1 else Path()) / one.folder.name
        found.append(Source((one.folder,), one.temperature_K, one.potential, one.system, place, mobile))
    return tuple(found)


def sources_of_files(
    simulations: Sequence[Simulation], said: FilesSaid, *, out: Path | None
) -> tuple[Source, ...]:  # fmt: skip
    """Simulations as sources, in their order; results go to ``trajectory/NAME-700K`` unless told.

    Args:
        simulations: Files and their temperatures.
        said: What is said about them.
        out: Folder for the results; several simulations get a folder each in it.
    """
    names = _distinct(f"{one.paths[0].name.split('.')[0]}-{one.temperature_K:g}K" for one in simulations)
    alone = out if len(simulations) == 1 else None
    return tuple(
        Source(
            paths=one.paths,
            temperature_K=one.temperature_K,
            potential=said.material.potential,
            system=said.material.system,
            out=alone or (out or Path(layout.TRAJECTORY)) / name,
            mobile=said.mobile,
            files=said,
        )
        for one, name in zip(simulations, names, strict=True)
    )


def paired(first: Sequence[Source], second: Sequence[Source]) -> tuple[tuple[Source, Source], ...]:
    """Runs to compare with each other: one and one as they are, of several those at one temperature, in their order.

    Raises:
        SettingsError: No temperature is in both.
    """
    if len(first) == len(second) == 1:
        return ((first[0], second[0]),)
    kelvins = [sorted({one.temperature_K for one in side}) for side in (first, second)]
    found = [
        pair
        for kelvin in kelvins[0]
        for pair in zip(
            (one for one in first if one.temperature_K == kelvin),
            (one for one in second if one.temperature_K == kelvin),
            strict=False,  # where one side has more seeds, the rest has no partner
        )
    ]
    if not found:
        raise SettingsError(
            "no temperature is among both sets of runs",
            got=" and ".join(", ".join(f"{kelvin:g}" for kelvin in side) + " K" for side in kelvins),
            repair="run both at one temperature, or name one run of each",
        )
    return tuple(found)


def read(source: Source, *, memory_MB: float, on_progress: OnProgress | None = None) -> RunTrajectory:
    """Read one source, up to where it is.

    Args:
        source: The source.
        memory_MB: Memory that the trajectory may take [MB]; what exceeds it waits in an unlinked temporary file.
        on_progress: Told the bytes read and the bytes in all.

    Raises:
        TrajectoryError: It has no two frames yet, cannot be read, or lacks the species that is said to move.
        RunError: The folder is no run folder.
        SettingsError: The species that moves cannot be guessed, or something that the files do not say is missing.
    """
    if source.files is None:
        found = read_run(source.paths[0], memory_MB=memory_MB, on_progress=on_progress)
        if source.mobile is not None:
            found = replace(found, facts=replace(found.facts, mobile_species=source.mobile))
    else:
        found = _from_files(source, source.files, memory_MB=memory_MB, on_progress=on_progress)
    if found.trajectory.frames < 2:
        raise TrajectoryError(f"{source.paths[0]} has one frame so far", repair="let it run on")
    mobile, present = found.facts.mobile_species, set(found.trajectory.species)
    if mobile not in present:
        raise TrajectoryError(
            f"{source.paths[0]} has no atom of the species '{mobile}', which is said to move",
            allowed=nearest(mobile, present),
            repair="name the species that moves: --mobile SYMBOL",
        )
    return found


def _from_files(
    source: Source, said: FilesSaid, *, memory_MB: float, on_progress: OnProgress | None
) -> RunTrajectory:  # fmt: skip
    reading = replace(said.reading, memory_MB=memory_MB)
    trajectory = read_files(source.paths, reading, on_progress=on_progress)
    facts = facts_of_files(
        Simulation(source.paths, source.temperature_K),
        trajectory,
        material=said.material,
        mobile=mobile_of([trajectory.species], said.mobile),
    )
    return RunTrajectory(facts=facts, trajectory=trajectory, measured_temperature_K=None)


def _beside(run: Path) -> Path:
    """``trajectory/RUN`` beside ``runs/``, else in the working folder."""
    run = run.resolve()
    base = run.parent.parent if run.parent.name == layout.RUNS else Path()
    return base / layout.TRAJECTORY / run.name


def _distinct(names: Iterable[str]) -> list[str]:
    """Names that are there twice get a number."""
    found: list[str] = []
    for name in names:
        numbered = (name if number == 1 else f"{name}-{number}" for number in range(1, len(found) + 2))
        found.append(next(one for one in numbered if one not in found))
    return found
