"""Van Hove functions, densities and radial distributions as plain documents and arrays with units in their names."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sselmp import __version__, cells, files
from sselmp.files import Json
from sselmp.report.isosurface import Surface
from sselmp.transport.density import Density
from sselmp.transport.percolation import Connection, Percolation
from sselmp.transport.rdf import Rdf
from sselmp.transport.van_hove import VanHove

Arrays = dict[str, NDArray[np.float64] | NDArray[np.intp]]


def write_van_hove(found: VanHove, *, about: Json, stem: Path) -> None:
    """Write ``stem``.npz with the functions and ``stem``.json with what they are of.

    Arrays of the archive: ``lags_ps`` (L,), ``origins`` (L,), ``r_edges_A`` (R + 1,), ``Gs_per_A3`` (L, R), ``Gd``
    (L, R) relative to the density of the other ions, ``beyond`` (L,) fraction of the ions that are beyond the last r.

    Raises:
        RunError: A file cannot be written.
    """
    arrays: Arrays = {
        "lags_ps": found.lags_ps,
        "origins": found.origins,
        "r_edges_A": found.radii.edges_A,
        "Gs_per_A3": found.self_part,
        "Gd": found.distinct_part,
        "beyond": found.beyond,
    }
    document = {
        "format": "sselmp-vanhove-1",
        "species": found.species,
        "ions": found.ions,
        "normalisation": "integral of 4 pi r^2 Gs dr = 1 - beyond; Gd = 1 at the density (N - 1)/V of the other ions",
        "density_of_others_per_A3": found.density_per_A3,
        "r_max_A": float(found.radii.edges_A[-1]),
        "dr_A": found.radii.step_A,
        "longest_lag_ps": float(found.lags_ps[-1]),
        "beyond_at_longest_lag": float(found.beyond[-1]),
    }
    _write(document, about=about, arrays=arrays, stem=stem)


def write_rdf(found: Sequence[Rdf], *, about: Json, stem: Path) -> None:
    """Write ``stem``.npz with all pairs and ``stem``.json with their first shells.

    Arrays of the archive: ``r_edges_A`` (R + 1,) and for each pair ``g_A-B`` (R,) and ``n_A-B`` (R,), the mean number
    of B around an A up to the outer edge.

    Raises:
        RunError: A file cannot be written.
    """
    arrays: Arrays = {"r_edges_A": found[0].radii.edges_A}
    pairs: list[Json] = []
    for one in found:
        name, shell = f"{one.centre}-{one.partner}", one.first_shell
        arrays |= {f"g_{name}": one.g, f"n_{name}": one.coordination}
        pairs.append(
            {
                "pair": name,
                "frames": one.frames,
                "density_per_A3": one.density_per_A3,
                "first_peak_A": shell and shell.peak_A,
                "first_shell_end_A": shell and shell.end_A,
                "coordination_number": shell and shell.coordination,
            }
        )
    _write({"format": "sselmp-rdf-1", "pairs": pairs}, about=about, arrays=arrays, stem=stem)


def write_density(
    found: Density, percolation: Percolation, *, surfaces: Sequence[tuple[float, Surface]], about: Json, path: Path
) -> None:
    """Write what a density is of, its highest and mean value, and at which levels it connects.

    Args:
        found: The density.
        percolation: Where it connects.
        surfaces: Levels drawn [a₀⁻³].
        about: What else is to be said.
        path: JSON to write.

    Raises:
        RunError: The file cannot be written.
    """
    document: Json = {
        "format": "sselmp-density-1",
        "species": found.species,
        "ions_in_cell": found.ions,
        "frames": found.frames,
        "cell_A": found.grid.cell.tolist(),
        "cell_volume_A3": cells.volume(found.grid.cell),
        "unit_cells_folded": list(found.grid.repeats),
        "points": list(found.grid.shape),
        "first_point_at_scaled": (found.grid.offset / np.array(found.grid.shape)).tolist(),
        "broadening_A": found.broadening_A,
        "space_group": found.symmetry or None,
        "highest_per_a0_3": float(found.values.max()),
        "mean_per_a0_3": float(found.values.mean()),
        "one_count_per_a0_3": found.one_count,
        "levels_drawn_per_a0_3": [level for level, _ in surfaces],
        "percolates_in_dimensions": {
            str(number): connection_document(one) for number, one in enumerate(percolation.dimensions, start=1)
        },
        "percolates_along": {
            axis: connection_document(one) for axis, one in zip("abc", percolation.axes, strict=True)
        },
    }  # fmt: skip
    files.write_text(path, _text(document, about))


def connection_document(found: Connection | None) -> Json | None:
    """How a density connects at one level; None where it never does."""
    if found is None:
        return None
    return {
        "level_per_a0_3": found.level,
        "dimensions": found.dimensions,
        "axes": found.axes,
        "repeats_after": [list(step) for step in found.directions],
    }


def _write(document: Json, *, about: Json, arrays: Arrays, stem: Path) -> None:
    files.write_text(stem.with_suffix(".json"), _text(document, about))
    with files.whole(stem.with_suffix(".npz")) as temporary, temporary.open("wb") as stream:
        np.savez_compressed(stream, **arrays)  # type: ignore[arg-type] # numpy's stubs take the names for its options


def _text(document: Json, about: Json) -> str:
    head = {"format": document["format"], "sselmp_version": __version__}
    return json.dumps(head | about | document, indent=1) + "\n"
