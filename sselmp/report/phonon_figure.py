"""The figure of phonons: bands beside the density of states by element, and the heat capacity; computes nothing."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from sselmp import units
from sselmp.report.canvas import new_figure, save
from sselmp.statics.phonon_result import Phonons

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LINE, IMAGINARY = "#1f77b4", "#d62728"
ELEMENTS = ("#ff7f0e", "#2ca02c", "#9467bd", "#8c564b", "#17becf", "#bcbd22", "#e377c2")
CLASSICAL = 3.0 * units.GAS_CONSTANT_J_PER_MOL_K


def draw_phonons(found: Phonons, path: Path, *, title: str) -> None:
    """Draw phonons, whole.

    Args:
        found: The phonons.
        path: Of the PNG.
        title: Above it.

    Raises:
        RunError: The file cannot be written.
    """
    figure = new_figure(10.5, 4.4)
    grid = figure.add_gridspec(1, 3, width_ratios=(3.0, 1.1, 1.7))
    left = figure.add_subplot(grid[0])
    middle = figure.add_subplot(grid[1], sharey=left)
    _bands(left, found)
    _density(middle, found)
    low, high = min(0.0, found.lowest.frequency_THz), max(found.density.frequency_THz)
    left.set_ylim(1.08 * low, 1.02 * high)
    if low < 0:
        for axes in (left, middle):
            axes.axhspan(1.08 * low, 0.0, color=IMAGINARY, alpha=0.07, lw=0)
        paper = {"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 1.0}
        left.text(0.01, 0.012, "imaginary", transform=left.transAxes, fontsize=7.5, color=IMAGINARY, bbox=paper)
    _heat_capacity(figure.add_subplot(grid[2]), found)
    figure.suptitle(f"{title}: phonons", fontsize=10, fontweight="bold")
    figure.supxlabel(f"{found.verdict}: {found.reason}", fontsize=8)
    save(figure, path)


def _bands(axes: Axes, found: Phonons) -> None:
    """Each piece of the path, with its points named; parts below zero in red."""
    for piece in found.bands:
        modes = np.array(piece.frequencies_THz)
        axes.plot(piece.distance_per_A, modes, color=LINE, lw=0.8)
        axes.plot(piece.distance_per_A, np.where(modes <= 0.0, modes, np.nan), color=IMAGINARY, lw=1.0)
    places, names = _ticks(found)
    for place in places:
        axes.axvline(place, color="0.6", lw=0.6)
    axes.axhline(0.0, color="0.3", lw=0.6)
    axes.set_xticks(places, names)
    axes.set_xlim(places[0], places[-1])
    axes.set_ylabel("frequency [THz]")


def _ticks(found: Phonons) -> tuple[list[float], list[str]]:
    """Where pieces meet, and the name there; two names where the path jumps."""
    first = found.bands[0]
    places, names = [first.distance_per_A[0]], [first.begin]
    for piece in found.bands:
        if piece.begin != names[-1]:
            names[-1] += f"|{piece.begin}"
        places.append(piece.distance_per_A[-1])
        names.append(piece.end)
    return places, names


def _density(axes: Axes, found: Phonons) -> None:
    density, atoms = found.density, len(found.species)
    frequency = density.frequency_THz
    total = np.array(density.total_states_per_THz) / atoms
    axes.plot(total, frequency, color="black", lw=0.9, label="all")
    if len(density.elements) > 1:
        for number, part in enumerate(density.elements):
            share = np.array(part.states_per_THz) / atoms
            axes.plot(share, frequency, color=ELEMENTS[number % len(ELEMENTS)], lw=0.9, label=part.element)
        axes.legend(fontsize=7, frameon=False)
    axes.set_xlim(0.0, 1.05 * total.max())
    axes.axhline(0.0, color="0.3", lw=0.6)
    axes.set_xlabel("states [1/THz per atom]", fontsize=9)
    axes.tick_params(labelleft=False)


def _heat_capacity(axes: Axes, found: Phonons) -> None:
    one = found.thermal
    real = one.imaginary_share == 0 and found.verdict == "stable"
    label = "$C_v$" if real else "$C_v$, real modes only"
    axes.plot(one.temperature_K, one.heat_capacity_J_per_K_mol, color=LINE, lw=1.3, label=label)
    axes.axhline(CLASSICAL, color="0.5", lw=0.8, ls="--", label="3R")
    axes.set_xlim(0.0, max(one.temperature_K[-1], 1.0))
    axes.set_ylim(0.0, 1.08 * CLASSICAL)
    axes.set_xlabel("temperature [K]")
    axes.set_ylabel("heat capacity [J/(K mol of atoms)]", fontsize=9)
    axes.legend(fontsize=7.5, frameon=False, loc="lower right")
