"""The batch server and its runs over real sockets, with ASE's Lennard-Jones: answers, failures, absence, nonsense."""

from __future__ import annotations

import socket
import struct
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from launch_folder import CARD

from sselmp.bridge import batch_messages as messages
from sselmp.bridge.batch_client import RemoteModel
from sselmp.bridge.batch_messages import Kind
from sselmp.bridge.batch_potential import BatchPotential, Evaluator, Wanted
from sselmp.bridge.batch_server import BatchServer, Offer
from sselmp.bridge.forces import Answer, Model
from sselmp.errors import PotentialError, RunError, SettingsError
from sselmp.potentials.cards import load_card

CELL = np.array([[11.0, 0.0, 0.0], [0.6, 10.5, 0.0], [-0.4, 0.8, 11.5]])


@dataclass
class Watched:
    """An evaluator that remembers what it was asked together."""

    inner: Evaluator
    groups: list[list[int]] = field(default_factory=list)

    def evaluate(self, wanted: Sequence[Wanted]) -> Sequence[Answer | PotentialError]:
        self.groups.append([len(one.numbers) for one in wanted])
        return self.inner.evaluate(wanted)


class Breaks:
    """An evaluator at fault itself, not one of its configurations."""

    def evaluate(self, wanted: Sequence[Wanted]) -> Sequence[Answer | PotentialError]:
        message = f"the device is lost with {len(wanted)} waiting"
        raise OSError(message)


@pytest.fixture
def card(tmp_path) -> Path:
    path = tmp_path / "lj.toml"
    path.write_text(CARD.replace("SIGMA", "3.4"))
    return path


@contextmanager
def serving(card: Path, evaluator: Evaluator | None = None, *, pass_atoms: int | None = None) -> Iterator[Path]:
    """A server in a thread; the block ends with the server at its end."""
    with tempfile.TemporaryDirectory(prefix="sb") as name, socket.socket(socket.AF_UNIX) as listener:
        path = Path(name) / "s"
        listener.bind(str(path))
        listener.listen()
        known = load_card(str(card))
        offer = Offer(known.name, physics=known.physics_sha256(), device="cpu")
        server = BatchServer(listener, evaluator or BatchPotential(known), offer=offer, pass_atoms=pass_atoms)
        over = threading.Event()

        def serve() -> None:
            try:
                server.serve(lambda: not over.is_set())
            except OSError:  # of Breaks; what it leaves behind is what is tested
                return

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield path
        finally:
            over.set()
            thread.join(timeout=20)
            assert not thread.is_alive()


def joined(card: Path, server: Path, *, atoms: int) -> RemoteModel:
    model = RemoteModel(str(card), ["Ar", "Kr"], server=server, device="auto", path="auto")
    model.set_atoms(np.arange(atoms, dtype=np.int32) % 2, periodic=[True, True, False])
    return model


def positions(atoms: int, *, seed: int = 1) -> np.ndarray:
    grid = np.array([(i, j, k) for i in range(3) for j in range(3) for k in range(3)])[:atoms]
    return grid * 3.6 + np.random.default_rng(seed).normal(0, 0.1, (atoms, 3))


def test_answers_are_those_of_the_potential_asked_directly_step_after_step(card):
    model = Model(str(card), ["Ar", "Kr"])
    with serving(card) as server:
        runs = {atoms: joined(card, server, atoms=atoms) for atoms in (8, 20, 27)}
        for step in range(3):
            for atoms, run in runs.items():
                where, cell = positions(atoms, seed=step), CELL * (1 + 0.01 * step)
                model.set_atoms(np.arange(atoms, dtype=np.int32) % 2, periodic=[True, True, False])
                alone = model.evaluate(where, cell=cell, energies=step == 1)
                found = run.evaluate(where, cell=cell, energies=step == 1)
                assert found.energy == alone.energy
                np.testing.assert_array_equal(found.forces, alone.forces)
                np.testing.assert_array_equal(found.virial, alone.virial)
                assert (found.energies is None) == (step != 1)
                if step == 1:
                    np.testing.assert_array_equal(found.energies, alone.energies)


@pytest.mark.filterwarnings("ignore:(divide by zero|invalid value):RuntimeWarning")
def test_a_configuration_that_fails_fails_alone(card):
    watched = Watched(BatchPotential(load_card(str(card))))
    with serving(card, watched) as server:
        runs = [joined(card, server, atoms=8) for _ in range(3)]
        found: dict[int, object] = {}

        def ask(place: int) -> None:
            where = positions(8)
            if place == 1:
                where[3] = where[2]  # on top of each other: the energy is not a number
            try:
                found[place] = runs[place].evaluate(where, cell=CELL)
            except PotentialError as error:
                found[place] = error

        in_threads(ask, 3)
        assert "not finite" in str(found[1])
        assert isinstance(found[0], Answer)
        assert isinstance(found[2], Answer)
        assert isinstance(runs[0].evaluate(positions(8), cell=CELL), Answer)


