"""The command that corrects D of a melt for the size of its cell, and says why a solid's is not."""

from __future__ import annotations

from typing import Annotated

import typer

from sselmp import units
from sselmp.cli import console
from sselmp.errors import FAILURE
from sselmp.transport.finite_size import Phase


def finite_size(
    diffusivity: Annotated[float, typer.Option("--diffusivity", metavar="CM2/S", help="D in the periodic cell.")],
    temperature: Annotated[float, typer.Option("--temperature", metavar="KELVIN", help="Of the run.")],
    viscosity: Annotated[float, typer.Option("--viscosity", metavar="MPA_S", help="Of the same model, there.")],
    length: Annotated[float, typer.Option("--length", metavar="ANGSTROM", help="Edge of the cube.")],
    error: Annotated[float, typer.Option("--error", metavar="CM2/S", help="Standard error of D.")] = 0.0,
    viscosity_error: Annotated[float, typer.Option("--viscosity-error", metavar="MPA_S")] = 0.0,
    phase: Annotated[Phase, typer.Option("--phase", help="What was simulated; a solid is refused.")] = "solid",
) -> None:
    """Correct D of a liquid or melt for its periodic cell (Yeh and Hummer); a solid needs no such correction."""
    from sselmp.transport.arrhenius import Refusal
    from sselmp.transport.finite_size import Fluid, yeh_hummer

    factor = units.A2_PER_PS_IN_CM2_PER_S
    fluid = Fluid(temperature, viscosity, length, viscosity_error_mPa_s=viscosity_error)
    found = yeh_hummer(diffusivity / factor, error=error / factor, fluid=fluid, phase=phase)
    if isinstance(found, Refusal):
        console.say(found.reason)
        raise typer.Exit(FAILURE)
    console.say(f"D∞ = ({found.D * factor:.3e} ± {found.error * factor:.1e}) cm²/s")
    console.say(f"of which {found.correction * factor:.3e} cm²/s for the size of the cell")
