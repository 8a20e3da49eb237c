"""DeePMD models as ASE calculators: TensorFlow graphs through deepmd-kit, TorchScript models through torch alone."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import random
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from sselmp.cells import Array, ase_stress_from_virial, volume
from sselmp.errors import PotentialError
from sselmp.potentials.cards import Card
from sselmp.potentials.crystals import wholly_periodic
from sselmp.potentials.torch_models import (
    built,
    hold_against_card,
    refuse_absent_device,
    refuse_unknown_options,
    refused_checkpoint,
    required_weights,
)

if TYPE_CHECKING:
    from ase import Atoms
    from ase.calculators.calculator import Calculator

BACKENDS = {".pb": "TensorFlow", ".pth": "TorchScript"}
PRECISIONS = {"default": "float64", "float64": "float64", "float32": "float32"}


@dataclass(frozen=True)
class Facts:
    """What a model says of itself; ``elements`` in the order of its types, ``precision`` None where it does not say."""

    elements: tuple[str, ...]
    cutoff_A: float
    passes_messages: bool
    precision: str | None
    needs_parameters: bool  # frame or atomic parameters, which nobody gives here


@dataclass(frozen=True)
class Evaluation:
    """Of one configuration.

    Attributes:
        energies: (n,) [eV].
        forces: (n, 3) [eV/Å].
        virial: (3, 3) [eV], positive under compression.
    """

    energies: Array
    forces: Array
    virial: Array


class Backend(Protocol):
    """One way to evaluate a model file."""

    facts: Facts

    def evaluate(self, positions: Array, *, cell: Array | None, types: NDArray[np.int64]) -> Evaluation:
        """Evaluate positions (n, 3) [Å] of atoms of types (n,) in a cell (3, 3) [Å], or in none."""


def load(card: Card, weights: Path | None, *, device: str) -> Calculator:
    """Load a DeePMD model; the file's suffix says which backend it is of.

    Its ``results`` hold energy [eV], energies (N,) [eV], forces (N, 3) [eV/Å] and, in a periodic cell, stress (6,)
    [eV/Å³]. An atom whose element is not in the model's type map is refused.

    Raises:
        PotentialError: The card names no weights, a file of another kind or an option; the device is not there; or the
            model's cutoff, precision, elements or message passing are not the card's.
        ImportError: The environment lacks what the backend needs.
    """
    file = required_weights(card, weights)
    refuse_unknown_options(card, known=())
    backend = BACKENDS.get(file.suffix)
    if backend is None:
        raise PotentialError(
            f"the family 'deepmd' cannot tell what {file.name} is (card '{card.name}')",
            got=f"a name that ends in '{file.suffix}'",
            allowed=", ".join(f"{suffix} ({name})" for suffix, name in BACKENDS.items()),
            repair="freeze the model with deepmd-kit ('dp --tf freeze' or 'dp --pt freeze') and name that file",
        )
    model = _tensorflow(card, file, device=device) if backend == "TensorFlow" else _torch(card, file, device=device)
    _hold(card, model.facts, file=file)
    return _calculator(model, card=card)


def _hold(card: Card, facts: Facts, *, file: Path) -> None:
    """Refuse a card whose facts are not the model's, since run settings are derived from the card."""
    if facts.needs_parameters:
        raise refused_checkpoint(card, file=file, found="a model that wants frame or atomic parameters")
    unknown = sorted(set(card.elements) - set(facts.elements))
    stated = ", ".join(unknown) if unknown else None
    hold_against_card(
        card,
        {
            "cutoff_A": (card.cutoff_A, facts.cutoff_A),
            "precision": (card.precision, facts.precision or card.precision),
            "message_passing_depth above 1": (card.message_passing_depth > 1, facts.passes_messages),
            f"elements (its types are {' '.join(facts.elements)})": (stated, None),
        },
    )


def _facts(model: Any, *, script: str | Mapping[str, Any], passes_messages: bool) -> Facts:  # noqa: ANN401 - of either backend
    """Facts from the methods that the models of both backends have, and from the script they were trained by."""
    told = json.loads(script) if isinstance(script, str) and script else script or {}
    kind = told.get("descriptor", {}).get("precision") if isinstance(told, Mapping) else None
    return Facts(
        elements=tuple(model.get_type_map()),
        cutoff_A=float(model.get_rcut()),
        passes_messages=passes_messages,
        precision=PRECISIONS.get(str(kind)),
        needs_parameters=bool(model.get_dim_fparam() or model.get_dim_aparam()),
    )


def _tensorflow(card: Card, file: Path, *, device: str) -> Backend:
    if device != "cpu":
        raise PotentialError(
            f"the device '{device}' is not there",
            got="the environment of this card holds TensorFlow for the CPU",
            allowed="cpu",
            repair="use device 'cpu'",
        )
    with _unnoticed():
        from deepmd.infer import DeepPot

        try:
            model = DeepPot(str(file))
            # TensorFlow's descriptors all look at one atom's surroundings only
            return _Graph(model, facts=_facts(model, script=model.get_model_def_script(), passes_messages=False))
        except Exception as error:  # whatever TensorFlow makes of a broken file
            raise refused_checkpoint(card, file=file, found=f"{type(error).__name__}: {error}"[:200]) from error


