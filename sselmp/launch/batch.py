"""Run folders whose potential one program evaluates together: which go together, where, and bringing them to an end.

Each is run as ``run.run_folder`` does, with a LAMMPS of its own; one that ends, fails or is killed leaves the others.
"""

from __future__ import annotations

import dataclasses
import os
import re
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path

from sselmp import manifest
from sselmp.errors import RunError, SettingsError, SselmpError
from sselmp.launch.argv import RunOptions, threads_per_rank, usable_cores
from sselmp.launch.batch_server import Group, Server, served
from sselmp.launch.run import run_folder, termination_interrupts
from sselmp.launch.several import OnEnd, OnProgress, collect, has_gpu
from sselmp.manifest import Manifest
from sselmp.potentials import environments
from sselmp.potentials.cards import load_card

DEVICES = Path("/dev")


@dataclass(frozen=True)
class Told:
    """Who is told what, from several threads.

    Attributes:
        on_wait: A folder and what goes on before its program starts.
        on_progress: A folder and how far it is.
        on_end: Once for each folder: its manifest, or the error that it ended with.
    """

    on_wait: Callable[[Path, str], None]
    on_progress: OnProgress
    on_end: OnEnd


def refuse_unbatchable(records: Mapping[Path, Manifest], options: RunOptions, *, at_once: int | None) -> None:
    """Refuse what cannot be had in a batch, before anything is built or started.

    Raises:
        SettingsError: Runs of another route than the bridge, several ranks, or a number of runs at once.
    """
    if at_once is not None:
        raise SettingsError(
            "--batch and --at-once are two ways to run several folders",
            got=f"--at-once {at_once} beside --batch",
            repair="leave one of them out; --batch-size says how many runs a batch takes",
        )
    if options.ranks > 1:
        raise SettingsError(
            "a run in a batch has one MPI rank: its potential is evaluated elsewhere",
            got=f"{options.ranks} ranks",
            allowed="1 rank",
            repair="leave --ranks out",
        )
    for folder, record in records.items():
        if record.identity.route != "bridge":
            raise SettingsError(
                f"{folder} cannot run in a batch: its potential is evaluated by LAMMPS itself",
                got=f"route '{record.identity.route}'",
                allowed="route 'bridge'",
                repair="run it without --batch, or prepare the campaign with --route bridge",
            )


def found_devices(variables: Mapping[str, str]) -> tuple[str, ...]:
    """The devices that batches are dealt to: each GPU where there are several, else the one that a potential finds."""
    if not has_gpu(variables):
        return ("auto",)
    visible = variables.get("CUDA_VISIBLE_DEVICES")
    if visible is None:
        count = sum(re.fullmatch(r"nvidia\d+", path.name) is not None for path in DEVICES.glob("nvidia*"))
    else:
        count = len(visible.split(","))
    return tuple(f"cuda:{index}" for index in range(count)) if count > 1 else ("auto",)


def dealt(cards: Mapping[Path, str], devices: Sequence[str]) -> tuple[tuple[Group, ...], ...]:
    """Deal run folders to devices, those of one card together; for each device its groups, one after another.

    Args:
        cards: The card of each folder.
        devices: Names of the devices.
    """
    queues: list[list[Group]] = [[] for _ in devices]
    for card in dict.fromkeys(cards.values()):
        folders = [folder for folder, own in cards.items() if own == card]
        for place, device in enumerate(devices):
            if part := tuple(folders[place :: len(devices)]):
                queues[place].append(Group(card, device=device, folders=part))
    return tuple(tuple(queue) for queue in queues if queue)


def run_batches(
    folders: Sequence[Path],
    *,
    options: RunOptions,
    size: int | None = None,
    told: Told,
    prefix: Path | None = None,
) -> None:
    """Bring run folders to their ends in batches, one for each card and device.

    Args:
        folders: The run folders.
        options: Threads (of the program that evaluates) and wall time (of each run).
        size: Runs at once in each batch; None: as many as the device's memory holds.
        told: Who is told what.
        prefix: The environment to run in; default: the one that each run's card names.

    Raises:
        SettingsError: More threads than cores are asked for, or the runs cannot be batched.
        RunError: A folder is no run folder.
        KeyboardInterrupt: The user stopped it; all programs were ended first and the manifests say so.
    """
    records = {folder: manifest.read(folder) for folder in folders}
    refuse_unbatchable(records, options, at_once=None)
    if not records:
        return
    queues = dealt({folder: record.card for folder, record in records.items()}, found_devices(os.environ))
    threads = options.threads or max(1, threads_per_rank(options, cores=usable_cores()) // len(queues))
    shared = dataclasses.replace(options, threads=threads)
    stop = threading.Event()

    def work_off(queue: Sequence[Group]) -> None:
        for group in queue:
            _run_group(group, options=shared, size=size, told=told, home=prefix, stop=stop)

    with ThreadPoolExecutor(max_workers=len(queues)) as pool, termination_interrupts():
        try:
            pending = {pool.submit(work_off, queue) for queue in queues}
            while pending:
                # woken now and then, because a signal is seen only between waits
                done, pending = wait(pending, timeout=0.5, return_when=FIRST_COMPLETED)
                for future in done:
                    future.result()
        except BaseException:
            stop.set()
            raise


def _run_group(
    group: Group, *, options: RunOptions, size: int | None, told: Told, home: Path | None, stop: threading.Event
) -> None:
    """Start the server of one batch, run its folders, and end it."""

    def wait_with(words: str) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        for folder in group.folders:
            told.on_wait(folder, words)

    try:
        where = home or environments.ready_prefix(load_card(group.card))
        with served(group, home=where, threads=options.threads or 1, size=size, on_wait=wait_with) as server:
            _run_served(group, server, options=options, told=told, home=home, stop=stop)
    except SselmpError as error:  # it could not be started: no run has begun
        for folder in group.folders:
            told.on_end(folder, error)


def _run_served(
    group: Group, server: Server, *, options: RunOptions, told: Told, home: Path | None, stop: threading.Event
) -> None:
    """Run the folders of a batch, as many at once as it takes; the next joins when one ends."""
    chosen = dataclasses.replace(options, threads=1, batch=server.socket)

    def bring_to_end(folder: Path) -> Manifest:
        server.refuse_if_ended(folder)
        try:
            return run_folder(
                folder, options=chosen, on_progress=lambda seen: told.on_progress(folder, seen), prefix=home, stop=stop
            )
        except RunError:
            server.failed = True
            server.refuse_if_ended(folder)
            raise

    with ThreadPoolExecutor(max_workers=min(server.runs or len(group.folders), len(group.folders))) as pool:
        futures = {pool.submit(bring_to_end, folder): folder for folder in group.folders}
        for folder in group.folders:
            told.on_wait(folder, "waiting")
        try:
            collect(futures, told.on_end)
        except BaseException:
            stop.set()
            for future in futures:
                future.cancel()
            raise
