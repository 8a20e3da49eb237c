"""Phases of the Materials Project, from a cached JSON or with a user's key; corrects no potential's energy."""

from __future__ import annotations

import gzip
import json
import os
import re
import warnings
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sselmp import files
from sselmp.errors import EnvironmentFaultError, SettingsError
from sselmp.statics.corrections import CORRECTED
from sselmp.statics.entries import Phase, Source

if TYPE_CHECKING:
    from pymatgen.entries.computed_entries import ComputedEntry

KEY_VARIABLES = ("MP_API_KEY", "PMG_MAPI_KEY")
KEY_LENGTH = 32
SYMBOL = re.compile(r"([A-Z][a-z]?).*")  # of a species such as Fe3+


def materials_project_phases(elements: Iterable[str], cache: Path) -> tuple[Phase, ...]:
    """All phases of a chemical system: from the cache where it is, else fetched with the user's key and cached.

    Args:
        elements: Chemical symbols of the system.
        cache: JSON of pymatgen's computed entries.

    Raises:
        SettingsError: There is no cache and no key, or the cache cannot be read.
        EnvironmentFaultError: The Materials Project did not answer.
    """
    if not cache.is_file():
        fetch(elements, cache)
    return read_cache(cache, elements)


def read_cache(cache: Path, elements: Iterable[str]) -> tuple[Phase, ...]:
    """Phases of a chemical system in a cached JSON, with the MP2020 corrections of this pymatgen.

    Corrections that the file holds are set aside and made anew, so that files with and without them give the same and
    agree with those on a potential's energy. Entries that are not PBE(+U) of the Materials Project are left out.

    Args:
        cache: JSON, also gzipped, of a list of pymatgen's ``ComputedEntry`` or ``ComputedStructureEntry``.
        elements: Only phases of nothing but these are returned.

    Raises:
        SettingsError: The file cannot be read, or no phase in it is of these elements.
    """
    wanted = set(elements)
    found = tuple(_phase(entry, index) for index, entry in enumerate(_corrected(_read(cache, wanted)), start=1))
    if not found:
        raise SettingsError(
            f"{cache} holds no phase of {'-'.join(sorted(wanted))}",
            repair="name the cache of this chemical system, or remove it and give a key to fetch it anew",
        )
    return found


def fetch(elements: Iterable[str], cache: Path) -> None:
    """Fetch all entries of a chemical system and write them to the cache, whole.

    pymatgen's own small client is used, so that nothing needs to be installed. The key is read from ``MP_API_KEY`` or
    ``PMG_MAPI_KEY`` and written nowhere.

    Raises:
        SettingsError: There is no key.
        EnvironmentFaultError: The Materials Project did not answer, or refused the key.
    """
    from monty.json import MontyEncoder
    from pymatgen.ext.matproj import MPRester

    symbols = sorted(set(elements))
    key = _key(symbols, cache)
    try:
        with MPRester(key) as client:
            entries = client.get_entries_in_chemsys(symbols, compatible_only=False)
    except Exception as error:  # the client lets those of requests, of json and its own through
        said = str(error).replace(key, "(the key)")[:200]
        raise EnvironmentFaultError(
            f"the entries of {'-'.join(symbols)} could not be fetched from the Materials Project",
            got=f"{type(error).__name__}: {said}",
            repair=f"check the network and the key, or put a JSON of pymatgen's ComputedEntry at {cache}",
        ) from error
    entries.sort(key=lambda entry: str(entry.entry_id))
    files.write_text(cache, json.dumps(entries, cls=MontyEncoder))


def _key(symbols: Sequence[str], cache: Path) -> str:
    key = next((os.environ[name] for name in KEY_VARIABLES if os.environ.get(name)), "")
    if len(key) == KEY_LENGTH:
        return key
    raise SettingsError(
        f"there are no Materials Project entries of {'-'.join(symbols)}",
        got=f"no file {cache}, and "
        + (f"a key of {len(key)} characters" if key else f"none of {' and '.join(KEY_VARIABLES)} is set"),
        allowed=f"a key of {KEY_LENGTH} characters, or a JSON of pymatgen's ComputedEntry at that place",
        repair=f"make a key at https://materialsproject.org/api and 'export {KEY_VARIABLES[0]}=...', or take the "
        "self-consistent hull, which needs neither",
    )


def _read(cache: Path, wanted: set[str]) -> list[ComputedEntry]:
    """Entries of nothing but the wanted elements; the others are not even decoded."""
    from monty.json import MontyDecoder
    from pymatgen.entries.computed_entries import ComputedEntry

    try:
        with gzip.open(cache, "rt") if cache.suffix == ".gz" else cache.open(encoding="utf-8") as stream:
            plain = json.load(stream)
        inside = [values for values in plain if {SYMBOL.sub(r"\1", key) for key in values["composition"]} <= wanted]
        entries = [MontyDecoder().process_decoded(values) for values in inside]
    except (OSError, EOFError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise SettingsError(
            f"{cache} cannot be read as computed entries",
            got=f"{type(error).__name__}: {error}",
            allowed="JSON of a list of pymatgen's ComputedEntry, also gzipped",
        ) from error
    if wrong := [entry for entry in entries if not isinstance(entry, ComputedEntry)]:
        raise SettingsError(
            f"{cache} holds something else than computed entries",
            got=type(wrong[0]).__name__,
            allowed="JSON of a list of pymatgen's ComputedEntry, also gzipped",
        )
    return entries


def _corrected(entries: Sequence[ComputedEntry]) -> list[ComputedEntry]:
    from pymatgen.entries.compatibility import MaterialsProject2020Compatibility

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of each composition without balanced charges, which it handles
        done: list[ComputedEntry] = MaterialsProject2020Compatibility().process_entries(list(entries), clean=True)
    return done


def _phase(entry: ComputedEntry, index: int) -> Phase:
    name = str(entry.entry_id or f"{entry.reduced_formula}, entry {index}")
    composition = {element.symbol: float(n) for element, n in entry.composition.items()}
    source = Source("Materials Project", name)
    return Phase(name, composition, float(entry.energy), CORRECTED, source, correction_eV=float(entry.correction))
