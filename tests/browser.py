"""A real browser without window and network: opens a page, does what is asked, and says what was there."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from dataclasses import dataclass
from html import unescape
from pathlib import Path

import numpy as np

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
FLAGS = (
    "--headless", "--no-sandbox", "--hide-scrollbars", "--window-size=1000,700", "--virtual-time-budget=12000",
    "--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader",  # WebGL without a graphics card
    "--host-resolver-rules=MAP * ~NOTFOUND",  # no name is resolved: no network
)  # fmt: skip

# Before the page's own scripts: whatever goes wrong is written down.
_WATCH = """<script>
window.faults = [];
window.addEventListener("error", event => faults.push(event.message || `cannot load ${event.target.src}`), true);
window.addEventListener("unhandledrejection", event => faults.push(String(event.reason)));
for (const name of ["error", "warn"]) {
  const before = console[name];
  console[name] = (...words) => { if (name === "error") faults.push(words.join(" ")); before.apply(console, words); };
}
</script>"""
# After them: what is asked is done some time after the page is there, and the findings are left in the page.
_ASK = """<script>
window.addEventListener("load", () => setTimeout(async () => {
  const wait = time => new Promise(done => setTimeout(done, time));
  const press = part => { for (const kind of ["mousedown", "mouseup", "click"])
    part.dispatchEvent(new MouseEvent(kind, {bubbles: true, cancelable: true, view: window})); };
  const found = {};
  try { ACTION } catch (error) { faults.push(String(error)); }
  found.drawings = [...document.querySelectorAll("canvas, svg.main-svg")].map(one => {
    const box = one.getBoundingClientRect();
    return [one.tagName.toLowerCase(), box.width, box.height];
  });
  found.fetched = performance.getEntriesByType("resource").map(one => one.name);
  found.faults = faults;
  const left = document.createElement("pre");
  left.id = "findings";
  left.hidden = true;
  left.textContent = JSON.stringify(found);
  document.body.append(left);
}, 1500));
</script>"""


@dataclass(frozen=True)
class Seen:
    """What a page showed.

    Attributes:
        findings: What the action put into ``found``, the drawings' sizes, what was fetched, and the faults.
        pixels: (height, width, 3) of a picture taken at the end.
    """

    findings: dict
    pixels: np.ndarray


def find() -> str | None:
    """The browser's program."""
    return next((path for path in map(shutil.which, NAMES) if path), None)


def look(page: str, folder: Path, *, action: str = "") -> Seen:
    """Open a page's text in the browser and do something: JavaScript that may await, and write into ``found``."""
    from matplotlib.image import imread

    folder.mkdir(parents=True, exist_ok=True)
    opening = re.search(r"<head>|<meta charset[^>]*>", page)
    whole = page[: opening.end()] + _WATCH + page[opening.end() :] + _ASK.replace("ACTION", action)
    (folder / "page.html").write_text(whole, encoding="utf-8")
    words = [find(), *FLAGS, f"--user-data-dir={folder / 'profile'}", f"--screenshot={folder / 'seen.png'}"]
    done = subprocess.run(
        [*words, "--dump-dom", (folder / "page.html").as_uri()],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    left = re.search(r'<pre id="findings"[^>]*>(.*?)</pre>', done.stdout, re.DOTALL)
    assert left, f"the page never came to its end: {done.stderr[-2000:]}"
    return Seen(json.loads(unescape(left[1])), imread(folder / "seen.png")[..., :3])
