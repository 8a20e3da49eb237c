"""The network of hops as one page that turns in a browser, with nothing to fetch; writes no file."""

from __future__ import annotations

from sselmp import layout
from sselmp.cells import Array
from sselmp.files import Json
from sselmp.report.hop_figures import COLOURS
from sselmp.report.hop_report import HopReport
from sselmp.report.jump_picture import picture_of
from sselmp.report.turning_page import filled


def page(report: HopReport) -> str:
    """An HTML page that draws the network in the unit cell on a canvas; classes of hops can be hidden."""
    picture = picture_of(report)
    data: Json = {
        "title": f"{report.mobile} hops in {report.system} with {report.potential}, {report.temperature_K:g} K",
        "cell": _rounded(picture.cell),
        "lines": [
            {
                "name": lines.name,
                "colour": COLOURS[lines.name],
                "ends": _rounded(lines.ends),
                "counts": lines.counts.tolist(),
                "most": picture.most,
                "total": int(lines.counts.sum()),
            }
            for lines in picture.lines
        ],
        "sites": _rounded(picture.sites),
        "occupancy": _rounded(picture.occupancy),
        "centres": _rounded(picture.centres),
        "centre_name": picture.centre_name,
    }
    return filled(layout.jump_graph_page(), data)


def _rounded(values: Array) -> object:
    """Plain lists, to a thousandth of an ångström."""
    plain: object = values.round(3).tolist()
    return plain
