"""One sselmp at a time in a run folder, and none beside a program that an earlier one left running."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import platform
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sselmp import layout
from sselmp.errors import RunError


class FolderLock:
    """A held lock; it can note which program runs under it."""

    def __init__(self, handle: int) -> None:
        self._handle = handle

    def note(self, program: int | None) -> None:
        """Write this process's id and that of the program that it watches (None: of none) into the lock file."""
        text = json.dumps({"sselmp": os.getpid(), "program": program, "host": platform.node()}) + "\n"
        os.ftruncate(self._handle, 0)
        os.pwrite(self._handle, text.encode(), 0)


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[FolderLock]:
    """Hold a run folder's lock; the system frees it when this process ends, however that happens.

    Raises:
        RunError: Another sselmp holds it, a program started here earlier still runs, or the folder is not writable.
    """
    path = folder / layout.LOCK
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise RunError(f"cannot write {path}", got=error.strerror, repair="make the folder writable") from error
    try:
        noted = _noted(handle)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise RunError(
                f"another sselmp is at work in {folder}",
                got=f"process {noted.get('sselmp', 'unknown')} on {noted.get('host', 'this machine')}",
                repair="wait until it ends, or stop it with Ctrl-C or 'kill PROCESS'",
            ) from None
        _refuse_orphan(folder, noted)
        lock = FolderLock(handle)
        lock.note(None)
        yield lock
    finally:
        os.close(handle)


def _noted(handle: int) -> dict[str, Any]:
    try:
        found = json.loads(os.pread(handle, 4096, 0))
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _refuse_orphan(folder: Path, noted: dict[str, Any]) -> None:
    """Refuse a folder in which a program still runs although the sselmp that watched it was killed."""
    program = noted.get("program")
    if not isinstance(program, int) or noted.get("host") != platform.node():
        return
    try:
        os.kill(program, 0)
        where = Path(f"/proc/{program}/cwd")
        # A process id is used again after a while: only a process that works in this folder is meant.
        if where.parent.parent.is_dir() and where.resolve() != folder.resolve():
            return
    except (ProcessLookupError, FileNotFoundError, PermissionError):  # gone, a zombie, or of somebody else
        return
    raise RunError(
        f"a program that an earlier sselmp started still runs in {folder}",
        got=f"process {program}",
        repair=f"wait until it ends, or end it with 'kill -TERM -- -{program}', then run again",
    )
