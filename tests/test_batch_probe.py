"""What fits into a device and what is best evaluated at once, from measured rows with a known law, and measured."""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np
import pytest

from sselmp.bridge import batch_probe
from sselmp.bridge.batch_potential import BatchPotential, Wanted
from sselmp.bridge.batch_probe import Measured, Memory, Row, measure, pairs
from sselmp.bridge.forces import Answer
from sselmp.errors import PotentialError
from sselmp.potentials.cards import load_card


def wanted(atoms: int = 52, *, side: float = 10.0) -> Wanted:
    where = np.random.default_rng(0).uniform(0, side, (atoms, 3))
    return Wanted(
        "x", np.full(atoms, 18, dtype=np.int32), np.ones(3, dtype=bool), where, np.eye(3) * side, energies=False
    )


def measured(seconds: Sequence[float], *, bytes_per_pair: float = 1000.0, fixed: int = 10**6) -> Measured:
    """Rows of 1, 2, 3 … configurations of 52 atoms under a linear law of memory."""
    each = pairs(wanted(), cutoff_A=5.0)
    rows = tuple(
        Row(
            configurations=n,
            atoms=52 * n,
            pairs=n * each,
            peak_bytes=fixed + round(bytes_per_pair * n * each),
            seconds=took,
        )
        for n, took in enumerate(seconds, start=1)
    )
    return Measured(card="lj", physics_sha256="0" * 64, device="cpu", threads=1, versions={}, rows=rows)


def test_pairs_are_those_of_the_density():
    assert pairs(wanted(1000, side=20.0), cutoff_A=5.0) == pytest.approx(1000 * 0.125 * 4 / 3 * np.pi * 125)


def test_what_fits_follows_the_measured_law():
    law = measured([1.0, 2.0, 3.0])
    assert law.bytes_per_pair() == pytest.approx(1000.0, rel=1e-6)
    one = 1000.0 * pairs(wanted(), cutoff_A=5.0)
    assert law.fit(wanted(), cutoff_A=5.0, memory=round(one * 8.1 / batch_probe.KEPT_PART)) == 8
    assert law.fit(wanted(104), cutoff_A=5.0, memory=round(one * 8.1 / batch_probe.KEPT_PART)) == 2  # pairs: four times
    assert law.fit(wanted(), cutoff_A=5.0, memory=10) == 1


def test_where_the_peak_did_not_rise_all_of_it_counts():
    law = measured([1.0, 2.0], bytes_per_pair=0.0)
    assert law.bytes_per_pair() == pytest.approx(10**6 / (2 * pairs(wanted(), cutoff_A=5.0)))


def test_the_pass_is_the_smallest_that_is_as_good_as_the_best():
    assert measured([1.0, 2.0, 3.0]).pass_atoms() == 52  # nothing is gained by more
    assert measured([1.0, 1.5, 2.4]).pass_atoms() == 104
    assert measured([1.0, 1.5, 2.2]).pass_atoms() == 104  # the third gains two percent
    assert measured([1.0, 1.1, 1.2]).pass_atoms() is None  # as on a GPU: the largest tried was the best
    assert measured([1.0]).pass_atoms() == 52


class Grows:
    """An evaluator whose time and memory grow with the atoms, and which takes so many at once."""

    def __init__(self, *, most: int) -> None:
        self.most, self.held = most, np.zeros(0)

    def evaluate(self, wanted: Sequence[Wanted]) -> Sequence[Answer | PotentialError]:
        if len(wanted) > self.most:
            return [PotentialError("out of memory") for _ in wanted]
        self.held = np.ones(len(wanted) * 5_000_000)  # 40 MB each: more than malloc ever keeps
        time.sleep(0.06)  # whatever the size, and more than the noise of what is allocated
        return [Answer(0.0, np.zeros((52, 3)), virial=np.zeros(6), energies=None) for _ in wanted]


def test_measuring_stops_at_what_the_device_cannot_take_and_finds_the_memory_of_each():
    told = []
    evaluator = Grows(most=3)
    rows = measure(
        evaluator, wanted(), cutoff_A=5.0, memory=Memory("cpu"), on_progress=lambda done, _: told.append(done)
    )
    assert [row.configurations for row in rows] == [1, 2, 3]
    assert told == [0, 1, 2, 3]
    law = Measured(card="x", physics_sha256="0", device="cpu", threads=1, versions={}, rows=rows)
    assert law.bytes_per_pair() * pairs(wanted(), cutoff_A=5.0) == pytest.approx(40e6, rel=0.3)


def test_a_configuration_that_cannot_be_evaluated_alone_is_an_error():
    with pytest.raises(PotentialError, match="out of memory"):
        measure(Grows(most=0), wanted(), cutoff_A=5.0, memory=Memory("cpu"), on_progress=lambda *_: None)


def test_a_record_is_read_back_and_a_broken_one_is_not(tmp_path):
    path, found = tmp_path / "a" / "record.json", measured([1.0, 2.0])
    batch_probe.write(path, found)
    assert batch_probe.read(path) == found
    path.write_text(path.read_text()[:-20])
    assert batch_probe.read(path) is None
    assert batch_probe.read(tmp_path / "none.json") is None


def test_a_record_is_found_by_card_device_threads_and_versions(tmp_path):
    from test_batch_server import CARD

    (tmp_path / "lj.toml").write_text(CARD.replace("SIGMA", "3.4"))
    card = load_card(str(tmp_path / "lj.toml"))
    path = batch_probe.record_path(card, device="a", threads=1, versions={"torch": "1"})
    others = [
        batch_probe.record_path(card, device="b", threads=1, versions={"torch": "1"}),
        batch_probe.record_path(card, device="a", threads=2, versions={"torch": "1"}),
        batch_probe.record_path(card, device="a", threads=1, versions={"torch": "2"}),
    ]
    assert len({path, *others}) == 4
    assert path == batch_probe.record_path(card, device="a", threads=1, versions={"torch": "1"})
    assert not BatchPotential(card).at_once  # nothing is measured of such a family: its passes are one configuration
