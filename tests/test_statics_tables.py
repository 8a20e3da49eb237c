"""What is printed and tabulated of static properties says what a number is, and what speaks against it."""

from __future__ import annotations

import metals
import numpy as np
import pytest
from ase.build import bulk

from sselmp.report import statics_figures, statics_tables
from sselmp.statics import elastic_tensor, symmetry
from sselmp.statics.elastic_tensor import StrainState
from sselmp.statics.elasticity import Elasticity, Tensor, elasticity
from sselmp.statics.energy_volume import LAWS, fit
from sselmp.statics.equation_of_state import EquationOfState, Point
from sselmp.statics.quantities import quantities
from sselmp.statics.record import Record
from sselmp.statics.relaxation import relax
from sselmp.statics.settings import ElasticitySettings

LARGE = ElasticitySettings(shear_strains=(-0.06, -0.03, 0.03, 0.06), relax_ions=False)


def recorded(result):
    """A record of which only the result is looked at."""
    return Record.model_construct(structure="Cu", potential="emt", result=result)


def copper(a=3.6, **settings):
    crystal = relax(
        metals.crystal(bulk("Cu", "fcc", a=a)), metals.emt(), settings=metals.TIGHT
    ).result.crystal.crystal()
    how = LARGE.model_copy(update=settings)
    return elasticity(crystal, metals.emt(), settings=how, symmetry_tolerance_A=0.01)


def jumping():
    """A tensor whose stresses jump to and fro over the strains, as those of ions that find other places do."""
    jumps = np.array([2.0, -1.0, 1.5, -2.0])[:, None] * np.ones((4, 6))
    states = [StrainState(k, np.array([-0.01, -0.005, 0.005, 0.01]), jumps) for k in range(6)]
    group = symmetry.symmetry(metals.crystal(bulk("Cu")), tolerance_A=0.01)
    tensor = Tensor.of(elastic_tensor.fit(states), group=group, ions="relaxed")
    clamped = copper().tensor
    values = {"space_group": group.words, "axes": np.eye(3).tolist(), "stress_GPa": (0.0,) * 6}
    return Elasticity(verdict=tensor.verdict, tensor=tensor, clamped=clamped, **values)


def test_moduli_of_clamped_ions_are_never_called_by_the_plain_name():
    names = {quantity.name for quantity in quantities(recorded(copper()))}
    assert {"K, clamped ions", "C11, clamped ions"} <= names
    assert not {"K", "G", "C11"} & names
    both = {quantity.name for quantity in quantities(recorded(copper(relax_ions=True)))}
    assert {"K", "K, clamped ions"} <= both


def test_strains_that_are_too_large_for_a_line_are_told_with_what_small_ones_would_give():
    (sentence,) = statics_tables.cautions([recorded(copper())])
    assert sentence.startswith("Cu: the strains are too large for straight lines: K 134.")
    small = copper(shear_strains=(-0.01, -0.005, 0.005, 0.01))
    assert statics_tables.cautions([recorded(small)]) == ()


def test_stresses_that_jump_give_no_tensor_and_no_number_of_it(tmp_path):
    found = jumping()
    assert found.verdict == "not linear"
    names = [quantity.name for quantity in quantities(recorded(found))]
    assert "least R²" in names
    assert "K" not in names
    assert "K, clamped ions" in names
    (sentence,) = statics_tables.cautions([recorded(found)])
    assert "no tensor with relaxed ions" in sentence
    assert statics_figures.draw(recorded(found), tmp_path / "c.png")
    assert (tmp_path / "c.png").read_bytes().startswith(b"\x89PNG")


def test_ions_that_did_not_come_to_rest_are_told_with_the_reason(tmp_path):
    clamped = copper()
    found = clamped.model_copy(update={"verdict": "not at rest", "unrested": "largest force 0.118 eV/Å in a cell"})
    assert "K" not in {quantity.name for quantity in quantities(recorded(found))}
    (sentence, *_) = statics_tables.cautions([recorded(found)])
    assert "do not come to rest (largest force 0.118 eV/Å in a cell), so that the moduli are of clamped" in sentence
    assert statics_figures.draw(recorded(found), tmp_path / "c.png")


def test_a_cell_under_stress_and_an_unstable_one_are_told():
    crystal = metals.crystal(bulk("Cu", "fcc", a=3.5))
    pressed = elasticity(crystal, metals.emt(), settings=LARGE, symmetry_tolerance_A=0.01)
    assert any("under a stress of" in words for words in statics_tables.cautions([recorded(pressed)]))
    keeping = metals.TIGHT.model_copy(update={"cell": "volume"})
    body_centred = relax(metals.crystal(bulk("Cu", "bcc", a=2.85)), metals.emt(), settings=keeping).result
    small = ElasticitySettings(relax_ions=False)
    unstable = elasticity(body_centred.crystal.crystal(), metals.emt(), settings=small, symmetry_tolerance_A=0.01)
    (sentence, *_) = statics_tables.cautions([recorded(unstable)])
    assert "unstable after Born" in sentence


def test_volumes_that_were_left_out_are_named():
    volumes = np.linspace(10.0, 12.0, 7)
    law = fit("vinet", volumes, energies=LAWS["vinet"](volumes, -3.0, 11.0, 0.8, 5.0), atoms=1)
    points = [Point(strain=0.0, volume_A3=v, energy_eV=-3.0, converged=v < 11.9) for v in volumes]
    found = EquationOfState(verdict="incomplete", atoms=1, points=points, birch_murnaghan=law, vinet=law)
    assert statics_tables.cautions([recorded(found)]) == (
        "Cu: volumes 12.0 Å³ did not converge and are left out of the equation of state",
    )
    numbers = {quantity.name: quantity for quantity in quantities(recorded(found))}
    assert numbers["K0, Vinet"].value == pytest.approx(0.8 * 160.2176634)
    assert numbers["V0, Vinet"].unit == "Å³/atom"
