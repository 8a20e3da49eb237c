"""The fast path gives what the plain path gives, for whatever moves, and is refused where it does not."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from environment_program import answer
from lammps_program import LENNARD_JONES_CARD
from small_models import SmallModels

from sselmp.inputs.datafile import data_text
from sselmp.launch.speed import time_steps
from sselmp.potentials import golden
from sselmp.speed.record import Wanted
from sselmp.structures.crystal import Crystal

pytestmark = pytest.mark.potential

DYNAMICS = """
units metal
atom_style atomic
atom_modify map array
box tilt large
read_data {data}
pair_style sselmp {card} {options}
pair_coeff * * {elements}
velocity all create 1200 7 mom yes
timestep 0.002
fix 1 all npt temp 1200 1200 0.1 tri 0 0 0.5
thermo 1
thermo_style custom step pe pxx pyz
thermo_modify format float %.12g
run {steps}
"""


@pytest.fixture(scope="module")
def pairwise(lammps_environment) -> dict:
    return answer(lammps_environment, "fast_path.py", "lj")


@pytest.mark.parametrize("way", ["exact shapes", "fixed shapes", "hardly a skin"])
def test_moving_strained_and_wrapped_configurations_have_the_reference_s_energy_forces_and_stress(pairwise, way):
    for found, expected in zip(pairwise[way]["found"], pairwise["reference"], strict=True):
        for one, other in zip(found, expected, strict=True):
            assert one["energy"] == pytest.approx(other["energy"], abs=1e-9)
            for name in ("forces", "stress", "energies"):
                np.testing.assert_allclose(one[name], other[name], atol=1e-9, err_msg=name)


def test_neighbours_are_sought_only_when_the_skin_is_used_up(pairwise):
    configurations = 2 * len(pairwise["reference"])
    assert pairwise["hardly a skin"]["searches"] == configurations
    assert 2 < pairwise["fixed shapes"]["searches"] < configurations


def test_more_edges_than_there_is_room_for_are_given_room_and_none_is_lost(pairwise):
    assert pairwise["fixed shapes"]["recordings"] >= 2


def test_a_configuration_that_leaves_the_batch_leaves_the_others_as_they_were(pairwise):
    np.testing.assert_allclose(pairwise["alone"]["forces"], pairwise["reference"][0][0]["forces"], atol=1e-9)


@pytest.mark.parametrize("card", ["sevennet", "sevennet-mf-0", "mace single", "mace second-head"])
def test_a_network_without_ase_gives_what_its_calculator_gives(request, card, tmp_path):
    family, *small = card.split()
    if small:
        prefix = request.getfixturevalue("family_environment")(family)
        card = SmallModels.made(family, prefix=prefix, folder=tmp_path).cards[small[0]]
    else:
        prefix = request.getfixturevalue("lammps_environment")
    said = answer(prefix, "fast_path.py", card)
    assert said["words"] == "fast path: e3nn"
    for row in said["rows"]:
        for way in ("fast", "fixed"):
            for one, other in zip(row[way], row["plain"], strict=True):
                assert abs(one["energy"] - other["energy"]) < 1e-6 * len(one["forces"])
                np.testing.assert_allclose(one["forces"], other["forces"], atol=2e-5)
                np.testing.assert_allclose(one["stress"], other["stress"], atol=1e-6)
                assert np.abs(other["forces"]).max() > 0.1, "a model without forces shows nothing"


def test_a_fast_path_that_is_wrong_or_fails_is_not_taken_and_says_why(lammps_environment):
    said = answer(lammps_environment, "fast_path.py", "broken", "sevennet")
    assert said["scaled"][0]
    assert re.search(r"differs from it: energy .* eV/atom, forces .* on Li2S-distorted", said["scaled"][1])
    assert said["fails"][0]
    assert said["fails"][1].startswith("plain path: the fast one failed with ")


def test_lammps_follows_the_same_trajectory_by_either_path(lammps, tmp_path):
    found = {path: _thermo(lammps, tmp_path, card="sevennet", options=f"path {path}") for path in ("plain", "fast")}
    assert found["plain"].shape == (9, 4)
    assert np.abs(found["plain"][:, 1] - found["fast"][:, 1]).max() < 1e-6 * len(_crystal())
    np.testing.assert_allclose(found["plain"][:, 2:], found["fast"][:, 2:], atol=0.5)  # bar, of thousands
    log = (tmp_path / "log.lammps").read_text()
    assert "sselmp: sevennet, fast path: e3nn" in log


def _thermo(lammps, folder: Path, *, card: str, options: str, steps: int = 8) -> np.ndarray:
    crystal = _crystal()
    data = folder / "structure.data"
    data.write_text(data_text(crystal, type_order=crystal.elements, triclinic=True))
    script = DYNAMICS.format(data=data, card=card, options=options, elements=" ".join(crystal.elements), steps=steps)
    done = lammps.run(script)
    assert done.returncode == 0, done.stdout + done.stderr
    rows = [line.split() for line in (folder / "log.lammps").read_text().splitlines()]
    return np.array([row for row in rows if len(row) == 4 and re.fullmatch(r"\d+", row[0])], dtype=float)


def _crystal() -> Crystal:
    atoms = golden.structure("Li2S-distorted")
    return Crystal("Li2S", tuple(atoms.symbols), cell=atoms.cell.array, positions=atoms.positions)


def test_an_unknown_path_is_refused_with_those_that_there_are(lammps, tmp_path):
    crystal = _crystal()
    data = tmp_path / "structure.data"
    data.write_text(data_text(crystal, type_order=crystal.elements, triclinic=True))
    elements = " ".join(crystal.elements)
    script = DYNAMICS.format(data=data, card="sevennet", options="path quick", elements=elements, steps=1)
    done = lammps.run(script)
    assert done.returncode != 0
    assert "there is no path 'quick' to a potential" in done.stderr
    assert "auto or fast or plain" in done.stderr


def test_bench_times_every_way_and_says_which_it_could_not(lammps_environment, tmp_path):
    card = tmp_path / "lj.toml"
    how = {"cutoff": 6.0, "stress": "true", "energies": "true", "calculator": "ase.calculators.lj:LennardJones"}
    card.write_text(LENNARD_JONES_CARD.format(name="lj", **how) + "sigma = 2.3\nepsilon = 0.1\nrc = 6.0\n")
    wanted = Wanted(card=str(card), system="Li6PS5Cl", atoms=(52,), replicas=(2,), rounds=2, seconds=0.05)
    seen = []
    found = time_steps(wanted, threads=1, prefix=lammps_environment, on_progress=seen.append)
    timings = {one.way: one for one in found.timings}
    assert set(timings) == {"ASE loop", "plain bridge", "fast path", "batch"}
    assert timings["ASE loop"].ratio == 1.0
    bridge = timings["plain bridge"]
    assert bridge.ms_per_step is not None
    assert bridge.lowest_ms <= bridge.ms_per_step <= bridge.highest_ms
    for way in ("fast path", "batch"):
        assert timings[way].ms_per_step is None
        assert "the family 'ase' has no fast one" in timings[way].words


def test_a_batch_by_the_fast_path_survives_who_is_late_who_explodes_and_who_leaves(lammps_environment):
    said = answer(lammps_environment, "batch_fast.py")
    assert said["paths"] == ["fast path: e3nn", "plain path"]
    for row in (*said["all"], *said["late"], *said["again"], *[round_[0] for round_ in said["left"]]):
        assert row["apart"][0] < 2e-5
        assert row["apart"][1] < 1e-5
        assert row["virial"] < 1e-4
    first, exploded, last = said["exploded"]
    assert "that are not finite" in exploded["error"]
    assert "that are not finite" in exploded["plain"]
    assert max(first["apart"][0], last["apart"][0]) < 2e-5
    everyone = sorted(("Li2S-distorted", "LiCl-distorted", "C2H2O2-triclinic"))
    assert [names for names, _ in said["sets"][:3]] == [everyone] * 3, "who is late does not make another set"
    assert len({which for _, which in said["sets"][:3]}) == 1
    assert said["sets"][-1][0] == ["Li2S-distorted"], "who has left for good is left out in the end"
