"""Pages that turn in a browser: a template, their shared script, their data; knows nothing of what is drawn."""

from __future__ import annotations

import json
from pathlib import Path

from sselmp import layout
from sselmp.files import Json


def filled(template: Path, data: Json) -> str:
    """The page of a template, whole and with nothing to fetch."""
    page = template.read_text(encoding="utf-8")
    page = page.replace("SSELMP-TURNING", layout.turning_script().read_text(encoding="utf-8").rstrip())
    # within a page's script, nothing may look like the end of it
    text = json.dumps(data, ensure_ascii=False, allow_nan=False).replace("<", "\\u003c")
    return page.replace("SSELMP-DATA", text)
