"""Runs in a potential's environment: loads it once and serves the runs of a batch; started by ``sselmp run --batch``.

Usage: ``python -m sselmp.bridge.batch_program CARD --socket PATH``; ``--help`` lists the rest.
"""

from __future__ import annotations

import argparse
import os
import socket
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sselmp.bridge import batch_probe
from sselmp.bridge.batch_messages import PROGRESS, READY
from sselmp.bridge.batch_potential import BatchPotential, Wanted
from sselmp.bridge.batch_server import BatchServer, Offer
from sselmp.errors import SselmpError
from sselmp.inputs.datafile import read_data
from sselmp.potentials.calculators import chosen_device
from sselmp.potentials.cards import Card, load_card
from sselmp.potentials.environments import installed_versions

RECORDED = ("torch", "numpy", "ase")


@dataclass(frozen=True)
class Limits:
    """How many runs at once (None: any number), and how many atoms in one pass (None: any number)."""

    runs: int | None
    pass_atoms: int | None


def main(argv: Sequence[str] | None = None) -> None:
    """Serve until the program that started this one is gone, or ends it."""
    chosen = _arguments(argv)
    try:
        _tell(f"{PROGRESS} 0 1 loading the potential")
        card = load_card(chosen.card)
        asked = "auto" if card.family == "ase" else chosen.device  # ASE's own calculators know no GPU
        device = chosen_device(asked, family=card.family)
        potential = BatchPotential(card, device=device)
        limits = _limits(card, potential, structure=chosen.structure, device=device)
        offer = Offer(card.name, physics=card.physics_sha256(), device=device)
    except SselmpError as error:
        sys.stderr.write(f"sselmp-lmp: {error}\n")
        raise SystemExit(error.exit_code) from error
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(str(chosen.socket))
        listener.listen(1024)
        _tell(f"{card.name}, {potential.path}")
        _tell(f"{READY} {chosen.size or limits.runs or 0}, atoms in a pass: {limits.pass_atoms}")
        server = BatchServer(listener, potential, offer=offer, pass_atoms=limits.pass_atoms)
        server.serve(lambda: os.getppid() == chosen.starter)  # another parent: that one was killed


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("card")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--socket", type=Path, required=True)
    parser.add_argument("--starter", type=int, default=os.getppid(), help="process that this one ends with")
    parser.add_argument("--structure", type=Path, help="data file of the largest run, to measure memory with")
    parser.add_argument("--size", type=int, help="runs at once, whatever the memory")
    return parser.parse_args(argv)


def _limits(card: Card, potential: BatchPotential, *, structure: Path | None, device: str) -> Limits:
    """What is known of this potential on this device, measured if nobody has."""
    if not potential.at_once:
        return Limits(runs=None, pass_atoms=0)  # a pass is one configuration, whose memory does not add up
    if structure is None:
        return Limits(runs=None, pass_atoms=None)
    specimen, memory = _specimen(structure), batch_probe.Memory(device)
    versions, threads = _versions(), _threads()
    name = memory.name()
    path = batch_probe.record_path(card, device=name, threads=threads, versions=versions)
    known = batch_probe.read(path)
    if known is None:
        _tell(f"{PROGRESS} 0 1 measuring what fits")
        rows = batch_probe.measure(
            potential,
            specimen,
            cutoff_A=card.cutoff_A,
            memory=memory,
            on_progress=lambda done, total: _tell(f"{PROGRESS} {done} {total} measuring what fits"),
        )
        known = batch_probe.Measured(
            card=card.name,
            physics_sha256=card.physics_sha256(),
            device=name,
            threads=threads,
            versions=versions,
            rows=rows,
        )
        batch_probe.write(path, known)
    runs = known.fit(specimen, cutoff_A=card.cutoff_A, memory=memory.free())
    return Limits(runs=runs, pass_atoms=known.pass_atoms())


def _specimen(structure: Path) -> Wanted:
    from ase.data import atomic_numbers

    crystal = read_data(structure)
    numbers = np.array([atomic_numbers[symbol] for symbol in crystal.species], dtype=np.int32)
    return Wanted("specimen", numbers, np.ones(3, dtype=bool), crystal.positions, crystal.cell, energies=False)


def _versions() -> dict[str, str]:
    return installed_versions(Path(sys.prefix), RECORDED)


def _threads() -> int:
    return int(os.environ.get("OMP_NUM_THREADS", "0"))


def _tell(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
