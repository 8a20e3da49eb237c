"""Chemical formulae with their numbers as subscripts, for figures and pages; knows no chemistry."""

from __future__ import annotations

import re
import textwrap

_NUMBER = re.compile(r"(?<=[A-Za-z)\]])(\d+(?:\.\d+)?)")


def mathtext(text: str) -> str:
    """For matplotlib: numbers behind a letter or bracket as subscripts, those before a formula as they are."""
    return _NUMBER.sub(r"$_{\1}$", text)


def wrapped(*sentences: str, width: int = 105) -> str:
    """For matplotlib, each sentence on lines of its own of no more than so many letters."""
    return "\n".join(mathtext(line) for sentence in sentences for line in textwrap.wrap(sentence, width))


def html(text: str) -> str:
    """For a page in a browser."""
    return _NUMBER.sub(r"<sub>\1</sub>", text)
