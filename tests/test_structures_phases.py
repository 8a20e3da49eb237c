"""Competing phases: composition, density and neighbours as published, and the Materials Project's same phases."""

from __future__ import annotations

import gzip
import json

import numpy as np
import pytest
from ase import Atoms
from ase.neighborlist import neighbor_list

from sselmp.errors import SettingsError, StructureError
from sselmp.structures.phases import load_phase, phase_names, phases_within, read_phase

# formula of the primitive cell, measured or X-ray density [g/cm3]; a bond, its shortest and longest [A], neighbours
KNOWN = {
    "Li": ("Li1", 0.534, ("Li", "Li", 3.03, 3.05, 8)),
    "Y": ("Y2", 4.47, ("Y", "Y", 3.5, 3.7, 12)),
    "P": ("P4", 2.69, ("P", "P", 2.2, 2.3, 3)),
    "S": ("S32", 2.07, ("S", "S", 2.0, 2.1, 2)),
    "Cl2": ("Cl4", 2.03, ("Cl", "Cl", 1.95, 2.02, 1)),
    "Li2S": ("Li2S1", 1.64, ("Li", "S", 2.4, 2.5, 4)),
    "LiCl": ("Li1Cl1", 2.07, ("Li", "Cl", 2.5, 2.6, 6)),
    "Li3P": ("Li6P2", 1.44, ("P", "Li", 2.4, 2.8, 11)),
    "LiP": ("Li8P8", 2.02, ("P", "P", 2.1, 2.4, 2)),
    "Li3PS4": ("Li6P2S8", 1.93, ("P", "S", 1.9, 2.15, 4)),
    "Li4P2S6": ("Li4P2S6", 2.22, ("P", "P", 2.2, 2.3, 1)),
    "Li7P3S11": ("Li14P6S22", 1.98, ("P", "S", 1.85, 2.35, 4)),
    "Li3P7": ("Li12P28", 2.025, ("P", "P", 2.1, 2.3, {2, 3})),
    "LiP5": ("Li4P20", 2.318, ("P", "P", 2.15, 2.3, {2, 3})),  # density: PBE's
    "LiP7": ("Li8P56", 2.158, ("P", "P", 2.15, 2.3, {2, 3})),  # density: PBE's
    "Y2Cl3": ("Y4Cl6", 3.433, ("Y", "Y", 3.2, 3.4, {0, 1})),  # density: PBE's, 7 % below the measured one
    "YCl3": ("Y2Cl6", 2.61, ("Y", "Cl", 2.5, 2.75, 6)),
}
SAME = {  # ids in the reference sets of matcalc
    "Li2S": "mp-1153", "LiCl": "mp-22905", "Li3P": "mp-736", "LiP": "mp-9588", "YCl3": "mp-27455",
    "Li3P7": "mp-28336", "LiP5": "mp-2412", "LiP7": "mp-27687", "Y2Cl3": "mp-27678",
}  # fmt: skip


def test_every_phase_that_comes_with_sselmp_is_checked_here():
    assert set(phase_names()) == set(KNOWN)


@pytest.mark.parametrize("name", sorted(KNOWN))
def test_a_phase_has_the_composition_density_and_bonds_that_were_published(name):
    phase = load_phase(name)
    formula, density, (centre, partner, shortest, longest, count) = KNOWN[name]
    crystal = phase.crystal
    assert "".join(f"{e}{n}" for e, n in crystal.counts().items()) in (formula, _swapped(formula))
    atoms = Atoms(crystal.species, positions=crystal.positions, cell=crystal.cell, pbc=True)
    assert atoms.get_masses().sum() / atoms.get_volume() * 1.66053907 == pytest.approx(density, rel=0.015)
    bonds = neighbor_list("d", atoms, {(centre, partner): longest})
    assert bonds.min() > shortest
    here = neighbor_list("i", atoms, {(centre, partner): longest})
    counts = np.bincount(here, minlength=len(atoms))[[s == centre for s in crystal.species]]
    assert set(counts) == (count if isinstance(count, set) else {count})
    assert len(phase.citation) > 20


def _swapped(formula: str) -> str:
    """The same formula with its parts in another order, as the sites are listed."""
    import re

    return "".join(reversed(re.findall(r"[A-Z][a-z]?\d+", formula)))


@pytest.fixture(scope="module")
def binaries(test_data):
    folder = test_data / "reference" / "matcalc"
    files = [folder / f"{name}-2025.1.json.gz" for name in ("alexandria-binary-pbe-phonon", "mp-binary-pbe-elasticity")]
    return {entry["mp_id"]: entry for path in files for entry in json.loads(gzip.decompress(path.read_bytes()))}


@pytest.mark.parametrize("name", sorted(SAME))
def test_a_phase_is_the_one_of_that_name_in_the_materials_project(binaries, name):
    from pymatgen.analysis.structure_matcher import StructureMatcher
    from pymatgen.core import Lattice, Structure

    theirs = binaries[SAME[name]]
    crystal = load_phase(name).crystal
    ours = Structure(Lattice(crystal.cell), crystal.species, crystal.positions, coords_are_cartesian=True)
    published = Structure.from_dict(theirs["structure"])
    assert StructureMatcher(ltol=0.15, stol=0.15, angle_tol=4).fit(ours, published)
    # PBE is wide where layers are held by dispersion
    assert ours.volume / len(ours) == pytest.approx(published.volume / len(published), rel=0.15)


def test_the_phases_of_a_system_are_those_of_its_elements_and_the_systems_among_them():
    assert {p.name for p in phases_within(["Li", "Y", "Cl"])} == {"Li", "Y", "Cl2", "LiCl", "YCl3", "Y2Cl3", "Li3YCl6"}
    sulfides = {p.name: p for p in phases_within(["Li", "P", "S", "Cl"])}
    assert {"Li", "P", "S", "Cl2", "Li2S", "LiCl", "Li3PS4", "Li6PS5Cl"} < set(sulfides)
    assert "YCl3" not in sulfides
    assert len(sulfides["Li6PS5Cl"].crystal) == 13  # primitive
    assert sulfides["Li6PS5Cl"].crystal.counts() == {"Li": 6, "P": 1, "S": 5, "Cl": 1}


def test_an_element_without_phases_is_refused():
    with pytest.raises(SettingsError, match=r"no competing phases for Br\n(.|\n)*Cl, Li, P, S, Y(.|\n)*inputs/phases"):
        phases_within(["Li", "Br"])
    with pytest.raises(SettingsError, match=r"no competing phase 'Li2s'\n  allowed: did you mean 'Li2S'"):
        load_phase("Li2s")


def test_a_phase_with_a_wrong_coordinate_is_refused(tmp_path):
    from sselmp import layout

    text = (layout.phases_folder() / "Li2S.toml").read_text()
    (tmp_path / "x.toml").write_text(text.replace('wyckoff = "8c"', 'wyckoff = "4b"'))
    with pytest.raises(StructureError, match=r"x: Li at .* is not on 4b"):
        read_phase(tmp_path / "x.toml")
    (tmp_path / "x.toml").write_text(text.replace("a_A = 5.71", "a_A = 2.0"))
    with pytest.raises(StructureError, match="overlap"):
        read_phase(tmp_path / "x.toml")
