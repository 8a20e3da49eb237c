"""Run folders to transport tables and figures in one call; reads, computes and writes through the modules for each."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from sselmp import files, layout
from sselmp.errors import SettingsError, TrajectoryError, nearest
from sselmp.report.question import OnStage, Question, shares
from sselmp.report.transport_report import RunReport, TransportReport
from sselmp.trajectory.frames import DEFAULT_MEMORY_MB
from sselmp.trajectory.reading import OnProgress
from sselmp.trajectory.run_folder import RunFacts, RunTrajectory, read_facts, read_run, trajectory_bytes
from sselmp.transport.analysis import TransportResult, analyse_transport
from sselmp.transport.study import Sample


def analyze(
    run_folders: Sequence[Path],
    question: Question,
    *,
    out: Path,
    notice: str | None = None,
    memory_MB: float = DEFAULT_MEMORY_MB,
    on_stage: OnStage | None = None,
) -> TransportReport:
    """Analyse the runs of one system with one potential and write the tables and figures of their transport.

    Writes ``transport.json``, ``transport.csv``, ``msd.png`` and ``arrhenius.png`` into ``out``, each whole. A run
    without a usable trajectory is listed with the reason and left out; one that is not finished is analysed up to where
    it is, and marked.

    Args:
        run_folders: Folders of runs that differ in temperature and seed only.
        question: What is wanted; the mobile species is by default what the runs' manifests say.
        out: Folder for the results.
        notice: A line to put with every result.
        memory_MB: Memory that all trajectories together may take [MB].
        on_stage: Gives what is told how far the reading and the analysing are.

    Raises:
        SettingsError: No folder, runs of different systems or potentials, or a species without a charge.
        RunError: A folder is not a run folder, or a result cannot be written.
        TrajectoryError: No run has a trajectory yet, or the trajectories cannot be analysed together.
    """
    report = examine(run_folders, question, notice=notice, memory_MB=memory_MB, on_stage=on_stage)
    write(report, out)
    return report


def examine(
    run_folders: Sequence[Path],
    question: Question,
    *,
    notice: str | None = None,
    memory_MB: float = DEFAULT_MEMORY_MB,
    on_stage: OnStage | None = None,
) -> TransportReport:
    """Analyse run folders as ``analyze`` does, and write nothing.

    Raises:
        SettingsError: No folder, runs of different systems or potentials, or a species without a charge.
        RunError: A folder is not a run folder.
        TrajectoryError: No run has a trajectory yet, or the trajectories cannot be analysed together.
    """
    facts = sorted(
        (read_facts(folder) for folder in run_folders), key=lambda one: (one.temperature_K, one.seed, str(one.folder))
    )
    _check_alike(facts)
    mobile = question.mobile_species or facts[0].mobile_species
    if mobile not in facts[0].charges:
        raise SettingsError(f"there is no species '{mobile}'", allowed=nearest(mobile, facts[0].charges))
    told = shares([trajectory_bytes(one.folder) for one in facts], on_stage and on_stage("reading"))
    read = {
        one.folder: _read(one, memory_MB=memory_MB / len(facts), on_progress=on_progress)
        for one, on_progress in zip(facts, told, strict=True)
    }
    result = analyse_transport(
        _samples(read),
        mobile_species=mobile,
        charges=facts[0].charges,
        extrapolate_to_K=question.extrapolate_to_K,
        method=question.method,
        on_work=on_stage and on_stage("analysing"),
    )
    return TransportReport(
        potential=facts[0].potential,
        system=facts[0].system,
        notice=notice,
        runs=tuple(_run(one, read[one.folder], result=result) for one in facts),
        result=result,
    )


def write(report: TransportReport, out: Path) -> None:
    """Write the two tables and the two figures, each whole.

    Raises:
        RunError: The disk is full or the folder cannot be written.
    """
    from sselmp.report import arrhenius_figure, transport_csv, transport_figures, transport_tables

    files.write_text(out / layout.TRANSPORT_JSON, transport_tables.json_text(report))
    files.write_text(out / layout.TRANSPORT_CSV, transport_csv.csv_text(report))
    transport_figures.draw_msd(report, out / layout.MSD_FIGURE)
    arrhenius_figure.draw_arrhenius(report, out / layout.ARRHENIUS_FIGURE)


def _check_alike(facts: Sequence[RunFacts]) -> None:
    if not facts:
        raise SettingsError("there is no run folder to analyse", repair="prepare and run a campaign first")
    for name in ("system", "potential"):
        found = sorted({str(getattr(one, name)) for one in facts})
        if len(found) > 1:
            raise SettingsError(
                f"runs of more than one {name} cannot be analysed together",
                got=", ".join(found),
                repair=f"analyse the folders of each {name} apart",
            )
    if len({one.folder.resolve() for one in facts}) < len(facts):
        raise SettingsError("a run folder is named twice", got=", ".join(one.folder.name for one in facts))


def _read(facts: RunFacts, *, memory_MB: float, on_progress: OnProgress | None) -> RunTrajectory | str:
    """The run, or why it is left out."""
    try:
        run = read_run(facts.folder, memory_MB=memory_MB, on_progress=on_progress)
    except TrajectoryError as error:
        state = "" if facts.finished else f"{facts.state}: "
        return f"{state}{str(error).splitlines()[0]}"
    if run.trajectory.frames < 2:
        return f"{facts.state}: one frame so far"
    return run


def _samples(read: dict[Path, RunTrajectory | str]) -> list[Sample]:
    samples = [
        Sample(name=str(folder), temperature_K=run.facts.temperature_K, trajectory=run.trajectory)
        for folder, run in read.items()
        if not isinstance(run, str)
    ]
    if not samples:
        listed = "\n".join(f"    {folder.name}: {why}" for folder, why in read.items())
        raise TrajectoryError(
            "no run has a trajectory to analyse",
            got=f"\n{listed}",
            repair="run the folders with 'sselmp run', or see program.out in them for what went wrong",
        )
    return samples


def _run(facts: RunFacts, read: RunTrajectory | str, *, result: TransportResult) -> RunReport:
    if isinstance(read, str):
        return RunReport(facts=facts, transport=None, note=read, measured_temperature_K=None, frames=0, spacing_ps=None)
    done = read.trajectory.duration_ps
    return RunReport(
        facts=facts,
        transport=next(sample for sample in result.samples if sample.name == str(facts.folder)),
        note="" if facts.finished else f"{facts.state} after {done:.3g} of {facts.production_ps:.3g} ps",
        measured_temperature_K=read.measured_temperature_K,
        frames=read.trajectory.frames,
        spacing_ps=read.trajectory.spacing_ps,
    )
