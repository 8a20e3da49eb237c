"""A potential that a batch server evaluates, as a run's pair style sees it; waits asleep and holds no network."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sselmp.bridge import batch_messages as messages
from sselmp.bridge.batch_messages import Hello, Kind
from sselmp.bridge.forces import Answer
from sselmp.cells import Array
from sselmp.errors import PotentialError, RunError, SettingsError
from sselmp.potentials.cards import check_elements, load_card

AGAIN = "run it again to resume"


class RemoteModel:
    """Takes the place of ``forces.Model`` in a run of a batch: the same questions, answered by the server.

    Args:
        card: Name or path of a card.
        elements: Symbols that ``species`` indexes.
        server: The server's socket.
        device: What the pair style asks for; a server is on one device, so that only its own or ``auto`` can be had.
        path: The same of the path to the potential: the server has chosen it.

    Attributes:
        path: In words, who evaluates.

    Raises:
        SettingsError: There is no such card, it does not know an element, or a path is asked for.
        RunError: The server is not there, or evaluates another potential.
    """

    def __init__(self, card: str, elements: Sequence[str], *, server: Path, device: str, path: str) -> None:
        from ase.data import atomic_numbers

        self.card = load_card(card)
        check_elements(self.card, elements)
        if path != "auto":
            raise SettingsError(
                "in a batch, the server chooses the path to the potential",
                got=f"path {path}",
                repair="take the path out of the pair style, or start the run without --batch",
            )
        self.path = "evaluated by a batch server"
        self._numbers = np.array([atomic_numbers[e] for e in elements], dtype=np.int32)
        self._atoms = 0
        self._buffer = bytearray(messages.HEADER.size)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, messages.SOCKET_BYTES)
        try:
            self._socket.connect(str(server))
        except OSError as error:
            raise _gone(error.strerror or str(error)) from error
        said = Hello(str(Path.cwd()), card=self.card.name, physics=self.card.physics_sha256(), device=device)
        self._send(messages.hello(said))
        self._receive(Kind.WELCOME)

    def set_atoms(self, species: NDArray[np.int32], *, periodic: Sequence[bool]) -> None:
        """Say which atoms the next configurations consist of; as ``forces.Model`` has it."""
        self._send(messages.atoms(self._numbers[species], np.array(periodic, dtype=np.int32)))
        self._receive(Kind.WELCOME)
        self._atoms = len(species)
        self._buffer = bytearray(messages.HEADER.size + messages.answer_length(self._atoms, energies=True))

    def evaluate(self, positions: Array, *, cell: Array, energies: bool = False) -> Answer:
        """Ask for one configuration and wait; as ``forces.Model`` has it. The answer holds until the next question.

        Raises:
            PotentialError: The potential failed for this configuration.
            RunError: The server has ended.
        """
        asked = messages.header(Kind.EVALUATE, messages.configuration_length(self._atoms), energies=energies)
        self._send(b"".join((asked, np.ascontiguousarray(cell).data, np.ascontiguousarray(positions).data)))
        return messages.read_answer(self._receive(Kind.ANSWER), atoms=self._atoms)

    def close(self) -> None:
        """Leave the batch."""
        self._socket.close()

    def _send(self, data: bytes) -> None:
        try:
            self._socket.sendall(data)
        except OSError as error:
            self._raise_last_words(error)

    def _raise_last_words(self, error: OSError) -> None:
        """A server that ends says why, if it can: that is better than what the system says."""
        try:
            self._receive(Kind.ANSWER)
        except OSError:
            raise _gone(error.strerror or str(error)) from error

    def _receive(self, expected: Kind) -> memoryview:
        """The content of the next message, which must be of one kind, or say why not."""
        filled = self._fill(0, messages.HEADER.size)
        header = messages.read_header(self._buffer)
        end = messages.HEADER.size + header.length
        if len(self._buffer) < end:
            self._buffer = self._buffer + bytearray(end - len(self._buffer))
        self._fill(filled, end)
        content = memoryview(self._buffer)[messages.HEADER.size : end]
        if header.kind is Kind.FAILED:
            raise PotentialError(bytes(content).decode(errors="replace"))
        if header.kind is not expected:
            raise RunError("a batch server answered with another message", got=header.kind.name, allowed=expected.name)
        return content

    def _fill(self, filled: int, least: int) -> int:
        """Fill the buffer to a place at least, and beyond with what is there: one message is under way at a time."""
        view = memoryview(self._buffer)
        while filled < least:
            try:
                received = self._socket.recv_into(view[filled:])
            except ConnectionError as error:
                raise _gone(error.strerror or str(error)) from error
            if received == 0:
                raise _gone("it closed the connection")
            filled += received
        return filled


def _gone(found: str) -> RunError:
    return RunError("the server that evaluates this batch's potential has ended", got=found, repair=AGAIN)
