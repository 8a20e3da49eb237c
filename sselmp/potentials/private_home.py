"""A home folder of its own for a package that writes into the user's when it is imported; imports none itself."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator

FOLLOWED = ("HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "MPLCONFIGDIR")  # where packages look for the home folder


@contextlib.contextmanager
def private_home() -> Iterator[None]:
    """Let packages find an empty home that is removed afterwards, and undo what they do to environment variables.

    What was imported inside remembers paths in that home: it has no cache later, which costs time and nothing else.
    """
    before = dict(os.environ)
    with tempfile.TemporaryDirectory(prefix="sselmp-home-", ignore_cleanup_errors=True) as folder:
        os.environ.update(dict.fromkeys(FOLLOWED, folder))
        try:
            yield
        finally:
            for added in set(os.environ) - set(before):
                del os.environ[added]
            os.environ.update({key: value for key, value in before.items() if os.environ.get(key) != value})
