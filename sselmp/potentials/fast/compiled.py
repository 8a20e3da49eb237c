"""Compiling the fast path's C++ for the processor at hand, once in an environment; loads nothing."""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import sys
from pathlib import Path

from sselmp import files, programs
from sselmp.errors import EnvironmentFaultError

FLAGS = ("-O3", "-march=native", "-fopenmp", "-std=c++17", "-fPIC", "-shared")
KEPT_LINES = 5


def library(source: Path) -> Path:
    """The compiled form of a source, compiled now if nobody has on such a processor.

    It lies in the environment under a hash of source, flags and processor, for an environment may be used by several
    machines, and what one can compute another may not.

    Raises:
        EnvironmentFaultError: There is no compiler, or it refuses.
        RunError: The library cannot be written.
    """
    key = hashlib.sha256(source.read_bytes() + " ".join((*FLAGS, _processor())).encode()).hexdigest()[:12]
    path = Path(sys.prefix) / "share" / "sselmp" / "kernels" / f"{source.stem}-{key}.so"
    if not path.is_file():
        compiler = os.environ.get("CXX", "").split() or [c for c in ("g++", "c++", "clang++") if shutil.which(c)][:1]
        if not compiler:
            raise EnvironmentFaultError(f"no C++ compiler for {source.name}", repair="install one, or name it with CXX")
        with files.whole(path) as temporary:
            done = programs.run([*compiler, *FLAGS, "-o", str(temporary), str(source)])
            if done.exit_code != 0:
                lines = "\n".join(done.output.splitlines()[:KEPT_LINES])
                raise EnvironmentFaultError(f"the C++ compiler could not compile {source.name}", got=lines)
    return path


def _processor() -> str:
    """What a processor can compute, as Linux lists it; elsewhere its name."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    return next((line for line in lines if line.startswith(("flags", "Features"))), platform.processor())
