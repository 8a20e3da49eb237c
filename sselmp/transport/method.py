"""What a person may choose about how D is read off a trajectory, as one record; computes nothing."""

from __future__ import annotations

import math
from dataclasses import dataclass

from sselmp.errors import SettingsError
from sselmp.settings import Reference


@dataclass(frozen=True)
class Method:
    """How the motion is looked at, the same for all runs that are analysed together.

    Attributes:
        reference: What positions are relative to: the ``framework`` (all atoms that are not of the mobile species), the
            ``centre of mass`` of all atoms, or ``none`` (as they are).
        start_ps: Start of the diffusive regime [ps]; None: found from the data, for each run and temperature.

    Raises:
        SettingsError: The start is not a positive number.
    """

    reference: Reference = "framework"
    start_ps: float | None = None

    def __post_init__(self) -> None:
        if self.start_ps is not None and not (math.isfinite(self.start_ps) and self.start_ps > 0):
            raise SettingsError(
                "the start of the fit must be positive",
                got=f"{self.start_ps:g} ps",
                allowed="more than 0 ps, or none, for it to be found from the data",
            )
