"""Entry point of ``sselmp``: registers the commands and turns errors into one message and an exit code."""

from __future__ import annotations

import errno
import os
import sys
from typing import Annotated

import typer

from sselmp import __version__
from sselmp.cli import (
    analyze,
    bench,
    catalogue,
    console,
    finite_size,
    hops,
    inventory,
    plan,
    preflight,
    routes,
    stages,
    statics,
    thermostat,
    trajectory,
    weights,
)
from sselmp.errors import FAILURE, USER_FAULT, SselmpError

INTERRUPTED = 130
app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Benchmark machine-learning interatomic potentials on solid-state electrolytes, through LAMMPS.",
    epilog="Start with: sselmp diffusion --campaign quick",
)
app.command()(stages.diffusion)
app.command()(stages.prepare)
app.command()(stages.run)
app.command()(analyze.analyze)
app.command()(plan.plan)
app.command()(thermostat.thermostat)
app.command()(finite_size.finite_size)
app.command()(statics.statics)
app.command()(preflight.preflight)
app.command()(bench.bench)
app.command()(catalogue.potentials)
app.command()(inventory.systems)
app.command()(inventory.campaigns)
app.command()(routes.routes)
app.command()(routes.export)
app.add_typer(inventory.environment_app, name="env")
app.add_typer(inventory.plugin_app, name="plugin")
trajectory.app.command()(hops.hops)
trajectory.app.command()(hops.compare)
app.add_typer(trajectory.app, name="trajectory")
app.add_typer(weights.app, name="weights")


def _version(wanted: bool) -> None:
    if wanted:
        console.say(f"sselmp {__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and stop.")
    ] = False,
) -> None:
    """Take the options that come before a command; all of them act by their callbacks."""


def main() -> None:
    """Run the command line; exit code 0, 2 for a user's fault, 1 for a failure, 130 after Ctrl-C."""
    sys.exit(_run())


def _run() -> int:
    code = _code()
    if code == INTERRUPTED:
        console.tell("interrupted; run the same command again to resume", style="yellow")
    return code


def _code() -> int:
    try:
        code = app(standalone_mode=False)  # typer makes 130 of a Ctrl-C, and says nothing
    except SselmpError as error:
        console.tell(f"error: {error}", style="red")
        return error.exit_code
    except (KeyboardInterrupt, typer.Abort):
        return INTERRUPTED
    except BrokenPipeError:
        # whoever read our output has gone; nothing more may be written, at exit neither
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILURE
    except OSError as error:
        what = "the disk is full" if error.errno == errno.ENOSPC else error.strerror or str(error)
        console.tell(f"error: {what}" + (f": {error.filename}" if error.filename else ""), style="red")
        return FAILURE
    except Exception as error:
        # typer's usage errors have no public base class; they show themselves
        show = getattr(error, "show", None)
        if show is None:
            raise
        show()
        return USER_FAULT
    return code if isinstance(code, int) else 0
