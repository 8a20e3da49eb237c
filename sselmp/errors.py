"""Every exception that sselmp raises on purpose, each saying what, got, allowed and repair; nothing is caught here."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

USER_FAULT = 2
FAILURE = 1


class SselmpError(Exception):
    """Base of all errors meant for a person; the command line prints it without a traceback.

    Args:
        what: What is wrong, in one sentence, naming the file or option.
        got: What was found.
        allowed: What would have been accepted.
        repair: What to do about it.
    """

    exit_code = FAILURE

    def __init__(self, what: str, *, got: object = None, allowed: object = None, repair: str | None = None) -> None:
        self.what = what
        lines = [what]
        lines += [f"  got:     {got}"] if got is not None else []
        lines += [f"  allowed: {allowed}"] if allowed is not None else []
        lines += [f"  repair:  {repair}"] if repair is not None else []
        super().__init__("\n".join(lines))


class SettingsError(SselmpError, ValueError):
    """A setting, option, name or campaign that cannot be used as given."""

    exit_code = USER_FAULT


class StructureError(SselmpError, ValueError):
    """A structure that cannot be read, or is not an ordered, charge-balanced crystal with sane distances."""

    exit_code = USER_FAULT


class PotentialError(SselmpError, RuntimeError):
    """A card, its weights or its model that cannot be trusted or used."""


class EnvironmentFaultError(SselmpError, RuntimeError):
    """A virtual environment, compiler, library or program that is missing or broken."""


class RunError(SselmpError, RuntimeError):
    """A run folder that cannot be used, or a simulation that failed."""


class TrajectoryError(SselmpError, ValueError):
    """Trajectory data that cannot be read or analysed."""


def nearest(name: str, allowed: Iterable[str]) -> str:
    """Describe the allowed names, the ones most like ``name`` first, for an error's ``allowed`` line.

    Args:
        name: The name that was not found.
        allowed: The names that exist.

    Returns:
        A sentence such as ``"did you mean 'sevennet'? (known: chgnet, sevennet)"``.
    """
    names = sorted(allowed)
    lowered = {n.lower(): n for n in names}
    close = [lowered[c] for c in difflib.get_close_matches(name.lower(), list(lowered), n=3, cutoff=0.5)]
    # One letter amiss leaves no doubt which name was meant; its longer relatives would only bury it.
    likeness = [difflib.SequenceMatcher(None, name.lower(), c.lower()).ratio() for c in close]
    close = [c for c, alike in zip(close, likeness, strict=True) if alike > likeness[0] - 0.1]
    known = f"known: {', '.join(names)}" if names else "none is known"
    return f"did you mean {' or '.join(repr(c) for c in close)}? ({known})" if close else known
