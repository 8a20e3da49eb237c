"""The pages that ``sselmp trajectory`` writes, in a real browser without network: they draw, react, report no error."""

from __future__ import annotations

import base64
import json
import re

import browser
import numpy as np
import pytest
import swaps
import written
from typer.testing import CliRunner

from sselmp.cli.main import app
from sselmp.report.isosurface import isosurface
from sselmp.transport.density import Density
from sselmp.transport.grid import Grid

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(browser.find() is None, reason=f"no browser: none of {', '.join(browser.NAMES)} is in PATH"),
]
COMMANDS = {
    "vanhove": ("--rmax", 4.5, "--lags", 30),
    "rdf": (),
    "density": ("--spacing", 0.4, "--level", 0.01, "--level", 0.003),
    "hops": ("--system", "Li6PS5Cl", "--cage", "S"),
    "compare": ("--system", "Li6PS5Cl", "--blocks", 6),
}
TOGGLE = """
const items = [...document.querySelectorAll(".legendtoggle")];
const shown = () => document.querySelector(".js-plotly-plot")._fullData.map(one => [one.name, one.visible]);
found.before = shown();
press(items[ITEM]);
await wait(1500);
found.after = shown();
"""


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """The page of each command, of one short trajectory."""
    folder = tmp_path_factory.mktemp("pages")
    path = written.xdatcar(folder / "XDATCAR", swaps.frames_of(swaps.argyrodite_of_swaps(frames=120, every=4)))
    for verb, options in COMMANDS.items():
        files = [f"{path}@900K"] * (2 if verb == "compare" else 1)
        words = ["trajectory", verb, *files, "--frame-spacing", "20", *map(str, options), "--out", str(folder)]
        result = CliRunner().invoke(app, words, standalone_mode=False)
        assert result.exception is None, result.output
    names = {verb: "comparison" if verb == "compare" else verb for verb in COMMANDS}
    return {verb: (folder / f"{name}.html").read_text(encoding="utf-8") for verb, name in names.items()}


def drawn(pixels):
    """Share of the picture that is not its commonest colour, and how many colours it has."""
    colours, counts = np.unique((pixels.reshape(-1, 3) * 255).astype(np.uint8), axis=0, return_counts=True)
    return 1.0 - counts.max() / counts.sum(), len(colours)


def differing(one, other):
    """Share of the pixels that two pictures do not share."""
    return float((np.abs(one.pixels - other.pixels).max(axis=-1) > 0.05).mean())


@pytest.fixture(scope="module")
def looked(pages, tmp_path_factory):
    """Each page as it opens."""
    return {verb: browser.look(page, tmp_path_factory.mktemp(verb)) for verb, page in pages.items()}


@pytest.mark.parametrize("verb", COMMANDS)
def test_a_page_draws_its_figure_without_a_fault_and_without_a_network(looked, verb):
    seen = looked[verb]
    assert seen.findings["faults"] == []
    assert [name for name in seen.findings["fetched"] if not name.startswith(("data:", "blob:"))] == []
    assert max(width * height for _, width, height in seen.findings["drawings"]) > 400 * 300
    share, colours = drawn(seen.pixels)
    assert share > 0.03
    assert colours > 50


def test_the_slider_of_a_density_moves_its_surface_and_its_boxes_hide_it(pages, looked, tmp_path):
    action = """
    const canvas = document.querySelector("canvas"), slider = document.querySelector("input[type=range]");
    const said = () => document.querySelector("#key p").textContent;
    const box = name => [...document.querySelectorAll("label")].find(one => one.textContent === name).firstChild;
    const press = name => [...document.querySelectorAll("button")].find(one => one.textContent === name).click();
    found.said = [said()];
    found.corners = [main.count];
    slider.value = 500; slider.oninput();
    found.said.push(said()); found.corners.push(main.count);
    press("0.0100");
    found.said.push(said()); found.corners.push(main.count);
    const whole = canvas.toDataURL();
    box("surface").click();
    found.hidden = canvas.toDataURL() !== whole;
    box("surface").click();
    found.back = canvas.toDataURL() === whole;
    box("0.00300 a₀⁻³").click();
    found.shell = canvas.toDataURL() !== whole;
    """
    seen = browser.look(pages["density"], tmp_path, action=action)
    found = seen.findings
    assert (found["faults"], found["hidden"], found["back"], found["shell"]) == ([], True, True, True)
    start, low, again = found["said"]
    assert start == again
    assert start.startswith("0.0100 a₀⁻³: holds ")
    assert start != low
    assert found["corners"][0] == found["corners"][2] > 1000
    assert found["corners"][1] != found["corners"][0]
    assert differing(seen, looked["density"]) > 0.005


