"""The Python end of the one function pointer: decodes a request, calls the model, writes the answer."""

from __future__ import annotations

import ctypes
import os
import traceback
from pathlib import Path

import numpy as np

from sselmp import layout
from sselmp.bridge.batch_client import RemoteModel
from sselmp.bridge.forces import Model
from sselmp.errors import SselmpError

LAYOUT = 2
OPEN, EVALUATE, CLOSE = 0, 1, 2
FAILED = 1


class Request(ctypes.Structure):
    """Mirror of ``struct SselmpRequest`` in pair_sselmp.h, where each field is explained."""

    _fields_ = (
        ("layout", ctypes.c_int32),
        ("kind", ctypes.c_int32),
        ("status", ctypes.c_int32),
        ("model", ctypes.c_int32),
        ("card", ctypes.c_char_p),
        ("device", ctypes.c_char_p),
        ("path", ctypes.c_char_p),
        ("elements", ctypes.c_char_p),
        ("cutoff", ctypes.c_double),
        ("per_atom_energy", ctypes.c_int32),
        ("has_virial", ctypes.c_int32),
        ("natoms", ctypes.c_int32),
        ("configuration", ctypes.c_int64),
        ("species", ctypes.c_void_p),
        ("positions", ctypes.c_void_p),
        ("cell", ctypes.c_double * 9),
        ("periodic", ctypes.c_int32 * 3),
        ("padding", ctypes.c_int32),
        ("energy", ctypes.c_double),
        ("virial", ctypes.c_double * 6),
        ("forces", ctypes.c_void_p),
        ("energies", ctypes.c_void_p),
        ("message", ctypes.c_char * 1024),
    )


class Opened:
    """A model and the arrays of the pair style that it reads and writes, looked up anew only when they move."""

    def __init__(self, model: Model | RemoteModel) -> None:
        self.model = model
        self._configuration = -1

    def evaluate(self, request: Request) -> None:
        """Evaluate the configuration that a request points to, and write the answer where it points to."""
        if request.configuration != self._configuration:
            self._look_at(request)
        wanted = bool(request.per_atom_energy)
        answer = self.model.evaluate(self._positions, cell=self._cell, energies=wanted)
        request.energy = answer.energy
        self._forces[:] = answer.forces
        self._virial[:] = answer.virial
        if answer.energies is not None:
            self._energies[:] = answer.energies

    def _look_at(self, request: Request) -> None:
        n = request.natoms
        real = ctypes.c_double
        self._positions = np.ctypeslib.as_array((real * (3 * n)).from_address(request.positions)).reshape(n, 3)
        self._forces = np.ctypeslib.as_array((real * (3 * n)).from_address(request.forces)).reshape(n, 3)
        self._energies = np.ctypeslib.as_array((real * n).from_address(request.energies))
        self._cell = np.ctypeslib.as_array(request.cell).reshape(3, 3)
        self._virial = np.ctypeslib.as_array(request.virial)
        species = np.ctypeslib.as_array((ctypes.c_int32 * n).from_address(request.species))
        self.model.set_atoms(species, periodic=[bool(p) for p in request.periodic])
        self._configuration = request.configuration


class Service:
    """Opened models by number, and what became of the last request."""

    def __init__(self) -> None:
        self._opened: dict[int, Opened] = {}
        self._last = 0
        self.interrupted = False

    def answer(self, address: int) -> None:
        """Answer the request at an address; an exception becomes a status and a message, never a C++ stack unwound."""
        request = Request.from_address(address)
        status = FAILED
        try:
            self._dispatch(request)
            status = 0
        except SselmpError as error:
            request.message = _shortened(str(error))
        except KeyboardInterrupt:
            self.interrupted = True
            traceback.print_exc()
            request.message = b"interrupted (Ctrl-C)"
        except BaseException as error:  # noqa: BLE001 - whatever a potential raises must stop LAMMPS, not be lost
            traceback.print_exc()
            request.message = _shortened(f"{type(error).__name__}: {error} (traceback on stderr)")
        finally:
            request.status = status

    def _dispatch(self, request: Request) -> None:
        if request.layout != LAYOUT:
            message = "the plugin and this version of sselmp do not belong together: build the environment again"
            raise RuntimeError(message)
        if request.kind == OPEN:
            self._open(request)
        elif request.kind == EVALUATE:
            self._opened[request.model].evaluate(request)
        elif request.kind == CLOSE:
            self._opened.pop(request.model, None)

    def _open(self, request: Request) -> None:
        elements = request.elements.decode().split()
        model = _model(request, elements)
        self._last += 1
        self._opened[self._last] = Opened(model)
        request.model = self._last
        request.cutoff = model.card.cutoff_A
        request.per_atom_energy = model.card.per_atom_energy
        request.has_virial = model.card.stress
        request.message = _shortened(model.path)


# C++ keeps a bare pointer for as long as the process lives, so the objects behind it must live as long too.
SERVICE = Service()
_ANSWER = ctypes.CFUNCTYPE(None, ctypes.c_void_p)(SERVICE.answer)


def attach(slot: int) -> None:
    """Write the address of our function to where the plugin looks for it; the plugin calls this by name.

    Args:
        slot: Address of the plugin's function pointer.
    """
    ctypes.c_void_p.from_address(slot).value = ctypes.cast(_ANSWER, ctypes.c_void_p).value


def _model(request: Request, elements: list[str]) -> Model | RemoteModel:
    """The potential: of a batch server where this run was started in a batch, else one of our own."""
    card, device, path = request.card.decode(), request.device.decode(), request.path.decode()
    if server := os.environ.get(layout.BATCH_VARIABLE):
        return RemoteModel(card, elements, server=Path(server), device=device, path=path)
    return Model(card, elements, device=device, path=path)


def _shortened(message: str) -> bytes:
    return " ".join(message.split()).encode(errors="replace")[:1000]
