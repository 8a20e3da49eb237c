"""What is found of one hop and of the network of hops, as it is written; finds none of it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from sselmp import files
from sselmp.networks import Edge, Step, parts_of
from sselmp.settings import Checked, read_record
from sselmp.statics import relaxation
from sselmp.statics.trajectory_file import write_trajectory

HopVerdict = Literal[
    "converged", "not converged", "end not converged", "end has moved", "atoms too near", "no saddle", "passes a site",
    "failed",
]  # fmt: skip
Dimension = Literal[1, 2, 3]
DIMENSIONS: tuple[Dimension, ...] = (1, 2, 3)


class PathPoint(Checked):
    """An image of a path.

    Attributes:
        distance_A: Along the path, over the coordinates of all atoms [Å].
        energy_eV: Above the first end [eV].
        slope_eV_per_A: Of the energy along the path, from the forces [eV/Å].
    """

    distance_A: float
    energy_eV: float
    slope_eV_per_A: float


class Saddle(Checked):
    """The three energies of a converged path, of the whole supercell [eV], and its saddle.

    Attributes:
        initial_eV: The target empty.
        saddle_eV: Of the image that has climbed.
        final_eV: The origin empty.
        largest_force_eV_per_A: On an atom at the saddle [eV/Å].
        bow_A: Distance of the ion at the saddle from the line between its two sites [Å].
        maxima: Images that lie above both neighbours: two are two hops with a site between.
    """

    initial_eV: float
    saddle_eV: float
    final_eV: float
    largest_force_eV_per_A: float
    bow_A: float
    maxima: int

    @property
    def forward_eV(self) -> float:
        """The barrier from origin to target [eV]."""
        return self.saddle_eV - self.initial_eV

    @property
    def back_eV(self) -> float:
        """The barrier from target to origin [eV]."""
        return self.saddle_eV - self.final_eV

    @property
    def reaction_eV(self) -> float:
        """How much higher the ion is at the target [eV]."""
        return self.final_eV - self.initial_eV


class Hop(Checked):
    """A hop that symmetry leaves distinct.

    Attributes:
        number: From 1, by length.
        origin: Index of the ion that hops, in the relaxed cell.
        target: Index of the ion in whose place it goes.
        image: Periodic image of the target.
        length_A: Between the two sites [Å].
        multiplicity: Pairs of sites in the cell that are this hop.
        symmetric: Whether the hop back is this hop too.
        verdict: Whether there is a barrier.
        reason: In words, with the numbers that decided.
        steps: Of the optimizer of the path.
        saddle: None unless converged.
        profile: Of the path as it was left, both ends included; empty where there was none.
    """

    number: int
    origin: int
    target: int
    image: Step
    length_A: float
    multiplicity: int
    symmetric: bool
    verdict: HopVerdict
    reason: str
    steps: int = 0
    saddle: Saddle | None = None
    profile: tuple[PathPoint, ...] = ()


class Passage(Checked):
    """How an ion gets through the crystal.

    Attributes:
        dimension: Along so many independent directions.
        barrier_eV: Of the highest saddle on the easiest way, above the most stable place of the vacancy [eV].
        hop: Number of the hop with that saddle.
        axes: Of the cell along which the network of hops then runs, such as ``ac``.
    """

    dimension: Dimension
    barrier_eV: float
    hop: int
    axes: str


def passages(hops: Sequence[Hop], pairs: Sequence[Sequence[Edge]]) -> tuple[Passage, ...]:
    """Join sites by hops, the lowest saddle first, until the network runs along one, two and three directions.

    Args:
        hops: Those without a saddle do not count.
        pairs: Of each hop, all pairs of sites in the cell, origin first.
    """
    passable = sorted((one.saddle.saddle_eV, one.number, one.saddle, edges)
                      for one, edges in zip(hops, pairs, strict=True) if one.saddle is not None)  # fmt: skip
    if not passable:
        return ()
    lowest = min(min(saddle.initial_eV, saddle.final_eV) for _, _, saddle, _ in passable)
    found: list[Passage] = []
    joined: list[Edge] = []
    for height, number, _, edges in passable:
        joined += edges
        part = parts_of(joined)[0]
        for dimension in DIMENSIONS:
            if len(found) < dimension <= part.dimension:
                found.append(Passage(dimension=dimension, barrier_eV=height - lowest, hop=number, axes=part.axes))
    return tuple(found)


class Parts:
    """The hops of a structure that are on disk, a file each, beside the path as ASE's .traj.

    Args:
        folder: Of one structure, potential and settings.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def read(self, number: int) -> Hop | None:
        """A hop by its number; None if it is not there.

        Raises:
            RunError: Its file cannot be read or understood.
        """
        path = self._path(number)
        if not path.is_file():
            return None
        return read_record(Hop, path, what="the record of a hop", command="sselmp statics")

    def write(self, hop: Hop, path: tuple[relaxation.Step, ...]) -> None:
        """Write a hop, its path first.

        Raises:
            RunError: It cannot be written.
        """
        place = self._path(hop.number)
        if path:
            write_trajectory(place.with_suffix(".traj"), path)
        files.write_text(place, hop.model_dump_json(indent=1) + "\n")

    def _path(self, number: int) -> Path:
        return self._folder / f"hop-{number}.json"
