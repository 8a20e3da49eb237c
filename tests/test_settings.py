"""Campaign files: what is accepted, and how each wrong setting is named."""

from __future__ import annotations

import pytest

from sselmp import layout
from sselmp.errors import SettingsError, nearest
from sselmp.settings import Campaign, load_campaign, steps

GOOD = """
title = "test"
potentials = ["sevennet"]
systems = ["Li6PS5Cl"]
temperatures_K = [700, 900]

[cell]
supercell = [1, 2, 3]

[dynamics]
timestep_fs = 2.0
equilibration_ps = 1.0
production_ps = 10.0
"""


@pytest.fixture
def load(tmp_path):
    """Load a campaign from text with one replacement."""

    def loaded(before: str = "", after: str = "") -> tuple[str, Campaign]:
        assert before in GOOD
        path = tmp_path / "mine.toml"
        path.write_text(GOOD.replace(before, after) if before else GOOD)
        return load_campaign(str(path))

    return loaded


def test_a_campaign_has_its_files_name_and_defaults_for_what_it_does_not_say(load):
    name, campaign = load()
    assert name == "mine"
    assert campaign.cell.supercell == (1, 2, 3)
    assert campaign.temperatures_K == (700.0, 900.0)
    assert (campaign.dynamics.thermostat, campaign.dynamics.thermostat_time_fs) == ("berendsen", 200.0)
    assert campaign.seeds == (1,)


def test_a_campaign_cannot_be_changed(load):
    _, campaign = load()
    with pytest.raises(ValueError, match="frozen"):
        campaign.title = "x"


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ("[700, 900]", "[700, 0]", r"temperatures_K\.1: .*greater than 0\n  got:     0"),
        ("[700, 900]", "[-300]", r"temperatures_K\.0: .*greater than 0"),
        ("[700, 900]", "[inf]", r"temperatures_K\.0: .*finite"),
        ("[700, 900]", "[nan]", r"temperatures_K\.0: "),
        ("[700, 900]", "[]", "temperatures_K: .*at least 1 item"),
        ("[700, 900]", "[700, 700.0]", r"temperatures_K names a value twice: \[700\.0, 700\.0\]"),
        ("[700, 900]", '["hot"]', r"temperatures_K\.0: .*valid number"),
        ("timestep_fs = 2.0", "timestep_fs = 0", r"dynamics\.timestep_fs: .*greater than 0\n  got:     0"),
        ("timestep_fs = 2.0", "timestep_fs = -1.0", r"dynamics\.timestep_fs: .*greater than 0"),
        ("production_ps = 10.0", "production_ps = 0", r"dynamics\.production_ps: .*greater than 0"),
        ("production_ps = 10.0", "", r"dynamics\.production_ps: Field required"),
        (
            "timestep_fs = 2.0",
            'thermostat = "langevin"',
            r"dynamics\.thermostat: .*'berendsen', 'nose-hoover' or 'csvr'",
        ),
        ("timestep_fs = 2.0", "timestep = 2.0", r"'dynamics\.timestep'\n  allowed: did you mean 'timestep_fs'"),
        ("production_ps", "production_PS", r"'dynamics\.production_PS'\n  allowed: did you mean 'production_ps'"),
        ('title = "test"', 'titel = "test"', r"no setting 'titel'\n  allowed: did you mean 'title'"),
        ("supercell = [1, 2, 3]", "supercell = [1, 2]", r"cell\.supercell\.2: Field required"),
        ("supercell = [1, 2, 3]", "supercell = [1, 0, 1]", r"cell\.supercell\.1: .*greater than or equal to 1"),
        ("supercell = [1, 2, 3]", "supercell = [1,1,1]\nminimum_atoms = 9", "supercell or minimum_atoms, not both"),
        ("[dynamics]", "seeds = [0]\n[dynamics]", r"there is no setting 'cell\.seeds'"),
        ("[dynamics]", "[dynamics", "is not valid TOML"),
    ],
)
def test_a_wrong_setting_is_refused_with_its_key_and_what_is_allowed(load, before, after, message):
    with pytest.raises(SettingsError, match=message) as caught:
        load(before, after)
    assert caught.value.exit_code == 2
    assert "mine.toml" in str(caught.value)


@pytest.mark.parametrize("seed", [0, -3, 900_000_001])
def test_a_seed_that_lammps_does_not_take_is_refused(load, seed):
    with pytest.raises(SettingsError, match=r"seeds\.0: "):
        load('title = "test"', f'title = "test"\nseeds = [{seed}]')


def test_an_unknown_campaign_is_refused_with_the_nearest_name():
    with pytest.raises(SettingsError, match=r"no campaign 'quik'\n  allowed: did you mean 'quick'\?"):
        load_campaign("quik")
    with pytest.raises(SettingsError, match=r"no campaign file none\.toml"):
        load_campaign("none.toml")


def test_a_campaign_that_cannot_be_read_is_refused(tmp_path):
    (tmp_path / "x.toml").write_bytes(b"title = '\xff'")
    with pytest.raises(SettingsError, match="is not valid TOML"):
        load_campaign(str(tmp_path / "x.toml"))


def test_every_shipped_campaign_loads():
    names = {path.stem for path in layout.campaigns_folder().glob("*.toml")}
    assert {"quick", "smoke", "paper"} <= names
    assert {load_campaign(name)[0] for name in names} == names


@pytest.mark.parametrize(
    ("duration", "timestep", "multiple", "expected"),
    [(1.0, 2.0, 10, 500), (0.3, 2.0, 5, 150), (1.0, 3.0, 10, 330), (0.0, 2.0, 10, 0), (0.001, 2.0, 10, 0)],
)
def test_steps_are_a_multiple_of_the_output_interval(duration, timestep, multiple, expected):
    assert steps(duration, timestep_fs=timestep, multiple_of=multiple) == expected


def test_nearest_puts_likely_names_first_and_lists_all():
    assert nearest("Sevenet", ["chgnet", "sevennet"]).startswith("did you mean 'sevennet'")
    assert nearest("xyz", ["chgnet", "sevennet"]) == "known: chgnet, sevennet"
    assert nearest("xyz", []) == "none is known"
