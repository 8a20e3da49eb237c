"""Energies on the Materials Project's scale: what is added to which potential's, and entries from cache and service."""

from __future__ import annotations

import gzip
import json
import threading
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from sselmp.errors import EnvironmentFaultError, SettingsError
from sselmp.files import sha256
from sselmp.potentials.cards import card_names, load_card
from sselmp.statics.corrections import WHY_NOT, to_materials_project
from sselmp.statics.entries import Phase, Source
from sselmp.statics.materials_project import materials_project_phases, read_cache
from sselmp.structures.crystal import Crystal
from sselmp.structures.phases import load_phase
from sselmp.structures.systems import load_system

# eV an atom of the anion, Table 1 of A. Wang et al., Sci. Rep. 2021, 11, 15496
SULFIDE, CHLORIDE = -0.503, -0.614
KEY = "k" * 32


def calculated(crystal: Crystal, energy_eV: float, reference="PBE+U") -> Phase:
    return Phase(crystal.name, crystal.counts(), energy_eV, reference, Source("potential", "x", "a" * 64))


def test_uncorrected_energies_of_an_argyrodite_get_the_corrections_of_sulfide_and_chloride():
    crystal = load_system("Li6PS5Cl").crystal
    found = to_materials_project(calculated(crystal, -211.9), crystal)
    assert found.correction_eV == pytest.approx(20 * SULFIDE + 4 * CHLORIDE)
    assert found.energy_eV == pytest.approx(-211.9 + found.correction_eV)
    # so much lie CHGNet's energies, trained on corrected ones, below SevenNet's: -4.334 against -4.075 eV an atom
    assert found.correction_eV / 52 == pytest.approx(-4.334 + 4.075, abs=0.03)


def test_nothing_is_added_twice_or_to_energies_that_carry_the_corrections():
    crystal = load_system("Li3YCl6").crystal
    once = to_materials_project(calculated(crystal, -120.0), crystal)
    assert once.correction_eV == pytest.approx(18 * CHLORIDE)
    assert to_materials_project(once, crystal) is once
    chgnet = calculated(crystal, -130.0, load_card("chgnet").energy_reference)
    assert to_materials_project(chgnet, crystal) is chgnet
    assert chgnet.correction_eV == 0


@pytest.mark.parametrize("name", ["Li", "S", "P", "Cl2", "Li3P"])
def test_elements_and_phosphides_are_not_corrected(name):
    crystal = load_phase(name).crystal
    assert to_materials_project(calculated(crystal, -10.0), crystal).energy_eV == -10.0


@pytest.mark.parametrize("card", card_names())
def test_each_cards_energies_are_corrected_or_kept_or_refused_with_the_reason(card):
    reference = load_card(card).energy_reference
    crystal = load_phase("LiCl").crystal
    phase = calculated(crystal, -7.0, reference)
    if reference in WHY_NOT:
        with pytest.raises(SettingsError, match="cannot be put on the Materials Project's hull") as caught:
            to_materials_project(phase, crystal)
        assert WHY_NOT[reference] in str(caught.value)
        assert "self-consistent" in str(caught.value)
    else:
        added = CHLORIDE if reference == "PBE+U" else 0.0
        assert to_materials_project(phase, crystal).energy_eV == pytest.approx(-7.0 + added)


def test_another_crystal_than_the_phases_is_refused():
    with pytest.raises(SettingsError, match="the crystal is not of this composition"):
        to_materials_project(calculated(load_phase("LiCl").crystal, -7.0), load_phase("Li2S").crystal)


def test_a_potential_that_gives_the_materials_projects_raw_energies_gets_its_corrected_ones(test_data):
    """Oxides, peroxides, chlorides, metals and compounds with U: corrections from the crystal as from the entry."""
    path = test_data / "phase-diagram" / "Cl_Mn_Na_O_Y_entries.json.gz"
    entries = json.loads(gzip.decompress(path.read_bytes()))[::5]
    phases = {p.name: p for p in read_cache(path, ["Cl", "Mn", "Na", "O", "Y"])}
    kinds = set()
    for entry in entries:
        structure = entry["structure"]
        crystal = Crystal(
            name=entry["entry_id"],
            species=tuple(site["species"][0]["element"] for site in structure["sites"]),
            cell=structure["lattice"]["matrix"],
            positions=[site["xyz"] for site in structure["sites"]],
        )
        found = to_materials_project(calculated(crystal, entry["energy"]), crystal)
        assert found.correction_eV == pytest.approx(entry["correction"], abs=1e-6), entry["entry_id"]
        assert found.energy_eV == pytest.approx(phases[entry["entry_id"]].energy_eV)
        kinds |= {adjustment["name"] for adjustment in entry["energy_adjustments"]}
    assert {"MP2020 anion correction (Cl)", "MP2020 anion correction (oxide)"} < kinds
    assert any("mixing" in kind for kind in kinds)


