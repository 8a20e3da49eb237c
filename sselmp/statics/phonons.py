"""Bands, densities, thermal properties and the verdict of a crystal's vibrations, from forces; evaluates none."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from sselmp import units
from sselmp.cells import Array, perpendicular_widths
from sselmp.errors import SettingsError
from sselmp.statics.lattice_dynamics import LatticeDynamics, Modes, acoustic, others
from sselmp.statics.phonon_result import (
    DensityOfStates,
    ElementDensity,
    Mode,
    Phonons,
    Piece,
    Thermal,
    Verdict,
)
from sselmp.statics.settings import PhononSettings
from sselmp.statics.thermodynamics import oscillators
from sselmp.statics.zone_path import GAMMA, Straight, ZonePath, zone_path
from sselmp.structures.crystal import Crystal
from sselmp.structures.supercell import factors_reaching, image_distance

DIGITS = 6  # of frequencies and densities that are kept
TIE_THZ = 1e-3  # of modes that differ by less, the one at a point with a name is named
MESH = "on the mesh"
FITTING = "a wave vector of the supercell"
BETWEEN = "between"
PARTS = 3  # force constants, bands, mesh
OnPart = Callable[[int], None]


def displaced_supercells(crystal: Crystal, *, settings: PhononSettings, symmetry_tolerance_A: float) -> LatticeDynamics:
    """The supercells whose forces are needed, chosen by the symmetry of a crystal.

    Args:
        crystal: With its ions at rest.
        settings: Supercell and displacement.
        symmetry_tolerance_A: Within which symmetry is found [Å].

    Raises:
        SettingsError: The supercell holds a single atom, which nothing holds at its place.
        StructureError: No symmetry can be made of the crystal.
    """
    factors = settings.supercell or factors_reaching(crystal, image_distance_A=settings.minimum_length_A)
    if len(crystal) * int(np.prod(factors)) < 2:
        raise SettingsError(
            f"{crystal.name}: the supercell holds one atom, which moves with all its images and feels no force",
            got=f"phonons.supercell = {list(factors)}",
            allowed="a supercell of two atoms or more; about 10 Å in each direction is sound",
        )
    return LatticeDynamics(
        crystal, factors, displacement_A=settings.displacement_A, symmetry_tolerance_A=symmetry_tolerance_A
    )


def phonons(
    dynamics: LatticeDynamics, forces: Sequence[Array], *, settings: PhononSettings, on_part: OnPart | None = None
) -> Phonons:
    """What the forces in the supercells say of a crystal's vibrations.

    Args:
        dynamics: Of ``displaced_supercells``.
        forces: (n, 3) each [eV/Å]: of its supercell, then of its displaced ones.
        settings: The same as before.
        on_part: Called before each of its ``PARTS`` with those done.

    Raises:
        PotentialError: The forces determine no force constants.
        StructureError: The primitive cell is of no Bravais lattice.
    """
    tell = on_part or (lambda _: None)
    tell(0)
    quality = dynamics.take(forces)
    tell(1)
    path = zone_path(dynamics.primitive, points=settings.band_points)
    bands = tuple(_piece(dynamics, one) for one in path.pieces)
    at_gamma = dynamics.frequencies(np.zeros((1, 3)))[0]
    fitting = _lowest_fitting(dynamics, path)
    tell(2)
    numbers = settings.mesh or mesh_numbers(dynamics.primitive, length_A=settings.mesh_length_A)
    modes = dynamics.on_mesh(numbers)
    lowest = _lowest(dynamics, bands, modes=modes, fitting=fitting)
    verdict, reason = judged(lowest, fitting, tolerance_THz=settings.tolerance_THz)
    return Phonons(
        verdict=verdict,
        reason=reason,
        space_group=dynamics.space_group,
        primitive_cell=_rows(dynamics.primitive.cell),
        species=dynamics.primitive.species,
        supercell=dynamics.factors,
        supercell_atoms=len(dynamics.supercell),
        image_distance_A=image_distance(dynamics.supercell.cell),
        displacements=len(dynamics.displaced),
        before_symmetrisation=quality,
        acoustic_at_gamma_THz=acoustic(at_gamma),
        gamma_THz=_kept(at_gamma),
        lowest=lowest,
        lowest_commensurate=fitting,
        bands=bands,
        density=_density(modes, dynamics.primitive),
        thermal=thermal(modes.frequencies_THz, _temperatures(settings)),
        mesh=numbers,
    )


def mesh_numbers(primitive: Crystal, *, length_A: float) -> tuple[int, int, int]:
    """Even numbers of wave vectors, which leave out Γ, along the reciprocal vectors.

    Args:
        primitive: The cell.
        length_A: That as many cells reach along each axis [Å].
    """
    a, b, c = (2 * max(1, int(np.ceil(length_A / (2.0 * width)))) for width in perpendicular_widths(primitive.cell))
    return a, b, c


def thermal(frequencies_THz: Array, temperatures_K: Array) -> Thermal:
    """Thermal properties of a mole of atoms from the modes on a mesh (wave vectors, modes); imaginary ones left out."""
    atoms = frequencies_THz.shape[0] * frequencies_THz.shape[1] / 3.0
    real = frequencies_THz > 0.0
    found = oscillators(frequencies_THz[real], temperatures_K)
    per_mole = units.EV_IN_KJ_PER_MOL / atoms
    return Thermal(
        temperature_K=tuple(map(float, temperatures_K)),
        free_energy_kJ_per_mol=_kept(found.free_energy_eV * per_mole),
        entropy_J_per_K_mol=_kept(found.entropy_eV_per_K * per_mole * 1000.0),
        heat_capacity_J_per_K_mol=_kept(found.heat_capacity_eV_per_K * per_mole * 1000.0),
        zero_point_energy_meV_per_atom=found.zero_point_energy_eV / atoms * 1000.0,
        imaginary_share=float(1.0 - real.mean()),
    )


def judged(lowest: Mode, fitting: Mode | None, *, tolerance_THz: float) -> tuple[Verdict, str]:
    """The verdict and its reason, from the lowest mode of all and the lowest that is not interpolated."""
    limit = f"{-tolerance_THz:g} THz"
    if fitting is not None and fitting.frequency_THz < -tolerance_THz:
        more = "" if lowest.frequency_THz > fitting.frequency_THz - TIE_THZ else f"; interpolated, {_told(lowest)}"
        return "imaginary", f"{_told(fitting)}, at a wave vector of the supercell{more}"
    if lowest.frequency_THz < -tolerance_THz:
        own = "none" if fitting is None else _told(fitting)
        return "imaginary where interpolated", (
            f"{_told(lowest)}, interpolated between wave vectors of the supercell (lowest of these: {own}): "
            "a larger supercell decides"
        )
    shown = lowest if fitting is None else fitting
    return "stable", f"no mode below {limit}; the lowest that is not acoustic at Γ: {_told(shown)}"


def _told(mode: Mode) -> str:
    q = ", ".join(f"{x:.3g}" for x in mode.q)
    if mode.where.startswith(BETWEEN):
        named = f"{mode.where} ({q})"
    else:
        named = f"at ({q})" if mode.where in {MESH, FITTING} else f"at {mode.where} ({q})"
    return f"{mode.frequency_THz:.2f} THz {named}"


def _lowest_fitting(dynamics: LatticeDynamics, path: ZonePath) -> Mode | None:
    """The lowest mode at wave vectors of the supercell, acoustic ones at Γ left aside."""
    found = []
    for q, frequencies in zip(*_with_frequencies(dynamics), strict=True):
        modes = others(frequencies) if not q.any() else frequencies
        if len(modes):
            name = GAMMA if not q.any() else path.name(q)
            found.append((float(modes[0]), q, name))
    if not found:
        return None
    least = min(frequency for frequency, _, _ in found)
    near = [one for one in found if one[0] <= least + TIE_THZ]
    frequency, q, name = next((one for one in near if one[2]), near[0])
    return Mode(frequency_THz=frequency, q=_three(q), where=name or FITTING, commensurate=True)


def _with_frequencies(dynamics: LatticeDynamics) -> tuple[Array, Array]:
    q = dynamics.commensurate()
    return q, dynamics.frequencies(q)


def _lowest(dynamics: LatticeDynamics, bands: tuple[Piece, ...], *, modes: Modes, fitting: Mode | None) -> Mode:
    """The lowest mode at wave vectors of the supercell, along the path or on the mesh; the first of these in a tie."""
    place = int(np.argmin(modes.frequencies_THz.min(axis=1)))
    found = [] if fitting is None else [fitting]
    found += [_lowest_of_piece(dynamics, one) for one in bands]
    found.append(_mode(dynamics, modes.q[place], frequency=float(modes.frequencies_THz[place].min()), where=MESH))
    least = min(one.frequency_THz for one in found)
    return next(one for one in found if one.frequency_THz <= least + TIE_THZ)


def _lowest_of_piece(dynamics: LatticeDynamics, piece: Piece) -> Mode:
    """Acoustic modes are left aside at Γ itself only."""
    q = np.array(piece.q)
    at_gamma = np.abs(q - np.rint(q)).max(axis=1) < 1e-9
    lowest = np.array(
        [min(others(np.array(f)), default=np.inf) if here else f[0]
         for f, here in zip(piece.frequencies_THz, at_gamma, strict=True)]
    )  # fmt: skip
    place = int(np.argmin(lowest))
    ends = {0: piece.begin, len(q) - 1: piece.end}
    where = ends.get(place, f"{BETWEEN} {piece.begin} and {piece.end}")
    return _mode(dynamics, q[place], frequency=float(lowest[place]), where=where)


def _mode(dynamics: LatticeDynamics, q: Array, *, frequency: float, where: str) -> Mode:
    phase = dynamics.translations @ q
    fits = bool(np.abs(phase - np.rint(phase)).max() < 1e-6)
    return Mode(frequency_THz=frequency, q=_three(q), where=where, commensurate=fits)


def _piece(dynamics: LatticeDynamics, straight: Straight) -> Piece:
    return Piece(
        begin=straight.begin,
        end=straight.end,
        q=tuple(_three(q) for q in straight.q),
        distance_per_A=_kept(straight.distance_per_A),
        frequencies_THz=tuple(_kept(one) for one in dynamics.frequencies(straight.q)),
    )


def _density(modes: Modes, primitive: Crystal) -> DensityOfStates:
    species = np.array(primitive.species)
    parts = tuple(
        ElementDensity(element=name, states_per_THz=_kept(modes.density_per_THz[species == name].sum(axis=0)))
        for name in primitive.elements
    )
    total = modes.density_per_THz.sum(axis=0)
    return DensityOfStates(frequency_THz=_kept(modes.axis_THz), total_states_per_THz=_kept(total), elements=parts)


def _temperatures(settings: PhononSettings) -> Array:
    count = int(np.floor(settings.highest_temperature_K / settings.temperature_step_K + 1e-9))
    return np.linspace(0.0, count * settings.temperature_step_K, count + 1)


def _kept(values: Array) -> tuple[float, ...]:
    return tuple(round(float(value), DIGITS) + 0.0 for value in values)


def _three(values: Array) -> tuple[float, float, float]:
    x, y, z = (round(float(value), 9) + 0.0 for value in values)
    return x, y, z


def _rows(cell: Array) -> tuple[tuple[float, float, float], tuple[float, float, float], tuple[float, float, float]]:
    a, b, c = ((float(x), float(y), float(z)) for x, y, z in cell)
    return a, b, c
