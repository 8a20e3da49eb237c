"""What a run and its batch server say to each other over a Unix socket, as bytes; opens none and evaluates nothing."""

from __future__ import annotations

import dataclasses
import json
import struct
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from sselmp.bridge.forces import Answer
from sselmp.cells import Array
from sselmp.errors import RunError

PROGRESS = "sselmp-batch"  # opens a line of the server's progress: done, total, what
READY = "sselmp-batch-ready"  # opens the line that says how many runs it takes at once (0: any number)

HEADER = struct.Struct("=IIQ")  # kind, whether per-atom energies are meant, bytes that follow
MOST_BYTES = 1 << 32  # of one message: no configuration needs as much, so that a stray program is told from a run
ANSWER_NUMBERS = 7  # energy and virial, before the forces
SOCKET_BYTES = 1 << 22  # asked of the system for each direction, so that a message is taken at once; it gives less


class Kind(IntEnum):
    """What a message is."""

    HELLO = 1  # run: which potential it was prepared with
    WELCOME = 2  # server: it is the same; or it knows the atoms
    ATOMS = 3  # run: which atoms the next configurations consist of
    EVALUATE = 4  # run: a configuration
    ANSWER = 5  # server: energy, forces, virial
    FAILED = 6  # server: why there is no answer


_KINDS = {int(kind): kind for kind in Kind}


@dataclass(frozen=True)
class Hello:
    """How a run introduces itself.

    Attributes:
        folder: Where it runs.
        card: Name of its card.
        physics: SHA-256 of the card's physics, which must be the server's.
        device: What its pair style asks for.
    """

    folder: str
    card: str
    physics: str
    device: str


@dataclass(frozen=True)
class Header:
    """The first bytes of each message."""

    kind: Kind
    energies: bool
    length: int


def header(kind: Kind, length: int, *, energies: bool = False) -> bytes:
    """The header of a message of ``length`` bytes."""
    return HEADER.pack(kind, energies, length)


def read_header(data: bytes | bytearray | memoryview) -> Header:
    """Read a header.

    Raises:
        RunError: It is none.
    """
    number, energies, length = HEADER.unpack_from(data)
    kind = _KINDS.get(number)
    if kind is None or energies > 1 or length > MOST_BYTES:
        raise RunError("what came over a batch's socket is no message of ours", got=bytes(data[: HEADER.size]).hex())
    return Header(kind, energies=bool(energies), length=length)


def text(kind: Kind, words: str = "") -> bytes:
    """A whole message that carries words."""
    data = words.encode(errors="replace")
    return header(kind, len(data)) + data


def hello(said: Hello) -> bytes:
    """A whole ``HELLO``."""
    return text(Kind.HELLO, json.dumps(dataclasses.asdict(said)))


def read_hello(data: bytes) -> Hello:
    """Read a ``HELLO``.

    Raises:
        RunError: It is none, or that of another version of sselmp.
    """
    try:
        return Hello(**json.loads(data))
    except (ValueError, TypeError) as error:
        raise RunError(
            "a run and its batch server are of different versions of sselmp",
            got=error,
            repair="build the potential's environment again",
        ) from error


def atoms(numbers: NDArray[np.int32], periodic: NDArray[np.int32]) -> bytes:
    """A whole ``ATOMS``: atomic numbers (n,), periodic (3,)."""
    data = periodic.astype(np.int32).tobytes() + numbers.astype(np.int32).tobytes()
    return header(Kind.ATOMS, len(data)) + data


def read_atoms(data: bytes) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Atomic numbers (n,) and periodic (3,) of an ``ATOMS``."""
    found = np.frombuffer(data, dtype=np.int32)
    return found[3:], found[:3]


def configuration_length(atoms: int) -> int:
    """Bytes of an ``EVALUATE`` after its header: cell (3, 3), then positions (n, 3), as doubles."""
    return 8 * (9 + 3 * atoms)


def read_configuration(data: memoryview) -> tuple[Array, Array]:
    """Cell (3, 3) and positions (n, 3) [Å] of an ``EVALUATE``; they look into ``data`` and cannot be written."""
    numbers = np.frombuffer(data, dtype=np.float64)
    numbers.flags.writeable = False
    return numbers[:9].reshape(3, 3), numbers[9:].reshape(-1, 3)


def answer(found: Answer) -> list[bytes | memoryview]:
    """A whole ``ANSWER``, in parts, so that the forces need not be copied."""
    numbers = np.array([found.energy, *found.virial])
    arrays = [found.forces] if found.energies is None else [found.forces, found.energies]
    parts = [np.ascontiguousarray(one, dtype=np.float64).data.cast("B") for one in (numbers, *arrays)]
    length = sum(len(part) for part in parts)
    return [header(Kind.ANSWER, length, energies=found.energies is not None), *parts]


def answer_length(atoms: int, *, energies: bool) -> int:
    """Bytes of an ``ANSWER`` after its header."""
    return 8 * (ANSWER_NUMBERS + (4 if energies else 3) * atoms)


def read_answer(data: memoryview, *, atoms: int) -> Answer:
    """Read an ``ANSWER`` for so many atoms; its arrays look into ``data``."""
    numbers = np.frombuffer(data, dtype=np.float64)
    end = ANSWER_NUMBERS + 3 * atoms
    return Answer(
        energy=float(numbers[0]),
        forces=numbers[ANSWER_NUMBERS:end].reshape(atoms, 3),
        virial=numbers[1:ANSWER_NUMBERS],
        energies=numbers[end:] if len(numbers) > end else None,
    )
