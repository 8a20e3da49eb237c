"""Figures of static properties: energy over volume, elastic tensor and Young's modulus, phonons, barriers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from sselmp.report.barrier_figure import draw_barriers
from sselmp.report.canvas import new_figure, save
from sselmp.report.phonon_figure import draw_phonons
from sselmp.statics.barriers import Barriers
from sselmp.statics.elastic_tensor import young_along
from sselmp.statics.elasticity import Elasticity
from sselmp.statics.equation_of_state import EquationOfState
from sselmp.statics.phonon_result import Phonons
from sselmp.statics.record import Record

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PLANES = (("xy", 0, 1), ("xz", 0, 2), ("yz", 1, 2))
COLOURS = ("#1f77b4", "#d62728", "#2ca02c")
STYLES = ("-", "--", ":")  # planes that symmetry makes alike lie on each other
COMPONENTS = ("xx", "yy", "zz", "yz", "xz", "xy")


def draw(record: Record, path: Path) -> bool:
    """Draw the figure of a record, whole; returns whether its property has one.

    Raises:
        RunError: The file cannot be written.
    """
    if isinstance(record.result, EquationOfState):
        _energy_volume(record, record.result, path=path)
        return True
    if isinstance(record.result, Barriers):
        draw_barriers(record, record.result, path=path)
        return True
    if isinstance(record.result, Phonons):
        draw_phonons(record.result, path, title=_title(record))
        return True
    if isinstance(record.result, Elasticity):
        _elastic(record, record.result, path=path)
        return True
    return False


def _energy_volume(record: Record, found: EquationOfState, *, path: Path) -> None:
    figure = new_figure(5.2, 4.0)
    axes = figure.add_subplot()
    atoms, zero = found.atoms, found.birch_murnaghan.E0_eV
    volumes = np.linspace(min(p.volume_A3 for p in found.points), max(p.volume_A3 for p in found.points), 200)
    laws = (("Birch–Murnaghan", found.birch_murnaghan, "-"), ("Vinet", found.vinet, "--"))
    for (name, law, style), colour in zip(laws, COLOURS, strict=False):
        label = f"{name}: $K_0$ = {law.K0_GPa:.1f} ± {law.K0_error_GPa:.1g} GPa, $K_0'$ = {law.K1:.2f}"
        axes.plot(
            volumes / atoms, 1000 * (law.energy(volumes) - zero) / atoms, style, color=colour, label=label, lw=1.2
        )
    for converged, face in ((True, "black"), (False, "none")):
        chosen = [p for p in found.points if p.converged == converged]
        label = "relaxed ions" if converged else "did not converge: left out"
        if chosen:
            energies = [1000 * (p.energy_eV - zero) / atoms for p in chosen]
            axes.plot([p.volume_A3 / atoms for p in chosen], energies, "o", ms=4, mec="black", mfc=face, label=label)
    axes.set_xlabel("volume [Å³/atom]")
    axes.set_ylabel("energy above the minimum [meV/atom]")
    axes.legend(fontsize=7.5, frameon=False)
    figure.suptitle(_title(record), fontsize=10, fontweight="bold")
    save(figure, path)


def _elastic(record: Record, found: Elasticity, *, path: Path) -> None:
    figure = new_figure(9.0, 4.2)
    left = figure.add_subplot(1, 2, 1)
    shown = found.clamped if found.verdict == "not linear" and found.clamped is not None else found.tensor
    _matrix(left, np.array(shown.C_GPa))
    left.set_title(f"C [GPa], {shown.ions} ions, {found.space_group}", fontsize=9)
    if shown.stable:
        right = figure.add_subplot(1, 2, 2, projection="polar")
        _young(right, np.array(shown.C_GPa))
        moduli = shown.moduli
        words = f"K = {moduli.K_GPa:.1f} GPa, G = {moduli.G_GPa:.1f} GPa, Poisson's ratio {moduli.poisson:.3f}"
    else:
        words = f"unstable after Born: least eigenvalue {shown.smallest_eigenvalue_GPa:.2f} GPa"
    if shown is not found.tensor:
        words += "; with relaxed ions stresses are no straight lines"
    if found.unrested:
        words += "; ions did not come to rest in a strained cell"
    figure.suptitle(_title(record), fontsize=10, fontweight="bold")
    figure.supxlabel(words, fontsize=9)
    save(figure, path)


def _matrix(axes: Axes, C: np.ndarray) -> None:
    """The tensor as a table that is coloured by its numbers."""
    largest = float(np.abs(C).max())
    axes.imshow(C, cmap="RdBu", vmin=-largest, vmax=largest)
    for i in range(6):
        for j in range(6):
            dark = abs(C[i, j]) > 0.6 * largest
            text = f"{C[i, j]:.1f}" if abs(C[i, j]) > 0.05 else "0"
            axes.text(j, i, text, ha="center", va="center", fontsize=7.5, color="white" if dark else "black")
    axes.set_xticks(range(6), COMPONENTS)
    axes.set_yticks(range(6), COMPONENTS)


def _young(axes: Axes, C: np.ndarray) -> None:
    """Young's modulus in the planes of the standard axes, by angle from the first axis of each."""
    angles = np.linspace(0.0, 2.0 * np.pi, 361)
    for (name, first, second), colour, style in zip(PLANES, COLOURS, STYLES, strict=True):
        directions = np.zeros((len(angles), 3))
        directions[:, first], directions[:, second] = np.cos(angles), np.sin(angles)
        axes.plot(angles, young_along(C, directions), style, color=colour, lw=1.4, label=name)
    axes.set_title("Young's modulus by direction [GPa]", fontsize=9)
    axes.legend(fontsize=7.5, loc="lower right", bbox_to_anchor=(1.15, -0.1), frameon=False)


def _title(record: Record) -> str:
    return f"{record.structure} with {record.potential}"
