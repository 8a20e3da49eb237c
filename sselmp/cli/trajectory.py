"""The commands that look into trajectories: how ions move, hop, and differ between runs."""

from __future__ import annotations

import typer

from sselmp.cli import hops

app = typer.Typer(no_args_is_help=True, help="How the ions of finished runs move: hops, and what differs between runs.")
app.command("hops")(hops.hops)
app.command("compare")(hops.compare)