def test_the_surface_found_in_the_browser_is_that_of_the_picture(pages, tmp_path):
    script = re.search(r'<script id="data" type="application/json">(.*?)</script>', pages["density"], re.DOTALL)
    data = json.loads(script[1])
    logarithms = np.frombuffer(base64.b64decode(data["values"]), dtype="<u2") / 65535
    values = np.where(logarithms > 0, data["lowest"] * (data["highest"] / data["lowest"]) ** logarithms, 0)
    grid = Grid(cell=np.array(data["cell"]), shape=tuple(data["shape"]), repeats=(1, 1, 1), offset=np.zeros(3))
    height = np.log(0.01 / data["lowest"]) / np.log(data["highest"] / data["lowest"])
    density = Density("Li", grid=grid, values=logarithms.reshape(data["shape"]), ions=24, frames=120)
    ours = isosurface(density, level=height)  # the browser interpolates logarithms
    one, two, three = ours.vertices[ours.triangles].transpose(1, 0, 2)
    area = 0.5 * np.linalg.norm(np.cross(two - one, three - one), axis=1).sum()
    action = """
    const filled = surface(0.01);
    found.area = 0;
    for (let t = 0; t < filled.length; t += 18) {
      const [p, q, r] = [0, 6, 12].map(at => [0, 1, 2].map(k => filled[t + at + k]));
      found.area += 0.5 * Math.hypot(...cross(q.map((x, k) => x - p[k]), r.map((x, k) => x - p[k])));
    }
    found.said = document.querySelector("#key p").textContent;
    """
    found = browser.look(pages["density"], tmp_path, action=action).findings
    assert found["area"] == pytest.approx(area, rel=0.01)
    assert f"holds {100 * values[values >= 0.01].sum() / values.sum():.0f} % of the Li" in found["said"]


def test_the_legend_of_radial_distributions_hides_a_pair_in_both_panels(pages, looked, tmp_path):
    seen = browser.look(pages["rdf"], tmp_path, action=TOGGLE.replace("ITEM", "0"))
    hidden = [name for name, visible in seen.findings["after"] if visible == "legendonly"]
    assert hidden == ["Li–Cl", "Li–Cl"]
    assert differing(seen, looked["rdf"]) > 0.001


def test_the_boxes_of_a_network_hide_hops_and_dragging_turns_it(pages, looked, tmp_path):
    action = """
    const canvas = document.querySelector("canvas");
    const drag = (kind, x) => canvas.dispatchEvent(new PointerEvent(kind,
      {pointerId: 1, clientX: 400 + x, clientY: 300, movementX: x, movementY: 0, bubbles: true}));
    canvas.setPointerCapture = () => {};
    canvas.toDataURL();  // from the first reading on, all is drawn by the processor, to the last digit alike
    window.onresize();
    const start = canvas.toDataURL();
    document.querySelector("input").click();
    found.hidden = canvas.toDataURL() !== start;
    document.querySelector("input").click();
    found.back = canvas.toDataURL() === start;
    drag("pointerdown", 0); drag("pointermove", 60); drag("pointerup", 60);
    found.turned = canvas.toDataURL() !== start;
    """
    seen = browser.look(pages["hops"], tmp_path, action=action)
    assert {name: seen.findings[name] for name in ("faults", "hidden", "back", "turned")} == {
        "faults": [],
        "hidden": True,
        "back": True,
        "turned": True,
    }
    assert differing(seen, looked["hops"]) > 0.005


def test_a_page_that_fails_or_fetches_is_noticed(tmp_path):
    broken = "<!doctype html><head></head><body><script src='https://example.org/x.js'></script><script>nothing.here()</script>"
    seen = browser.look(broken, tmp_path)
    assert len(seen.findings["faults"]) == 2
    assert seen.findings["fetched"] == ["https://example.org/x.js"]
    assert drawn(seen.pixels) == (0.0, 1)
