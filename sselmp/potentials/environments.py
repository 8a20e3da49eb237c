"""A potential's own virtual environment: exact pins, built by uv, rebuilt when anything that made it has changed.

Starts nothing in it but the build of the LAMMPS plugin; does not choose potentials.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path
from typing import Literal

import sselmp
from sselmp import files, layout
from sselmp.errors import EnvironmentFaultError
from sselmp.potentials import builder
from sselmp.potentials.cards import Card, pins_sha256

State = Literal["absent", "outdated", "broken", "ready"]
OnLine = Callable[[str], None]


def environment_prefix(card: Card) -> Path:
    """Folder of the environment that a card names, built or not."""
    return layout.environments_folder() / card.environment


def state(name: str) -> State:
    """What an environment is good for; a few file reads, no program.

    ``absent``: not there. ``outdated``: made from other pins, another Python, plugin source or sselmp. ``broken``: half
    built, moved, or something that was installed is gone. ``ready``: use it.

    Raises:
        SettingsError: There are no pins of that name.
    """
    prefix = layout.environments_folder() / name
    wanted = _Keys.wanted(name)
    if not prefix.exists():
        return "absent"
    made = _made(prefix)
    if made is None:
        return "broken"
    return "ready" if made == wanted else "outdated"


def ready_prefix(card: Card) -> Path:
    """Folder of the environment that a card names, fit for use.

    Raises:
        EnvironmentFaultError: It is absent, outdated or broken.
        SettingsError: There are no pins of that name.
    """
    found = state(card.environment)
    if found != "ready":
        raise EnvironmentFaultError(
            f"the environment '{card.environment}' is not ready",
            got=found,
            repair=f"build it with 'sselmp env build {card.environment}'",
        )
    return environment_prefix(card)


def needs_build(name: str) -> bool:
    """Whether an environment must be built before it is used.

    Raises:
        SettingsError: There are no pins of that name.
    """
    return state(name) != "ready"


def build(name: str, *, on_line: OnLine | None = None) -> Path:
    """Build an environment, unless it is ready; one process at a time, others wait for it and use what it made.

    Scripts in a virtual environment hold absolute paths, so it is built in place; its stamp is written last, and
    without one it counts as broken.

    Args:
        name: The environment's name, that of its pins.
        on_line: Called with each line that the build prints.

    Returns:
        Its folder.

    Raises:
        SettingsError: There are no pins of that name.
        EnvironmentFaultError: uv is missing, a package cannot be had, or the plugin does not compile.
    """
    told = on_line or _silent
    prefix = layout.environments_folder() / name
    if state(name) == "ready":
        return prefix
    with _alone(prefix, told):
        if state(name) == "ready":
            return prefix
        wanted, made = _Keys.wanted(name), _made(prefix)
        (prefix / layout.ENVIRONMENT_STAMP).unlink(missing_ok=True)
        if made is None or made.packages != wanted.packages:
            shutil.rmtree(prefix, ignore_errors=True)
            pins, overrides = layout.pins_file(name), layout.overrides_file(name)
            builder.install_packages(prefix, pins=pins, overrides=overrides, on_line=told)
        builder.install_ourselves(prefix, on_line=told)
        stamp = {"prefix": str(prefix), "holds": _holdings(prefix), **asdict(wanted)}
        files.write_text(prefix / layout.ENVIRONMENT_STAMP, json.dumps(stamp, indent=1) + "\n")
    return prefix


@dataclass(frozen=True)
class _Keys:
    """SHA-256 of all that an environment is made from: other people's packages, and sselmp with its plugin."""

    packages: str
    ourselves: str

    @classmethod
    def wanted(cls, name: str) -> _Keys:
        """What an environment would be made from now."""
        bridge = layout.package_folder() / "bridge"
        root = builder.checkout()
        ourselves = [
            sselmp.__version__,
            *(files.sha256(p) for p in sorted([*bridge.glob("*.cpp"), *bridge.glob("*.h")])),
        ]
        ourselves += [str(root), files.sha256(root / "pyproject.toml")] if root else []
        return cls(packages=_hash([pins_sha256(name), sys.version]), ourselves=_hash(ourselves))


def _hash(parts: list[str]) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _made(prefix: Path) -> _Keys | None:
    """What an environment was made from, or None where it is half built, moved or no longer whole."""
    try:
        stamp = json.loads((prefix / layout.ENVIRONMENT_STAMP).read_text(encoding="utf-8"))
        keys = _Keys(packages=stamp["packages"], ourselves=stamp["ourselves"])
        whole = stamp["prefix"] == str(prefix) and all((prefix / held).exists() for held in stamp["holds"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return keys if whole else None


def _silent(line: str) -> None:
    """Take a line and say nothing."""
    del line


def _holdings(prefix: Path) -> list[str]:
    """Paths under an environment whose absence shows that it is no longer what was built."""
    found = [prefix / "bin" / "python", *builder.site_packages(prefix).glob("*.dist-info")]
    found += prefix.rglob(f"share/**/{layout.PLUGIN_FILE}")
    return sorted(str(path.relative_to(prefix)) for path in found)


@contextlib.contextmanager
def _alone(prefix: Path, told: OnLine) -> Iterator[None]:
    """Hold the lock beside an environment; the system frees it when this process ends, however that happens."""
    path = prefix.parent / f"{prefix.name}.lock"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise EnvironmentFaultError(
            f"cannot write {path.parent}", got=error.strerror, repair="make the folder writable or free some space"
        ) from error
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            told(f"waiting for another sselmp that is building the environment '{prefix.name}'")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def versions_here() -> dict[str, str]:
    """Versions of all packages of the Python that asks, for the record of a program that runs in an environment."""
    return {dist.name: dist.version for dist in sorted(metadata.distributions(), key=lambda d: d.name.lower())}


def installed_versions(prefix: Path, names: tuple[str, ...]) -> dict[str, str]:
    """Versions of those of the named packages that an environment holds, read without starting its Python."""
    wanted = set(names)
    found = metadata.distributions(path=[str(builder.site_packages(prefix))])
    versions = {dist.name: dist.version for dist in found if dist.name in wanted}
    return dict(sorted(versions.items()))
