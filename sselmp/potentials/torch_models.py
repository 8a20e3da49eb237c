"""What adapters of torch packages share: refusals, reading a checkpoint, leaving torch as it was; knows no family."""

from __future__ import annotations

import contextlib
import io
import os
import random
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sselmp.errors import PotentialError, nearest
from sselmp.potentials.cards import Card

if TYPE_CHECKING:
    from ase import Atoms
    from ase.calculators.calculator import Calculator

COMPILED_KERNELS = "CUEQUIVARIANCE_OPS_NVRTC_CACHE_DIR"
UNSAFE_LOADING = "TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD"  # set, it makes every torch.load of the process execute pickles


def required_weights(card: Card, weights: Path | None) -> Path:
    """The file of weights of a card that must have one.

    Raises:
        PotentialError: It names none.
    """
    if weights is None:
        raise PotentialError(f"the card '{card.name}' names no weights", repair="add a [weights] table to it")
    return weights


def refuse_unknown_options(card: Card, *, known: Sequence[str]) -> None:
    """Refuse options that a family does not have.

    Raises:
        PotentialError: Naming the first of them.
    """
    unknown = sorted(set(card.options) - set(known))
    if unknown:
        raise PotentialError(
            f"the family '{card.family}' has no option '{unknown[0]}' (card '{card.name}')",
            allowed=nearest(unknown[0], known),
            repair="mend the card's [options]",
        )


def refuse_absent_device(device: str) -> None:
    """Refuse a GPU that is not there.

    Raises:
        PotentialError: Saying what there is.
    """
    import torch

    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    allowed = ["cpu", *(["cuda"] if count else []), *(f"cuda:{index}" for index in range(count))]
    if device not in allowed:
        raise PotentialError(
            f"the device '{device}' is not there",
            got=f"torch finds {count} usable GPUs",
            allowed=", ".join(allowed),
            repair="use device 'cpu', or install a driver and a CUDA build of torch",
        )


def read_checkpoint(file: Path, *, card: Card, device: str = "cpu", whole_objects: bool = False) -> Any:  # noqa: ANN401 - what it holds is the family's to judge
    """Read a checkpoint that has been verified.

    Args:
        file: Verified against its SHA-256 by ``weights.find_weights``.
        card: For the message.
        device: Where its tensors go.
        whole_objects: Whether the family keeps pickled models, not only tensors: reading them executes code.

    Raises:
        PotentialError: It is cut short, no checkpoint, or another family's.
    """
    import torch

    try:
        return torch.load(file, map_location=device, weights_only=not whole_objects)
    except Exception as error:
        raise refused_checkpoint(card, file=file, found=_first_line(error)) from error


def refused_checkpoint(card: Card, *, file: Path, found: object) -> PotentialError:
    """The error for a checkpoint that its family cannot use."""
    return PotentialError(
        f"{file} is no checkpoint that the family '{card.family}' can use (card '{card.name}')",
        got=found,
        allowed=f"a whole checkpoint of {card.family}, written by its own package",
        repair="verify the file ('sselmp weights verify'), or name its own family in the card",
    )


@contextlib.contextmanager
def built(card: Card, *, file: Path) -> Iterator[None]:
    """Turn what building a model from a checkpoint's content raises into one clear refusal.

    Raises:
        PotentialError: The content does not fit the family's architecture.
    """
    try:
        yield
    except (RuntimeError, KeyError, TypeError, ValueError, AttributeError, AssertionError) as error:
        if isinstance(error, PotentialError):
            raise
        raise refused_checkpoint(card, file=file, found=_first_line(error)) from error


def hold_against_card(card: Card, facts: Mapping[str, tuple[object, object]]) -> None:
    """Refuse a card whose facts are not the checkpoint's, since run settings are derived from the card.

    Args:
        card: For the message.
        facts: For each key of the card: what it states, and what the checkpoint says.

    Raises:
        PotentialError: Naming the first that differs.
    """
    for key, (stated, found) in facts.items():
        if stated != found:
            raise PotentialError(
                f"the card '{card.name}' contradicts its checkpoint: {key}", got=stated, allowed=found, repair="mend it"
            )


@contextlib.contextmanager
def left_unchanged() -> Iterator[None]:
    """Undo what loading a package and its model does to the process: torch's and numpy's state, prints, warnings.

    What a package prints or warns of while it loads is dropped; its errors are not.
    """
    import torch

    variable, threads = os.environ.get(UNSAFE_LOADING), torch.get_num_threads()
    dtype, matmul, grad = torch.get_default_dtype(), torch.get_float32_matmul_precision(), torch.is_grad_enabled()
    numpy_state, python_state = np.random.get_state(), random.getstate()
    try:
        with torch.random.fork_rng(devices=[]), warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        torch.set_default_dtype(dtype)
        if torch.get_float32_matmul_precision() != matmul:
            torch.set_float32_matmul_precision(matmul)
        torch.set_grad_enabled(grad)
        if torch.get_num_threads() != threads:
            torch.set_num_threads(threads)
        np.random.set_state(numpy_state)
        random.setstate(python_state)
        if variable is None:
            os.environ.pop(UNSAFE_LOADING, None)
        else:
            os.environ[UNSAFE_LOADING] = variable


def keep_compiled_kernels() -> None:
    """Let cuEquivariance keep what it compiles with the environment: it takes most of a minute, in each process."""
    os.environ.setdefault(COMPILED_KERNELS, str(Path(sys.prefix) / "share" / "sselmp" / "kernels"))


@contextlib.contextmanager
def in_precision(card: Card) -> Iterator[None]:
    """Let torch compute in the card's precision, and leave its default type and its random numbers as they were."""
    import torch

    before = torch.get_default_dtype()
    torch.set_default_dtype(getattr(torch, card.precision))
    try:
        with torch.random.fork_rng(devices=[]):  # torch's data loader, used by some packages, draws a number
            yield
    finally:
        torch.set_default_dtype(before)


def steady(calculator: Calculator, *, card: Card) -> Calculator:
    """Make a package's calculator compute in the card's precision, restore torch's, and answer in one form.

    Its ``results`` then hold energy and free_energy [eV], forces (n, 3) [eV/Å], and where the card says so stress (6,)
    [eV/Å³] and energies (n,) [eV], as Python floats and float64 arrays.
    """
    evaluate: Callable[..., None] = calculator.calculate
    wanted = ["energy", "free_energy", "forces"] + ["stress"] * card.stress + ["energies"] * card.per_atom_energy

    def calculate(  # noqa: PLR0917 - ASE's signature
        atoms: Atoms | None = None, properties: Sequence[str] = ("energy",), system_changes: Sequence[str] = ()
    ) -> None:
        with in_precision(card):
            evaluate(atoms, list(properties), list(system_changes))
        given = {"free_energy": calculator.results["energy"], **calculator.results}
        calculator.results = {key: _plain(given[key], key=key) for key in wanted if key in given}

    calculator.calculate = calculate
    return calculator


def _plain(value: Any, *, key: str) -> Any:  # noqa: ANN401 - a number or an array, as the key says
    if "energy" in key:
        return float(value)
    shape = {"stress": (6,), "energies": (-1,), "forces": (-1, 3)}[key]
    return np.array(value, dtype=np.float64).reshape(shape)


def _first_line(error: Exception) -> str:
    return f"{type(error).__name__}: {(str(error).splitlines() or ['no message'])[0]}"
