"""Migration barriers as CSV, one row a hop and one row an image of a path, and in words; finds and draws nothing."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from sselmp import files
from sselmp.cells import Array
from sselmp.statics.barriers import Barriers
from sselmp.statics.hops import Hop, PathPoint

HOP_HEADERS = (
    "hop", "origin", "target", "image_a", "image_b", "image_c", "length_A", "multiplicity", "symmetric", "verdict",
    "barrier_eV", "barrier_back_eV", "reaction_eV", "saddle_force_eV_per_A", "bow_A", "maxima", "steps", "reason",
)  # fmt: skip
PROFILE_HEADERS = ("hop", "image", "distance_A", "energy_eV", "slope_eV_per_A", "verdict")

MOST_TOLD = 10
POINTS = 25  # of the curve between two images
ABOVE_EV = 0.002  # by which the curve may rise above the image that has climbed
SAME_EV = 0.0005
ALIKE_EV = 0.01  # ends that are alike by symmetry should differ by less


def write(found: Barriers, stem: Path) -> tuple[Path, Path]:
    """Write ``STEM-hops.csv`` and ``STEM-profile.csv``; returns their paths.

    Raises:
        RunError: A file cannot be written.
    """
    hops, profile = stem.with_name(f"{stem.name}-hops.csv"), stem.with_name(f"{stem.name}-profile.csv")
    files.write_text(hops, _csv(HOP_HEADERS, [_row(hop) for hop in found.hops]))
    points = [
        (hop.number, place, f"{at.distance_A:.5f}", f"{at.energy_eV:.6f}", f"{at.slope_eV_per_A:.5f}", hop.verdict)
        for hop in found.hops
        for place, at in enumerate(hop.profile)
    ]
    files.write_text(profile, _csv(PROFILE_HEADERS, points))
    return hops, profile


def label(found: Barriers, hop: Hop) -> str:
    """A hop's name, such as ``1: Li3 → Li7, 2.86 Å``: atoms are numbered as in the cell, from 1."""
    return f"{hop.number}: {found.element}{hop.origin + 1} → {found.element}{hop.target + 1}, {hop.length_A:.2f} Å"


def named_height(found: Barriers, hop: Hop) -> str:
    """A hop's name with its barriers, or with why it has none."""
    if hop.saddle is None:
        return f"{label(found, hop)}: {hop.verdict}"
    back = "" if abs(hop.saddle.reaction_eV) < SAME_EV else f", back {hop.saddle.back_eV:.3f} eV"
    return f"{label(found, hop)}: {hop.saddle.forward_eV:.3f} eV{back}"


def hops_in_words(found: Barriers) -> str:
    """The hops with their barriers, one line each; the longest only by their number where there are many."""
    lines = [f"\nhop {named_height(found, hop)}" for hop in found.hops[:MOST_TOLD]]
    more = len(found.hops) - len(lines)
    return "".join(lines) + (f"\nand {more} longer ones, in the CSV" if more else "")


def curve(profile: tuple[PathPoint, ...]) -> tuple[Array, Array]:
    """Distances [Å] and energies [eV] between the images: the cubic pieces that meet energies and slopes at each."""
    from scipy.interpolate import CubicHermiteSpline

    at = np.array([point.distance_A for point in profile])
    spline = CubicHermiteSpline(at, [point.energy_eV for point in profile], [point.slope_eV_per_A for point in profile])
    fine = np.interp(np.arange((len(at) - 1) * POINTS + 1) / POINTS, np.arange(len(at)), at)
    return fine, np.asarray(spline(fine))


def cautions(found: Barriers) -> tuple[str, ...]:
    """What must be said beside the barriers, one sentence each."""
    listed = [
        f"one {found.element} is missing from a cell that is neutral to a potential which knows no charges; its "
        f"periodic images are {found.image_distance_A:.1f} Å apart"
    ]
    without = [hop for hop in found.hops if hop.saddle is None and hop.verdict != "passes a site"]
    listed += [f"hop {label(found, hop)} has no barrier: {hop.verdict}; {hop.reason}" for hop in without]
    if without and found.passages:
        listed.append("what is lowest of the ways through the crystal is an upper bound, for these hops are not in it")
    if found.passages or not without:
        reached = max((one.dimension for one in found.passages), default=0)
        if reached < 3:
            longest = max(hop.length_A for hop in found.hops)
            listed.append(f"hops of up to {longest:.2f} Å lead through the crystal in {reached} of 3 directions")
    listed += [
        f"hop {label(found, hop)} and the hop back are one by symmetry, but their ends differ by "
        f"{1000 * abs(hop.saddle.reaction_eV):.0f} meV: they came to rest in unlike places, and so may others"
        for hop in found.hops
        if hop.saddle is not None and hop.symmetric and abs(hop.saddle.reaction_eV) > ALIKE_EV
    ]
    listed += [
        f"the path of hop {label(found, hop)} has {hop.saddle.maxima} maxima: a site lies between"
        for hop in found.hops
        if hop.saddle is not None and hop.saddle.maxima > 1
    ]
    for hop in found.hops:
        above = 0.0 if hop.saddle is None else float(curve(hop.profile)[1].max()) - hop.saddle.forward_eV
        if above > ABOVE_EV:
            listed.append(
                f"between images of hop {label(found, hop)} the energy rises {1000 * above:.0f} meV above the image "
                "that has climbed, which may rest on a site between two saddles: take more images"
            )
    return tuple(listed)


def _row(hop: Hop) -> tuple[object, ...]:
    head = (hop.number, hop.origin + 1, hop.target + 1, *hop.image, f"{hop.length_A:.5f}", hop.multiplicity)
    one = hop.saddle
    numbers: tuple[object, ...] = ("",) * 6
    if one is not None:
        energies = (f"{value:.6f}" for value in (one.forward_eV, one.back_eV, one.reaction_eV))
        numbers = (*energies, f"{one.largest_force_eV_per_A:.5f}", f"{one.bow_A:.4f}", one.maxima)
    return (*head, "yes" if hop.symmetric else "no", hop.verdict, *numbers, hop.steps, hop.reason)


def _csv(headers: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(headers)
    writer.writerows(rows)
    return stream.getvalue()
