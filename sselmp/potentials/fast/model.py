"""What the fast path asks of a family: energies of atoms as a function of the vectors between them; holds no model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from torch import Tensor


class EdgeModel(Protocol):
    """A network whose energy depends on positions through vectors between neighbours alone.

    It is called with shapes that do not change from step to step, under a CUDA graph too, so that it may neither look
    at values on the host nor copy anything to the device.

    Attributes:
        kernels: What computes, in words: ``e3nn``, ``cuEquivariance 0.9.1``.
    """

    kernels: str

    def species(self, numbers: Sequence[int]) -> Tensor:
        """Atomic numbers in the form that ``energies`` takes, on the device."""

    def energies(self, species: Tensor, edges: Tensor, *, vectors: Tensor) -> Tensor:
        """Energies of the atoms.

        Args:
            species: Of n atoms.
            edges: (2, m) indices of a first and a second atom; each pair in both directions.
            vectors: (m, 3) from first to second [Å], in the precision of the card.

        Returns:
            (n,) [eV], to be differentiated by ``vectors``.
        """
