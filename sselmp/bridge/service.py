"""The Python end of the one function pointer: decodes a request, calls the model, writes the answer."""

from __future__ import annotations

import ctypes
import sys
import traceback

import numpy as np

from sselmp.bridge.forces import Model
from sselmp.errors import SselmpError

LAYOUT = 1
OPEN, EVALUATE, CLOSE = 0, 1, 2
FAILED, INTERRUPTED = 1, 2


class Request(ctypes.Structure):
    """Mirror of ``struct SselmpRequest`` in pair_sselmp.h, where each field is explained."""

    _fields_ = (
        ("layout", ctypes.c_int32),
        ("kind", ctypes.c_int32),
        ("status", ctypes.c_int32),
        ("model", ctypes.c_int32),
        ("card", ctypes.c_char_p),
        ("device", ctypes.c_char_p),
        ("elements", ctypes.c_char_p),
        ("cutoff", ctypes.c_double),
        ("per_atom_energy", ctypes.c_int32),
        ("has_virial", ctypes.c_int32),
        ("natoms", ctypes.c_int32),
        ("step", ctypes.c_int64),
        ("tags", ctypes.POINTER(ctypes.c_int64)),
        ("species", ctypes.POINTER(ctypes.c_int32)),
        ("positions", ctypes.POINTER(ctypes.c_double)),
        ("cell", ctypes.c_double * 9),
        ("periodic", ctypes.c_int32 * 3),
        ("padding", ctypes.c_int32),
        ("energy", ctypes.c_double),
        ("virial", ctypes.c_double * 6),
        ("forces", ctypes.POINTER(ctypes.c_double)),
        ("energies", ctypes.POINTER(ctypes.c_double)),
        ("message", ctypes.c_char * 1024),
    )


class Service:
    """Opened models by number, and what became of the last request."""

    def __init__(self) -> None:
        self._models: dict[int, Model] = {}
        self._opened = 0
        self.interrupted = False

    def answer(self, request: Request) -> None:
        """Answer a request in place; an exception becomes a status and a message, never a C++ stack unwound."""
        status = FAILED
        try:
            self._dispatch(request)
            status = 0
        except SselmpError as error:
            request.message = _shortened(str(error))
        except KeyboardInterrupt:
            self.interrupted = True
            status = INTERRUPTED
            traceback.print_exc()
            request.message = b"interrupted (Ctrl-C)"
        except BaseException as error:  # noqa: BLE001 - whatever a potential raises must stop LAMMPS, not be lost
            traceback.print_exc()
            request.message = _shortened(f"{type(error).__name__}: {error} (traceback on stderr)")
        finally:
            sys.stderr.flush()
            request.status = status

    def _dispatch(self, request: Request) -> None:
        if request.layout != LAYOUT:
            message = "the plugin and this version of sselmp do not belong together: build the environment again"
            raise RuntimeError(message)
        if request.kind == OPEN:
            self._open(request)
        elif request.kind == EVALUATE:
            self._evaluate(request)
        elif request.kind == CLOSE:
            self._models.pop(request.model, None)

    def _open(self, request: Request) -> None:
        elements = request.elements.decode().split()
        model = Model(request.card.decode(), elements, device=request.device.decode())
        self._opened += 1
        self._models[self._opened] = model
        request.model = self._opened
        request.cutoff = model.card.cutoff_A
        request.per_atom_energy = model.has_energies
        request.has_virial = model.has_stress

    def _evaluate(self, request: Request) -> None:
        n = request.natoms
        wanted = bool(request.per_atom_energy)
        answer = self._models[request.model].evaluate(
            np.ctypeslib.as_array(request.species, (n,)),
            np.ctypeslib.as_array(request.positions, (n, 3)),
            cell=np.array(request.cell).reshape(3, 3),
            periodic=[bool(p) for p in request.periodic],
            energies=wanted,
        )
        request.energy = answer.energy
        np.ctypeslib.as_array(request.forces, (n, 3))[:] = answer.forces
        request.virial[:] = answer.virial.tolist()
        if wanted and answer.energies is not None:
            np.ctypeslib.as_array(request.energies, (n,))[:] = answer.energies


_CALLBACK = ctypes.CFUNCTYPE(None, ctypes.POINTER(Request))
# C++ keeps a bare pointer for as long as the process lives, so the objects behind it must live as long too.
SERVICE = Service()
_ANSWER = _CALLBACK(lambda pointer: SERVICE.answer(pointer.contents))


def attach(slot: int) -> None:
    """Write the address of our function to where the plugin looks for it; the plugin calls this by name.

    Args:
        slot: Address of the plugin's function pointer.
    """
    ctypes.c_void_p.from_address(slot).value = ctypes.cast(_ANSWER, ctypes.c_void_p).value


def _shortened(message: str) -> bytes:
    return " ".join(message.split()).encode(errors="replace")[:1000]
