"""The loop of a batch server: gathers what its runs ask for, has it evaluated and answers; knows no potential.

Runs are independent: each is another process at the other end of a Unix socket, which may end at any byte.
"""

from __future__ import annotations

import contextlib
import selectors
import socket
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from sselmp.bridge import batch_messages as messages
from sselmp.bridge.batch_messages import Header, Kind
from sselmp.bridge.batch_potential import Evaluator, Wanted
from sselmp.bridge.forces import Answer
from sselmp.errors import PotentialError, RunError, SselmpError

LOOK_EVERY_S = 0.5  # whether the server is still needed
# How long those that have asked wait for one that has not: a part of what an evaluation takes, within bounds. Who is
# late is not waited for again before it asks.
PATIENCE_PART = 1.0
PATIENCE_S = (0.002, 0.05)


@dataclass(frozen=True)
class Offer:
    """What a server evaluates: a card's physics, on a device."""

    card: str
    physics: str
    device: str


@dataclass
class Run:
    """One run's connection: bytes that came, bytes to go, and what it waits for.

    A run says one thing at a time and waits for its answer, so that the bytes that came hold until it has it.
    """

    key: str
    number: int
    socket: socket.socket
    incoming: bytearray = field(default_factory=lambda: bytearray(messages.HEADER.size))
    filled: int = 0
    outgoing: bytearray = field(default_factory=bytearray)
    numbers: NDArray[np.int32] | None = None
    periodic: NDArray[np.bool_] | None = None
    welcome: bool = False
    wanted: Wanted | None = None
    asked: float = 0.0
    expected: bool = False  # it has been answered and will ask again


