"""The part of ``sselmp analyze`` that takes trajectory files of anybody: options to records, one call, and its bar."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sselmp import units
from sselmp.cli import console
from sselmp.errors import SettingsError

if TYPE_CHECKING:
    from sselmp.report.analyze_files import Simulation
    from sselmp.report.question import Question
    from sselmp.report.transport_report import TransportReport
    from sselmp.trajectory.frames import Reading

TemperatureOption = Annotated[
    list[float] | None,
    typer.Option("--temperature", "-T", metavar="KELVIN", help="Files: their temperature; once, or once for each."),
]
TimestepOption = Annotated[float | None, typer.Option("--timestep", metavar="FS", help="Files: the time of one step.")]
SpacingOption = Annotated[
    float | None,
    typer.Option("--frame-spacing", metavar="FS", help="Files: the time between frames, where steps have no number."),
]
SpeciesOption = Annotated[
    str | None,
    typer.Option(
        "--species", metavar="Li,P,S", help="Files: symbols of LAMMPS's types in order, or of all atoms: Li*24,S*8."
    ),
]
TopologyOption = Annotated[
    Path | None,
    typer.Option(
        "--topology", metavar="FILE", help="Files: a structure with the same atoms, such as a LAMMPS data file."
    ),
]
ChargeOption = Annotated[
    float | None,
    typer.Option("--charge", metavar="E", help="Files: charge of the mobile species (default: its usual one)."),
]
StartOption = Annotated[float, typer.Option("--start", metavar="PS", help="Files: leave out what is before.")]
MemoryOption = Annotated[
    float, typer.Option("--memory", metavar="MB", help="Memory that trajectories may take; the rest waits on disk.")
]
UnwrappedOption = Annotated[
    bool,
    typer.Option("--unwrapped", help="Files: positions are unwrapped, which only LAMMPS dumps say."),
]


@dataclass(frozen=True)
class Stated:
    """The options that only trajectory files take, as they were given; times in fs but for the start [ps]."""

    temperatures: tuple[float, ...] = ()
    timestep_fs: float | None = None
    spacing_fs: float | None = None
    species: str | None = None
    topology: Path | None = None
    charge: float | None = None
    start_ps: float = 0.0
    unwrapped: bool = False


@dataclass(frozen=True)
class Names:
    """How results name the material and its potential, where that was said."""

    system: str | None
    potential: str | None


def are_files(paths: Sequence[Path]) -> bool:
    """Whether these are trajectory files, and not run folders.

    Raises:
        SettingsError: Some are files and some are folders.
    """
    folders = [path for path in paths if path.is_dir()]
    if folders and len(folders) < len(paths):
        raise SettingsError(
            "run folders and trajectory files cannot be analysed together",
            got=f"the folder {folders[0]} among files",
            repair="give one or the other",
        )
    return not folders


def refuse_for_folders(stated: Stated) -> None:
    """Run folders know all of this themselves.

    Raises:
        SettingsError: One of the options was given.
    """
    given = [field.name for field in fields(Stated) if getattr(stated, field.name) != field.default]
    if given:
        raise SettingsError(
            "an option is for trajectory files only, and these are run folders",
            got=given[0].replace("_", " "),
            repair="leave it out: a run folder says it itself",
        )


def simulations(words: Sequence[Path], temperatures: Sequence[float]) -> list[Simulation]:
    """Simulations from words such as ``FILE``, ``FILE@700K`` or, restarted, ``FILE,FILE@700``.

    Raises:
        SettingsError: A temperature is missing, stated twice, or not positive.
    """
    from sselmp.report.analyze_files import Simulation

    split = [_split(str(word)) for word in words]
    bare = sum(kelvin is None for _, kelvin in split)
    if len(temperatures) not in ({0} if bare == 0 else {1, bare}):
        raise SettingsError(
            "every trajectory needs one temperature",
            got=f"{bare} of {len(split)} without one, and {len(temperatures)} with --temperature",
            allowed="--temperature once for all, or once for each",
            repair="write it behind the file: FILE@700K",
        )
    stated = iter(temperatures if len(temperatures) == bare else [*temperatures] * bare)
    return [Simulation(paths, next(stated) if kelvin is None else kelvin) for paths, kelvin in split]


def paths_of(word: Path) -> tuple[Path, ...]:
    """The files that a word of the command line names."""
    return _split(str(word))[0]


def _split(word: str) -> tuple[tuple[Path, ...], float | None]:
    """The files and the temperature that a word names; a file that is called so is taken as it is."""
    if Path(word).exists():
        return (Path(word),), None
    match = re.fullmatch(r"(.+)@(\d+(?:\.\d*)?)\s*K?", word)
    names, kelvin = (match[1], float(match[2])) if match else (word, None)
    paths = (Path(names),) if Path(names).exists() else tuple(Path(name) for name in names.split(",") if name)
    return paths, kelvin


def reading(stated: Stated, memory_MB: float) -> Reading:
    """What the options say about the files."""
    from sselmp.trajectory.frames import Reading
    from sselmp.trajectory.species import parse_symbols

    return Reading(
        timestep_ps=None if stated.timestep_fs is None else stated.timestep_fs / units.FS_PER_PS,
        spacing_ps=None if stated.spacing_fs is None else stated.spacing_fs / units.FS_PER_PS,
        species=parse_symbols(stated.species) if stated.species else (),
        topology=stated.topology,
        unwrapped=stated.unwrapped,
        start_ps=stated.start_ps,
        memory_MB=memory_MB,
    )


def analyze(
    words: Sequence[Path], stated: Stated, *, question: Question, names: Names, memory_MB: float, out: Path
) -> TransportReport:
    """Analyse trajectory files, showing how far it is where it takes long.

    Args:
        words: Files and their temperatures, as the command line has them.
        stated: What the options say about the files.
        question: What is wanted.
        names: How results name the material and its potential.
        memory_MB: Memory that all trajectories together may take [MB].
        out: Folder for the results.
    """
    from sselmp.report.analyze_files import Material, analyze_files

    material = Material(stated.charge, names.system, names.potential or Material.potential)
    files = simulations(words, stated.temperatures)
    with console.stage_bars() as on_stage:
        return analyze_files(
            files, question, material=material, reading=reading(stated, memory_MB), out=out, on_stage=on_stage
        )