class _Graph:
    """A frozen TensorFlow graph."""

    def __init__(self, model: Any, *, facts: Facts) -> None:  # noqa: ANN401 - deepmd.infer.DeepPot
        self._model, self.facts = model, facts

    def evaluate(self, positions: Array, *, cell: Array | None, types: NDArray[np.int64]) -> Evaluation:
        box = None if cell is None else cell.reshape(1, 9)
        _, forces, virial, energies, _ = self._model.eval(positions.reshape(1, -1), box, types, atomic=True)
        return Evaluation(energies=energies.reshape(-1), forces=forces[0], virial=virial.reshape(3, 3))


def _torch(card: Card, file: Path, *, device: str) -> Backend:
    import torch

    refuse_absent_device(device)
    with built(card, file=file):
        model = torch.jit.load(str(file), map_location=device).eval()
        facts = _facts(model, script=model.get_model_def_script(), passes_messages=bool(model.has_message_passing()))
        return _Script(model, facts=facts, device=device)


class _Script:
    """A TorchScript model, which holds its own code; computes in float64 where the model itself does not choose."""

    def __init__(self, model: Any, *, facts: Facts, device: str) -> None:  # noqa: ANN401 - torch.jit.ScriptModule
        self._model, self.facts, self._device = model, facts, device

    def evaluate(self, positions: Array, *, cell: Array | None, types: NDArray[np.int64]) -> Evaluation:
        import torch

        def tensor(values: NDArray[Any]) -> torch.Tensor:
            return torch.as_tensor(values[None], device=self._device)

        box = None if cell is None else tensor(cell.reshape(9))
        # Optimising the script costs minutes at the first call and gains nothing after it.
        with torch.enable_grad(), torch.jit.optimized_execution(should_optimize=False):
            found = self._model(tensor(positions.reshape(-1)), tensor(types), box)
        # detached at once: the graph behind these tensors holds gigabytes
        plain = {key: found[key].detach().cpu().numpy() for key in ("atom_energy", "force", "virial")}
        found.clear()
        return Evaluation(
            energies=plain["atom_energy"].reshape(-1),
            forces=plain["force"].reshape(-1, 3),
            virial=plain["virial"].reshape(3, 3),
        )


def _calculator(model: Backend, *, card: Card) -> Calculator:
    from ase.calculators.calculator import Calculator

    numbers = {element: number for number, element in enumerate(model.facts.elements)}

    class DeepmdCalculator(Calculator):  # type: ignore[misc] # ASE comes without types
        """Of one model; holds nothing but it."""

        implemented_properties = ("energy", "free_energy", "energies", "forces", "stress")

        def calculate(  # noqa: PLR0917 - ASE's signature
            self,
            atoms: Atoms | None = None,
            properties: Sequence[str] = ("energy",),
            system_changes: Sequence[str] = (),
        ) -> None:
            super().calculate(atoms, list(properties), list(system_changes))
            periodic = wholly_periodic(self.atoms, card=card)
            cell = self.atoms.cell.array if periodic else None
            types = _types(self.atoms.get_chemical_symbols(), numbers=numbers, card=card)
            found = model.evaluate(self.atoms.positions, cell=cell, types=types)
            energy = float(found.energies.sum())
            self.results = {"energy": energy, "free_energy": energy, "energies": found.energies, "forces": found.forces}
            if cell is not None:
                self.results["stress"] = ase_stress_from_virial(found.virial, volume(cell))

    return DeepmdCalculator()


def _types(symbols: Sequence[str], *, numbers: Mapping[str, int], card: Card) -> NDArray[np.int64]:
    unknown = sorted(set(symbols) - set(numbers))
    if unknown:
        raise PotentialError(
            f"the model of '{card.name}' does not know {', '.join(unknown)}",
            allowed=f"its types: {' '.join(numbers)}",
            repair="choose a potential that knows them, and list the elements in the card, so that it is said earlier",
        )
    return np.array([numbers[symbol] for symbol in symbols], dtype=np.int64)


@contextlib.contextmanager
def _unnoticed() -> Iterator[None]:
    """Undo what loading TensorFlow and deepmd-kit does to the process: prints, variables, Python's random state.

    What they print (C++ included: each time, about CUDA libraries that are not there) is shown if they cannot be
    imported, else dropped.
    """
    level, variables, state = logging.getLogger("deepmd").level, dict(os.environ), random.getstate()
    sys.stdout.flush()
    sys.stderr.flush()
    with tempfile.TemporaryFile() as kept:
        before = [os.dup(1), os.dup(2)]
        try:
            os.dup2(kept.fileno(), 1)
            os.dup2(kept.fileno(), 2)
            logging.getLogger("deepmd").setLevel(logging.ERROR)
            os.environ["TF_CPP_MIN_LOG_LEVEL"] = "2"
            yield
        except ImportError:
            kept.seek(0)
            os.write(before[1], kept.read())
            raise
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            for number, copy in zip((1, 2), before, strict=True):
                os.dup2(copy, number)
                os.close(copy)
            logging.getLogger("deepmd").setLevel(level)
            random.setstate(state)
            for name in set(os.environ) - set(variables):
                del os.environ[name]
            os.environ.update(variables)
