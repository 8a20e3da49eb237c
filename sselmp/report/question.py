"""What is asked of trajectories and who is told how far the answer is, as records; answers nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from sselmp.errors import SettingsError
from sselmp.trajectory.reading import OnProgress
from sselmp.transport.method import Method

HOTTEST_K = 1e5  # beyond it a temperature is a mistake

# Given the stage that begins, returns what is told how far it is (bytes read, or atoms times frames gone through).
OnStage = Callable[[Literal["reading", "analysing"]], OnProgress]


@dataclass(frozen=True)
class Question:
    """What is wanted of runs or of anybody's simulations.

    Attributes:
        mobile_species: The species that diffuses; None: what run folders say, or the only one of Li, Na, K, Ag and Mg.
        extrapolate_to_K: Temperature at which the conductivity is wanted [K].
        method: What positions are relative to, and where fits start.

    Raises:
        SettingsError: The temperature is not positive.
    """

    mobile_species: str | None = None
    extrapolate_to_K: float = 300.0
    method: Method = field(default_factory=Method)

    def __post_init__(self) -> None:
        if not 0 < self.extrapolate_to_K < HOTTEST_K:
            raise SettingsError(
                "the temperature to extrapolate to must be positive",
                got=f"{self.extrapolate_to_K:g} K",
                allowed=f"more than 0 K, less than {HOTTEST_K:g} K",
            )


def shares(sizes: Sequence[int], on_progress: OnProgress | None) -> list[OnProgress | None]:
    """For each of several things that are read one after another, what is told about it as a part of the whole."""
    if on_progress is None:
        return [None] * len(sizes)
    return [_share(on_progress, before=sum(sizes[:index]), total=sum(sizes)) for index in range(len(sizes))]


def _share(on_progress: OnProgress, *, before: int, total: int) -> OnProgress:
    return lambda done, _: on_progress(before + done, total)