def test_runs_that_ask_together_are_evaluated_together_and_one_that_is_absent_is_waited_for_once(card):
    watched = Watched(BatchPotential(load_card(str(card))))
    with serving(card, watched) as server:
        runs = [joined(card, server, atoms=atoms) for atoms in (8, 12, 16)]
        for _ in range(20):
            in_threads(lambda place: runs[place].evaluate(positions((8, 12, 16)[place]), cell=CELL), 3)
        assert watched.groups.count([8, 12, 16]) > 10  # in the order in which they joined, whoever asks first
        idle = runs.pop(1)
        watched.groups.clear()
        begin = time.monotonic()
        for _ in range(50):
            in_threads(lambda place: runs[place].evaluate(positions((8, 16)[place]), cell=CELL), 2)
        assert all(12 not in group for group in watched.groups)
        assert time.monotonic() - begin < 20
        assert isinstance(idle.evaluate(positions(12), cell=CELL), Answer)


def test_a_pass_takes_no_more_atoms_than_it_should(card):
    watched = Watched(BatchPotential(load_card(str(card))))
    with serving(card, watched, pass_atoms=20) as server:
        runs = [joined(card, server, atoms=8) for _ in range(5)]
        for _ in range(5):
            in_threads(lambda place: runs[place].evaluate(positions(8), cell=CELL), 5)
        assert {len(group) for group in watched.groups} <= {1, 2}
        large = joined(card, server, atoms=27)
        large.evaluate(positions(27), cell=CELL)
        assert watched.groups[-1] == [27]


@pytest.mark.parametrize("said", [b"GET / HTTP/1.1\r\n\r\n", messages.header(Kind.EVALUATE, 8)[:5], b""])
def test_a_stray_or_broken_connection_leaves_the_others(card, said):
    with serving(card) as server:
        run = joined(card, server, atoms=8)
        with socket.socket(socket.AF_UNIX) as stray:
            stray.connect(str(server))
            stray.sendall(said)
            if said.startswith(b"GET"):
                stray.settimeout(5)
                assert b"no message of ours" in stray.recv(4096)
        assert isinstance(run.evaluate(positions(8), cell=CELL), Answer)


def test_a_run_that_ends_in_the_middle_of_a_message_or_before_its_answer_leaves_the_others(card):
    with serving(card) as server:
        cut, impatient, run = (joined(card, server, atoms=8) for _ in range(3))
        asked = messages.header(Kind.EVALUATE, messages.configuration_length(8)) + CELL.tobytes()
        cut._socket.sendall(asked + b"\0" * 11)
        cut.close()
        impatient._socket.sendall(asked + positions(8).tobytes())
        impatient.close()
        for _ in range(3):
            assert isinstance(run.evaluate(positions(8), cell=CELL), Answer)


def test_a_run_that_talks_out_of_turn_is_told_so(card):
    with serving(card) as server:
        run = joined(card, server, atoms=8)
        run._socket.sendall(messages.header(Kind.EVALUATE, 8) + struct.pack("d", 1.0))
        with pytest.raises(PotentialError, match="more or fewer atoms"):
            run._receive(Kind.ANSWER)
        early = joined(card, server, atoms=8)
        early._socket.sendall(messages.text(Kind.WELCOME))
        with pytest.raises(PotentialError, match="out of turn"):
            early._receive(Kind.ANSWER)


def test_another_potential_device_or_path_is_refused(card, tmp_path):
    other = tmp_path / "other.toml"
    other.write_text(card.read_text().replace("0.0104", "0.0105"))
    with serving(card) as server:
        with pytest.raises(PotentialError, match="evaluates another potential than 'lj'"):
            joined(other, server, atoms=8)
        with pytest.raises(PotentialError, match="on the device 'cpu'"):
            RemoteModel(str(card), ["Ar"], server=server, device="cuda", path="auto")
        with pytest.raises(SettingsError, match="the server chooses the path"):
            RemoteModel(str(card), ["Ar"], server=server, device="auto", path="fast")


def test_where_the_evaluator_itself_breaks_all_are_told_why(card):
    with serving(card, Breaks()) as server:
        asking, idle = joined(card, server, atoms=8), joined(card, server, atoms=8)
        for run in (asking, idle):
            with pytest.raises((PotentialError, RunError), match=r"the device is lost with 1 waiting|has ended"):
                run.evaluate(positions(8), cell=CELL)


def test_without_a_server_a_run_says_so(card, tmp_path):
    with pytest.raises(RunError, match=r"has ended(.|\n)*run it again to resume"):
        RemoteModel(str(card), ["Ar"], server=tmp_path / "none", device="auto", path="auto")


def test_a_message_larger_than_the_systems_buffers_arrives(card):
    atoms = 60_000  # an answer of 1.4 MB
    free = Free()
    with serving(card, free) as server:
        run = joined(card, server, atoms=atoms)
        where = np.random.default_rng(1).uniform(0, 99, (atoms, 3))
        for _ in range(2):
            found = run.evaluate(where, cell=CELL, energies=True)
            np.testing.assert_array_equal(found.forces, -where)
            np.testing.assert_array_equal(found.energies, where[:, 0])


class Free:
    """A spring to the origin for each atom, in closed form."""

    def evaluate(self, wanted: Sequence[Wanted]) -> Sequence[Answer | PotentialError]:
        return [Answer(0.0, -one.positions, virial=np.zeros(6), energies=one.positions[:, 0]) for one in wanted]


def in_threads(call, count: int) -> None:
    """Do something for each of 0 … count - 1 at once."""
    threads = [threading.Thread(target=call, args=(place,)) for place in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
