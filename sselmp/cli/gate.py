"""The gate before production: a run starts once its potential has passed a preflight on its system."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from sselmp import layout, manifest
from sselmp.cli import console
from sselmp.settings import PreflightLevel

if TYPE_CHECKING:
    from sselmp.launch.followed import OnSeen
    from sselmp.launch.preflight import Subject
    from sselmp.structures.crystal import Crystal


@dataclass(frozen=True)
class Gate:
    """What run folders must have passed.

    Attributes:
        level: ``skip``: nothing, which the manifests record; None: what each manifest asks for.
        results: Folder of all results, in which the records are.
        crystals: Cells of systems by name; for a system that is neither among them nor shipped, the run's own is
            measured, which is slow where it is large.
    """

    level: PreflightLevel | None
    results: Path
    crystals: Mapping[str, Crystal] = field(default_factory=dict)

    def let_pass(self, folders: Sequence[Path]) -> None:
        """Find or carry out the preflights that run folders need, and note them with the runs.

        Raises:
            RunError: A folder disagrees with its manifest.
            PotentialError: A potential failed; no run may be started.
        """
        from sselmp.launch import preflight

        passed: dict[tuple[str, str, str], Path] = {}
        skipped = False
        for folder, run in [(folder, manifest.verify(folder)) for folder in folders]:
            level = self.level or (run.preflight.level if run.preflight else "full")
            if level == "skip":
                preflight.note(folder, None)
                skipped = True
            elif not preflight.carries(folder, level=level):
                key = (run.card, run.identity.system, level)
                if key not in passed:
                    crystal = self._crystal(folder, system=run.identity.system)
                    subject = preflight.Subject(run.card, system=run.identity.system, crystal=crystal, level=level)
                    with following(subject) as follow:
                        records = layout.preflight_folder(self.results)
                        passed[key] = preflight.require(subject, folder=records, on_progress=follow)
                preflight.note(folder, passed[key])
        if skipped:
            console.tell("preflight is skipped; the manifests say so", style="yellow")

    def _crystal(self, folder: Path, *, system: str) -> Crystal:
        from sselmp.inputs.datafile import read_data
        from sselmp.structures.systems import load_system, system_names

        if system in self.crystals:
            return self.crystals[system]
        return load_system(system).crystal if system in system_names() else read_data(folder / layout.STRUCTURE_DATA)


@contextmanager
def following(subject: Subject) -> Iterator[OnSeen]:
    """A bar for a preflight."""
    with console.followed_bar(f"preflight of {Path(subject.card_name).stem} on {subject.system}") as follow:
        yield follow