def test_a_cache_without_corrections_gets_them(test_data):
    found = read_cache(test_data / "phase-diagram" / "lpo_entries.json", ["Li", "P", "S"])
    thiophosphate = next(p for p in found if p.formula == "Li3PS4")
    assert thiophosphate.correction_eV == pytest.approx(8 * SULFIDE)
    assert {p.reference for p in found} == {"MP2020-corrected"}
    assert len({p.name for p in found}) == 6  # entries without an id are told apart


def test_no_cache_and_no_key_is_one_clear_error(tmp_path, monkeypatch):
    monkeypatch.delenv("MP_API_KEY", raising=False)
    monkeypatch.delenv("PMG_MAPI_KEY", raising=False)
    with pytest.raises(SettingsError, match=r"no Materials Project entries of Cl-Li\n(.|\n)*none of MP_API_KEY"):
        materials_project_phases(["Li", "Cl"], tmp_path / "x.json")
    monkeypatch.setenv("MP_API_KEY", "short")
    with pytest.raises(SettingsError, match=r"a key of 5 characters(.|\n)*export MP_API_KEY") as caught:
        materials_project_phases(["Li", "Cl"], tmp_path / "x.json")
    assert "short" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("x.json", b"[{", "cannot be read as computed entries"),
        ("x.json", b"{}", "holds no phase of Cl-Li"),
        ("x.json", b'["a"]', "cannot be read as computed entries"),
        ("x.json", b'[{"composition": {"Li": 1}}]', "holds something else than computed entries"),
        ("x.json.gz", b"not gzip", "cannot be read as computed entries"),
    ],
)
def test_a_broken_cache_is_refused(tmp_path, name, content, message):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(SettingsError, match=message):
        read_cache(tmp_path / name, ["Li", "Cl"])


class Service(BaseHTTPRequestHandler):
    """Answers each request with the server's content."""

    def do_GET(self):
        self.server.asked.append((self.path, self.headers["x-api-key"]))
        self.send_response(self.server.status)
        self.end_headers()
        self.wfile.write(self.server.content)

    def log_message(self, *arguments):
        pass


@pytest.fixture
def service(monkeypatch):
    from pymatgen.core import SETTINGS

    server = ThreadingHTTPServer(("127.0.0.1", 0), Service)
    server.asked, server.status, server.content = [], 200, b""
    monkeypatch.setitem(SETTINGS, "PMG_MAPI_ENDPOINT", f"http://127.0.0.1:{server.server_port}/")
    monkeypatch.setenv("MP_API_KEY", KEY)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_entries_are_fetched_once_with_the_users_key_and_cached(tmp_path, service, test_data):
    path = test_data / "phase-diagram" / "Cl_Mn_Na_O_Y_entries.json.gz"
    entries = [e for e in json.loads(gzip.decompress(path.read_bytes())) if set(e["composition"]) <= {"Na", "Cl"}]
    service.content = json.dumps({"data": [{"entries": {"GGA": entry}} for entry in entries]}).encode()
    cache = tmp_path / "deep" / "Na-Cl.json"
    found = materials_project_phases(["Na", "Cl"], cache)
    assert service.asked
    assert {key for _, key in service.asked} == {KEY}
    assert "chemsys=Cl,Na,Cl-Na" in service.asked[0][0]
    assert sorted(p.name for p in found) == sorted(e["entry_id"] for e in entries)
    assert KEY not in cache.read_text()
    asked, written = len(service.asked), sha256(cache)
    assert materials_project_phases(["Na", "Cl"], cache) == found
    assert (len(service.asked), sha256(cache)) == (asked, written)
    expected = {p.name: p.energy_eV for p in read_cache(path, ["Na", "Cl"])}
    assert {p.name: p.energy_eV for p in found} == pytest.approx(expected)


def test_a_refusing_service_is_told_without_the_key_and_leaves_no_cache(tmp_path, service):
    service.status = 403
    with pytest.raises(EnvironmentFaultError, match=r"could not be fetched(.|\n)*403") as caught:
        materials_project_phases(["Li", "Cl"], tmp_path / "x.json")
    assert KEY not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_a_records_energy_is_of_the_cell_and_its_amounts_are_of_the_formula():
    phase = Phase("x", {"Li": 4, "Cl": 4}, -28.0, "PBE+U", Source("potential", "x", "a" * 64))
    assert (phase.formula, phase.formula_units, phase.energy_eV_per_atom) == ("LiCl", 4, -3.5)
    assert (phase.amount("Li"), phase.amount("Na")) == (1, 0)
    assert replace(phase, composition={"Cl": 2}).formula == "Cl2"
    with pytest.raises(TypeError):
        phase.composition["Li"] = 1