class BatchServer:
    """Serves runs until it is no longer needed.

    Args:
        listener: A listening Unix socket.
        evaluator: Answers.
        offer: What is evaluated, which a run must have been prepared with.
        pass_atoms: Atoms that are best evaluated in one pass: runs beyond go into the next, and nobody waits once it is
            full. 0: one configuration at a time; None: no bound.
    """

    def __init__(
        self, listener: socket.socket, evaluator: Evaluator, *, offer: Offer, pass_atoms: int | None = None
    ) -> None:
        self._listener, self._evaluator, self._offer, self._pass_atoms = listener, evaluator, offer, pass_atoms
        self._selector = selectors.DefaultSelector()
        self._runs: list[Run] = []
        self._count = 0
        self._patience = PATIENCE_S[0]
        listener.settimeout(0)
        self._selector.register(listener, selectors.EVENT_READ)

    def serve(self, needed: Callable[[], bool]) -> None:
        """Answer until ``needed`` says no; it is asked about twice a second.

        Raises:
            Exception: What the evaluator raised as a whole; all runs have been told.
        """
        looked = time.monotonic()
        while True:
            now = time.monotonic()
            if now - looked > LOOK_EVERY_S:
                looked = now
                if not needed():
                    return
            if group := self._due(now):
                self._answer(group)
                wait = 0.0
            else:
                wait = self._longest_wait(now)
            for key, mask in self._selector.select(wait):
                self._attend(key.data, mask)

    def _longest_wait(self, now: float) -> float:
        asked = [run.asked for run in self._runs if run.wanted is not None]
        return max(0.0, min(asked) + self._patience - now) if asked else LOOK_EVERY_S

    def _due(self, now: float) -> list[Run]:
        """The runs to evaluate now: in the order in which they asked, as many as one pass takes, or none yet."""
        asking = sorted((run for run in self._runs if run.wanted is not None), key=lambda run: run.asked)
        if not asking:
            return []
        group, full = _first_pass(asking, self._pass_atoms)
        absent = [run for run in self._runs if run.expected and run.wanted is None]
        if full or not absent:
            return group
        if now - asking[0].asked < self._patience:
            return []
        for run in absent:
            run.expected = False
        return group

    def _answer(self, group: Sequence[Run]) -> None:
        begin = time.monotonic()
        try:
            answers = self._evaluator.evaluate([run.wanted for run in group if run.wanted is not None])
            if len(answers) != len(group):
                message = f"{len(answers)} answers for {len(group)} configurations"
                raise RuntimeError(message)
        except BaseException as error:
            self._tell_all(error)
            raise
        took = time.monotonic() - begin
        self._patience = min(max(PATIENCE_PART * took, PATIENCE_S[0]), PATIENCE_S[1])
        for run, found in zip(group, answers, strict=True):
            run.wanted = None
            run.expected = isinstance(found, Answer)
            self._send(run, messages.answer(found) if isinstance(found, Answer) else [_failed(found)])

    def _tell_all(self, error: BaseException) -> None:
        """Say why the server ends, to those that wait and, where the system keeps it, to those that will ask."""
        said = str(error) if isinstance(error, SselmpError) else f"{type(error).__name__}: {error}"
        for run in list(self._runs):
            self._send(run, [messages.text(Kind.FAILED, f"the batch server ended: {said}")])

    def _attend(self, run: Run | None, mask: int) -> None:
        if run is None:
            self._accept()
            return
        if mask & selectors.EVENT_WRITE:
            self._flush(run)
        if mask & selectors.EVENT_READ and run in self._runs:
            self._read(run)

    def _accept(self) -> None:
        connection, _ = self._listener.accept()
        connection.settimeout(0)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, messages.SOCKET_BYTES)
        self._count += 1
        run = Run(key=str(self._count), number=self._count, socket=connection)
        self._runs.append(run)
        self._selector.register(connection, selectors.EVENT_READ, run)

    def _read(self, run: Run) -> None:
        """Take what came; a run that has ended, or talks nonsense, leaves the batch."""
        try:
            received = run.socket.recv_into(memoryview(run.incoming)[run.filled :])
            run.filled += received
            if received == 0:
                self._drop(run)
            elif run.filled >= messages.HEADER.size:
                self._take_if_whole(run)
        except BlockingIOError:
            return
        except OSError:
            self._drop(run)
        except RunError as error:
            self._send(run, [_failed(error)])
            self._drop(run)

    def _take_if_whole(self, run: Run) -> None:
        header = messages.read_header(run.incoming)
        end = messages.HEADER.size + header.length
        if run.filled > end or run.wanted is not None:
            raise RunError("a run did not wait for its answer", got=header.kind.name)
        if run.filled == end:
            run.filled = 0
            self._take(run, header, content=memoryview(run.incoming)[messages.HEADER.size : end])
        elif len(run.incoming) <= end:  # one byte more than the message, so that what should not come is seen
            run.incoming = run.incoming[: run.filled] + bytearray(end + 1 - run.filled)

    def _take(self, run: Run, header: Header, *, content: memoryview) -> None:
        if header.kind is Kind.HELLO:
            self._welcome(run, messages.read_hello(bytes(content)))
        elif header.kind is Kind.ATOMS and run.welcome and len(content) >= 12:
            numbers, periodic = messages.read_atoms(bytes(content))
            run.numbers, run.periodic = numbers, periodic.astype(bool)
            run.incoming = bytearray(messages.HEADER.size + messages.configuration_length(len(numbers)) + 1)
            self._send(run, [messages.text(Kind.WELCOME)])
        elif header.kind is Kind.EVALUATE and run.numbers is not None and run.periodic is not None:
            if len(content) != messages.configuration_length(len(run.numbers)):
                raise RunError("a run asked for more or fewer atoms than it has", got=f"{len(content)} bytes")
            cell, positions = messages.read_configuration(content)
            run.wanted = Wanted(run.key, run.numbers, run.periodic, positions, cell, header.energies)
            run.asked = time.monotonic()
        else:
            raise RunError("a run sent a message out of turn", got=header.kind.name)

    def _welcome(self, run: Run, said: messages.Hello) -> None:
        offer = self._offer
        if said.physics != offer.physics:
            raise RunError(
                f"this batch evaluates another potential than '{said.card}'",
                got=said.physics[:12],
                allowed=f"{offer.physics[:12]} ({offer.card})",
                repair="start the run without --batch, or in a batch of its own potential",
            )
        if said.device not in {"auto", offer.device}:
            raise RunError(
                f"this batch's potential is on the device '{offer.device}'",
                got=said.device,
                repair="take the device out of the pair style, or start the run without --batch",
            )
        run.key, run.welcome = f"{run.key}:{said.folder}", True
        self._send(run, [messages.text(Kind.WELCOME)])

    def _send(self, run: Run, parts: Sequence[bytes | memoryview]) -> None:
        """Send a message, or keep what the system does not take now: nobody is waited for."""
        if run.outgoing:
            run.outgoing += b"".join(parts)
            return
        try:
            sent = run.socket.sendmsg(parts)
        except BlockingIOError:
            sent = 0
        except OSError:
            self._drop(run)
            return
        if sent < sum(len(part) for part in parts):
            run.outgoing += b"".join(parts)[sent:]
            self._selector.modify(run.socket, selectors.EVENT_READ | selectors.EVENT_WRITE, run)

    def _flush(self, run: Run) -> None:
        try:
            del run.outgoing[: run.socket.send(run.outgoing)]
        except BlockingIOError:
            return
        except OSError:
            self._drop(run)
            return
        if not run.outgoing:
            self._selector.modify(run.socket, selectors.EVENT_READ, run)

    def _drop(self, run: Run) -> None:
        if run in self._runs:
            self._runs.remove(run)
            self._selector.unregister(run.socket)
            with contextlib.suppress(OSError):
                run.socket.shutdown(socket.SHUT_WR)
            run.socket.close()


def _first_pass(asking: Sequence[Run], most_atoms: int | None) -> tuple[list[Run], bool]:
    """The first of those that ask, as many as one pass takes and at least one; whether the next would not fit.

    They stand in the order in which they joined, so that what an evaluator keeps of a pass serves the next one too.
    """
    group: list[Run] = []
    atoms = 0
    for run in asking:
        count = 0 if run.wanted is None else len(run.wanted.numbers)
        if group and most_atoms is not None and atoms + count > most_atoms:
            return sorted(group, key=lambda one: one.number), True
        group.append(run)
        atoms += count
    return sorted(group, key=lambda one: one.number), most_atoms is not None and atoms >= most_atoms


def _failed(error: PotentialError | RunError) -> bytes:
    return messages.text(Kind.FAILED, str(error))
