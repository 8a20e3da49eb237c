"""Every family's adapter gives on ten structures what its package's own documented entry point gives.

Official weights where they are at hand, else random models made through the package's own API. programs/entry_points.py
says which entry points these are, and for which two packages they cannot be taken as they come.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from environment_program import answer
from small_models import MODELS, SmallModels

pytestmark = [pytest.mark.potential, pytest.mark.slow]
OFFICIAL = {
    "sevennet": (["sevennet", "sevennet-l3i5", "sevennet-mf-0"], None),
    "chgnet": (["chgnet", "chgnet-r2scan"], None),
    "m3gnet": (["m3gnet", "m3gnet-matpes"], "weights/m3gnet"),
    "dpa3": (["deepmd"], "weights"),
}
OWN_DEEPMD = "Li6PS5Cl-se_e2_a-small"
NAMES = [*(name for names, _ in OFFICIAL.values() for name in names), OWN_DEEPMD]
NAMES += [f"{family} {name}" for family, names in MODELS.items() for name in names]
ENVIRONMENTS = {name: environment for environment, (names, _) in OFFICIAL.items() for name in names}

Compare = Callable[[str], dict]


@pytest.fixture(scope="module")
def compared(family_environment, request, tmp_path_factory) -> Compare:
    """Both sides for one card; a family's cards are evaluated in one program, once."""
    found: dict[str, dict] = {}

    def official(environment: str) -> dict:
        cards, weights = OFFICIAL[environment]
        prefix = family_environment(environment)
        variables = {"SSELMP_WEIGHTS": request.getfixturevalue("test_data") / weights} if weights else {}
        return answer(prefix, "compare_ten.py", *cards, **variables)

    def random(family: str) -> dict:
        folder = tmp_path_factory.mktemp(family)
        models = SmallModels.made(family, prefix=family_environment(family), folder=folder)
        said = answer(models.prefix, "compare_ten.py", *models.cards.values(), HOME=folder)
        return {f"{family} {name}": one for name, one in said.items()}

    def both(name: str) -> dict:
        if name not in found:
            family = name.split(maxsplit=1)[0]
            if name == OWN_DEEPMD:
                card = own_deepmd_card(request.getfixturevalue("test_data"), tmp_path_factory.mktemp("own"))
                found.update(answer(family_environment("deepmd"), "compare_ten.py", card))
            else:
                found.update(random(family) if family in MODELS else official(ENVIRONMENTS[name]))
        return found[name]

    return both


def own_deepmd_card(data: Path, folder: Path) -> Path:
    """A card for the small TensorFlow model of the test data, which knows four elements."""
    path = folder / "own.toml"
    path.write_text(
        f'name = "{OWN_DEEPMD}"\nextends = "deepmd-own"\ncutoff_A = 6.0\nelements = ["Li", "P", "S", "Cl"]\n'
        f'weights = {{ file = "{data / "weights" / "deepmd" / OWN_DEEPMD}.pb", '
        'sha256 = "908ca49b34939a0c6f38a51543bdf7f7b0edba3ff887e8cb05f32dd6bf58d337" }\n'
    )
    return path


@pytest.mark.parametrize("name", NAMES)
def test_ten_structures_come_out_as_by_the_packages_documented_entry_point(compared, name, record_property):
    ours, theirs = compared(name)["ours"], compared(name)["theirs"]
    assert len(ours) == (7 if name == OWN_DEEPMD else 10)
    assert set(ours) == set(theirs)
    largest = max(np.abs(one["forces"]).max() for one in theirs.values())
    assert largest > 0.1, "a model without forces shows nothing"
    apart = {key: abs(ours[key]["energy"] - one["energy"]) / len(one["forces"]) for key, one in theirs.items()}
    record_property("largest difference of the energy [eV/atom]", max(apart.values()))
    assert max(apart.values()) < 1e-6, apart
    for structure, expected in theirs.items():
        found, scale = ours[structure], max(1.0, largest)
        np.testing.assert_allclose(found["forces"], expected["forces"], atol=2e-6 * scale, err_msg=structure)
        np.testing.assert_allclose(found["stress"], expected["stress"], atol=2e-7 * scale, err_msg=structure)
