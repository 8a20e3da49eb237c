"""Chemical formulae in a text with their numbers as subscripts, for figures and pages; knows no other chemistry."""

from __future__ import annotations

import re
import textwrap
from functools import cache

_NUMBER = re.compile(r"(?<=[A-Za-z)])(\d+(?:\.\d+)?)")


def mathtext(text: str) -> str:
    """For matplotlib: numbers in a formula as subscripts, everything else as it is."""
    return _formula().sub(lambda word: _NUMBER.sub(r"$_{\1}$", word[0]), text)


def html(text: str) -> str:
    """For a page in a browser."""
    return _formula().sub(lambda word: _NUMBER.sub(r"<sub>\1</sub>", word[0]), text)


def wrapped(*sentences: str, width: int = 105) -> str:
    """For matplotlib, each sentence on lines of its own of no more than so many letters."""
    return "\n".join(mathtext(line) for sentence in sentences for line in textwrap.wrap(sentence, width))


@cache
def _formula() -> re.Pattern[str]:
    """A word of nothing but elements, numbers behind them, and brackets."""
    from ase.data import chemical_symbols

    element = "|".join(sorted(chemical_symbols[1:], key=len, reverse=True))
    return re.compile(rf"(?<![\w(-])(?:\(*(?:{element})\d*(?:\.\d+)?(?:\)\d*)*)+(?![\w-])")
