"""What every ``sselmp trajectory`` command takes: run folders, files of anybody, or a campaign, to sources and runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sselmp import layout
from sselmp.cli import console, trajectories
from sselmp.cli.choices import MEMORY_MB, choose
from sselmp.errors import SettingsError, TrajectoryError

if TYPE_CHECKING:
    from sselmp.report.motion_sources import Source
    from sselmp.trajectory.run_folder import RunTrajectory

_BAR_AFTER_S = 2.0

WordsArgument = Annotated[
    list[Path] | None,
    typer.Argument(
        metavar="[FOLDER|FILE[,FILE]...[@KELVIN]]...",
        help="Run folders, results folders with runs/ in them, or trajectory files of your own (LAMMPS dump, DCD, "
        "XDATCAR, extxyz, .traj; restarts joined by commas); without any, the runs of the campaign.",
    ),
]
MobileOption = Annotated[
    str | None, typer.Option("--mobile", metavar="SPECIES", help="Species that diffuses (default: the run's own).")
]
OutOption = Annotated[
    Path | None,
    typer.Option(
        "--out", metavar="FOLDER", help="Where files go (default: trajectory/RUN beside runs/, or here for files)."
    ),
]
MemoryOption = Annotated[
    float, typer.Option("--memory", min=1, metavar="MB", help="For frames (the rest waits on disk), and for grids.")
]


@dataclass(frozen=True)
class Asked:
    """Whose ions are meant, as the command line has it; without words, those of a campaign."""

    words: tuple[Path, ...]
    campaign: str
    results: Path
    potential: str | None
    system: str | None
    mobile: str | None
    stated: trajectories.Stated
    out: Path | None
    memory_MB: float = MEMORY_MB
    takes_structure: bool = False  # whether --system means something beside the choice of runs

    @property
    def files(self) -> bool:
        """Whether these are trajectory files.

        Raises:
            SettingsError: Some are, and some are folders.
        """
        return bool(self.words) and trajectories.are_files(self.words)


def sources(asked: Asked) -> tuple[Source, ...]:
    """The run folders or simulations that are meant, the coldest first.

    Raises:
        SettingsError: There are none, files and folders are mixed, or an option does not go with what is named.
        RunError: A folder is not a run folder.
    """
    from sselmp.report.motion_sources import run_folders, sources_of_folders

    if asked.files:
        return _of_files(asked)
    trajectories.refuse_for_folders(asked.stated)
    if asked.words and asked.potential is not None:
        raise SettingsError(
            "--potential chooses among the runs of a campaign, or names that of trajectory files",
            got=f"the folder {asked.words[0]} beside it",
            repair="leave it out: a run folder says it itself",
        )
    if asked.words and asked.system is not None and not asked.takes_structure:
        raise SettingsError(
            "--system chooses among the runs of a campaign, or names the material of trajectory files",
            got=f"the folder {asked.words[0]} beside it",
            repair="leave it out: a run folder says it itself",
        )
    folders = run_folders(asked.words) if asked.words else _of_campaign(asked)
    return sources_of_folders(folders, mobile=asked.mobile, out=asked.out)


def each(asked: Asked, do: Callable[[RunTrajectory, Source], None]) -> None:
    """Read one source after another and do something with it; of several, one that cannot be used is left out.

    Args:
        asked: Whose ions are meant.
        do: What is done with each.

    Raises:
        TrajectoryError: None can be used; the reason is that of the first.
        SettingsError: There are none, an option is wrong, or what a file does not say is missing.
        RunError: A folder is not a run folder, or a result cannot be written.
    """
    chosen = sources(asked)
    failures: list[TrajectoryError] = []
    for source in chosen:
        try:
            do(read(source, asked.memory_MB), source)
        except TrajectoryError as error:
            if len(chosen) == 1:
                raise
            failures.append(error)
            console.tell(f"{source.name} is left out: {str(error).splitlines()[0]}", style="yellow")
    if len(failures) == len(chosen):
        raise failures[0]


def read(source: Source, memory_MB: float) -> RunTrajectory:
    """Read one source, showing how far that is where it takes long."""
    from sselmp.report.motion_sources import read as read_source

    with console.bytes_bar(f"reading {source.name}", after_s=_BAR_AFTER_S) as bar:
        return read_source(source, memory_MB=memory_MB, on_progress=bar)


def _of_files(asked: Asked) -> tuple[Source, ...]:
    from sselmp.report.analyze_files import Material
    from sselmp.report.motion_sources import FilesSaid, sources_of_files

    material = Material(system=asked.system, potential=asked.potential or Material.potential)
    for word in asked.words:
        for path in trajectories.paths_of(word):
            if not path.is_file():
                raise SettingsError(
                    f"there is no run folder and no trajectory file {path}",
                    repair="name a run folder, a results folder, or a file such as run.lammpstrj@700K",
                )
    simulations = trajectories.simulations(asked.words, asked.stated.temperatures)
    said = FilesSaid(trajectories.reading(asked.stated, asked.memory_MB), material=material, mobile=asked.mobile)
    return sources_of_files(simulations, said, out=asked.out)


def _of_campaign(asked: Asked) -> tuple[Path, ...]:
    """The folders of a campaign's runs that are there."""
    from sselmp.inputs.prepare import planned

    chosen = choose(asked.campaign, potential=asked.potential, system=asked.system, results=asked.results)
    all_of_it = planned(chosen.name, chosen.campaign, base=chosen.results)
    found = tuple(folder for folder in all_of_it if (folder / layout.MANIFEST).is_file())
    if not found:
        said = "".join(
            f" --{name} {value}" for name, value in (("potential", asked.potential), ("system", asked.system)) if value
        )
        raise SettingsError(
            f"the campaign '{asked.campaign}' has no runs in {asked.results}",
            got=f"nothing in {all_of_it[0].parent}",
            repair=f"run it first: sselmp diffusion --campaign {asked.campaign}{said}; or name run folders or files",
        )
    return found
