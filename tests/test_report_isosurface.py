"""Isosurfaces of densities whose surfaces have a known area, volume and topology."""

from __future__ import annotations

import numpy as np
import periodic
import pytest

from sselmp.errors import SettingsError
from sselmp.report.isosurface import isosurface
from sselmp.transport.density import Density
from sselmp.transport.grid import Grid

CELL = periodic.TILTED


def of(values, cell=CELL):
    grid = Grid(cell=cell, shape=values.shape, repeats=(1, 1, 1), offset=np.zeros(3))
    return Density(species="Li", grid=grid, values=values, ions=1.0, frames=1)


def ball(centre, *, shape=(44, 40, 46), cell=CELL):
    """Values that fall linearly with the distance from a scaled centre: 10 there, 9 at 1 Å."""
    axes = [np.arange(n) / n - at for n, at in zip(shape, centre, strict=True)]
    apart = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1)
    return np.maximum(10 - np.linalg.norm((apart - np.round(apart)) @ cell, axis=-1), 0.01)


def area_volume(surface):
    a, b, c = (surface.vertices[surface.triangles[:, k]] for k in range(3))
    cross = np.cross(b - a, c - a)
    return np.linalg.norm(cross, axis=1).sum() / 2, (a * cross).sum() / 6


def euler(surface):
    sides = np.sort(np.concatenate([surface.triangles[:, [i, j]] for i, j in ((0, 1), (1, 2), (2, 0))]), axis=1)
    edges, uses = np.unique(sides, axis=0, return_counts=True)
    assert (uses == 2).all()  # closed: each edge borders two triangles
    return len(np.unique(surface.triangles)) - len(edges) + len(surface.triangles)


def test_a_ball_in_a_tilted_cell_has_its_area_volume_and_topology():
    surface = isosurface(of(ball([0.5, 0.5, 0.5])), level=7.0)
    area, volume = area_volume(surface)
    assert volume == pytest.approx(4 / 3 * np.pi * 27, rel=0.01)
    assert area == pytest.approx(4 * np.pi * 9, rel=0.01)
    assert euler(surface) == 2
    radii = np.linalg.norm(surface.vertices - [0.5, 0.5, 0.5] @ CELL, axis=1)
    assert radii == pytest.approx(3.0, abs=0.02)
    outward = (surface.vertices - [0.5, 0.5, 0.5] @ CELL) / radii[:, None]
    assert (surface.normals * outward).sum(axis=1).min() > 0.99


def test_a_region_across_the_faces_is_closed_on_them():
    surface = isosurface(of(ball([0.0, 0.5, 0.5])), level=7.0)
    assert area_volume(surface)[1] == pytest.approx(4 / 3 * np.pi * 27, rel=0.01)
    assert euler(surface) == 4  # two halves
    scaled = surface.vertices @ np.linalg.inv(CELL)
    assert scaled.min() > -1e-12
    assert scaled.max() < 1 + 1e-12
    corner = isosurface(of(ball([0.0, 0.0, 0.0])), level=7.0)
    assert area_volume(corner)[1] == pytest.approx(4 / 3 * np.pi * 27, rel=0.01)
    assert euler(corner) == 16


def test_a_random_density_gives_a_closed_surface():
    surface = isosurface(of(np.random.default_rng(0).random((7, 8, 9))), level=0.6)
    assert euler(surface) % 2 == 0
    assert 0 < area_volume(surface)[1] < np.linalg.det(CELL)


def test_a_filled_cell_gives_the_cell_itself():
    area, volume = area_volume(isosurface(of(np.ones((3, 4, 5))), level=1.0))
    assert volume == pytest.approx(np.linalg.det(CELL))
    faces = [np.linalg.norm(np.cross(CELL[i], CELL[j])) for i, j in ((0, 1), (1, 2), (2, 0))]
    assert area == pytest.approx(2 * sum(faces))


@pytest.mark.parametrize("level", [0.0, -1.0, 10.1, float("nan")])
def test_a_level_above_the_maximum_or_of_zero_is_refused(level):
    with pytest.raises(SettingsError, match="no surface at this level") as told:
        isosurface(of(ball([0.5, 0.5, 0.5])), level=level)
    assert "up to the highest density 10 a0^-3" in str(told.value)
