"""Downloading one file over HTTP: resumed where it stopped, verified, in place whole or not at all; draws no bars."""

from __future__ import annotations

import contextlib
import fcntl
import http.client
import os
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from io import FileIO
from pathlib import Path

from sselmp import files
from sselmp.errors import PotentialError

CHUNK = 1 << 18
TIMEOUT_S = 30.0
OnProgress = Callable[[int, int | None], None]  # bytes there, bytes in all


def fetch(url: str, target: Path, *, sha256: str | None, on_progress: OnProgress | None = None) -> str:
    """Download a file, unless the connection fails; what has come by then is kept in ``<target>.part`` and continued.

    Args:
        url: Address, http or https.
        target: Where the file goes; its folder is made.
        sha256: What it must hash to. None: it is not held against anything, and for want of a proof that two pieces
            belong together it is never resumed.
        on_progress: Called after each piece.

    Returns:
        The file's SHA-256.

    Raises:
        PotentialError: The file cannot be had, or is another one; says which file, address, hash and folder.
    """
    part = target.with_name(target.name + ".part")
    with _alone(part, url=url, sha256=sha256) as stream:
        if sha256 is None:
            stream.truncate(0)
        try:
            _continue(url, stream, on_progress=on_progress or _silent)
        except (OSError, http.client.HTTPException) as error:
            raise _failed(url, target, sha256=sha256, error=error, kept=_kept(part)) from error
        found = files.sha256(part)
        if sha256 is not None and found != sha256:
            size = part.stat().st_size
            part.unlink()
            raise PotentialError(
                f"{url} is not the file that was asked for; it was thrown away",
                got=f"sha256 {found}, {size} bytes",
                allowed=f"sha256 {sha256}",
                repair=f"get the right file and put it at {target}",
            )
        part.chmod(0o644)
        part.replace(target)
    return found


class _CutError(OSError):
    """The connection ended before the file did."""


def _continue(url: str, stream: FileIO, *, on_progress: OnProgress) -> None:
    """Add to a file what it lacks of the one at an address; begin again where the server does not resume."""
    start = stream.seek(0, os.SEEK_END)
    request = urllib.request.Request(url, headers={"User-Agent": "sselmp", "Accept-Encoding": "identity"})  # noqa: S310 - a card's address is http or https
    if start:
        request.add_header("Range", f"bytes={start}-")
    try:
        answer = urllib.request.urlopen(request, timeout=TIMEOUT_S)  # noqa: S310 - as above
    except urllib.error.HTTPError as error:
        if error.code != http.HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE or not start:
            raise
        error.close()
        if error.headers.get("Content-Range") == f"bytes */{start}":
            return  # all of it was there already
        stream.truncate(0)
        _continue(url, stream, on_progress=on_progress)
        return
    with answer:
        if start and not str(answer.headers.get("Content-Range")).startswith(f"bytes {start}-"):
            start = stream.seek(0)
            stream.truncate()
        length = answer.headers.get("Content-Length")
        total = start + int(length) if length and length.isdigit() else None
        done = start
        while piece := answer.read(CHUNK):
            rest = memoryview(piece)
            while rest:
                rest = rest[stream.write(rest) :]
            done += len(piece)
            on_progress(done, total)
        os.fsync(stream.fileno())
    if total is not None and done < total:
        raise _CutError(f"the connection ended after {done} of {total} bytes")


@contextlib.contextmanager
def _alone(part: Path, *, url: str, sha256: str | None) -> Iterator[FileIO]:
    """Open the unfinished file for one process at a time; an empty one does not stay."""
    try:
        part.parent.mkdir(parents=True, exist_ok=True)
        stream = part.open("ab", buffering=0)  # what has come is on disk, however this ends
    except OSError as error:
        target = part.with_suffix("")
        raise _failed(url, target, sha256=sha256, error=error, kept="nothing was written") from error
    with stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise PotentialError(
                f"another sselmp is downloading {part.with_suffix('').name} just now", repair="wait until it has ended"
            ) from error
        try:
            yield stream
        finally:
            with contextlib.suppress(FileNotFoundError):
                if part.stat().st_size == 0:
                    part.unlink()


def _kept(part: Path) -> str:
    size = part.stat().st_size
    return f"the {size} bytes that have come are in {part} and will be continued" if size else "nothing was written"


def _failed(url: str, target: Path, *, sha256: str | None, error: Exception, kept: str) -> PotentialError:
    reason = error.reason if isinstance(error, urllib.error.URLError) else error
    status = f"HTTP {error.code} " if isinstance(error, urllib.error.HTTPError) else ""
    return PotentialError(
        f"could not get {target.name} from {url}",
        got=f"{status}{reason or type(error).__name__}; {kept}",
        allowed=f"a file with sha256 {sha256}" if sha256 else None,
        repair=f"try again, or get it elsewhere (a browser, another machine) and put it at {target}",
    )


def _silent(done: int, total: int | None) -> None:
    """Take a number and say nothing."""
    del done, total
