"""Changing sets of configurations on the fast path: those that are asked for together share arrays and a recording."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sselmp.potentials.fast.potential import FastPotential
from sselmp.potentials.predictions import Prediction

if TYPE_CHECKING:
    from ase import Atoms

KEPT = 4  # sets whose arrays stay on the device: passes of one batch that take turns
PATIENCE = 50  # evaluations in which who is absent is evaluated too, where it last was, before a set is made without it


@dataclass
class _Group:
    """A set: each member where it last was, and for how many evaluations not all of them have been asked for."""

    members: dict[str, Atoms]
    potential: FastPotential
    incomplete: int = field(default=0)


class FastGroups:
    """Evaluates configurations that go by names, and come in sets that change seldom.

    A recording is made for a set and takes as long as many steps. So a set of which one is late is evaluated whole,
    with that one where it was, and only a set that is new, or that someone has left for good, is recorded.

    Args:
        make: Makes the potential of a set.
    """

    def __init__(self, make: Callable[[], FastPotential]) -> None:
        self._make = make
        self._groups: list[_Group] = []  # the last used comes last

    def evaluate(self, configurations: Sequence[tuple[str, Atoms]]) -> tuple[Prediction, ...]:
        """Evaluate named configurations, in their order; a set that fails is forgotten.

        Raises:
            RuntimeError: The device has too little memory, or whatever else the network raises.
        """
        asked = dict(configurations)
        group = self._group(asked)
        self._groups = [one for one in self._groups if one is not group][-(KEPT - 1) :]
        group.members |= asked
        found = group.potential.evaluate(list(group.members.values()))
        self._groups.append(group)
        if not all(one.finite for one in found):
            self._groups.pop()
        by_name = dict(zip(group.members, found, strict=True))
        return tuple(by_name[name] for name in asked)

    def _group(self, asked: dict[str, Atoms]) -> _Group:
        """The set that has all who are asked for and the fewest others, or a new one."""
        able = [one for one in self._groups if asked.keys() <= one.members.keys() and one.incomplete < PATIENCE]
        if not able:
            return _Group(dict(asked), self._make())
        group = min(able, key=lambda one: len(one.members))
        group.incomplete = group.incomplete + 1 if len(group.members) > len(asked) else 0
        return group
