"""The commands about what there is: systems, campaigns, environments and the plugin."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sselmp import layout, programs
from sselmp.cli import console
from sselmp.cli.stages import build_environment
from sselmp.errors import EnvironmentFaultError, SettingsError, nearest

environment_app = typer.Typer(no_args_is_help=True, help="Build and list the potentials' own environments.")
plugin_app = typer.Typer(no_args_is_help=True, help="The LAMMPS plugin with pair style sselmp.")


def systems() -> None:
    """List the systems that come with sselmp."""
    from sselmp.structures.systems import load_system, system_names

    loaded = [load_system(name) for name in system_names()]
    rows = [(s.name, s.title, str(len(s.crystal.species)), s.mobile_species) for s in loaded]
    console.show_table(("system", "what it is", "atoms", "mobile"), rows)


def campaigns() -> None:
    """List the campaigns that come with sselmp."""
    from sselmp.settings import load_campaign

    found = [load_campaign(path.stem) for path in sorted(layout.campaigns_folder().glob("*.toml"))]
    rows = [
        (name, c.title, " ".join(f"{t:g}" for t in c.temperatures_K), f"{c.dynamics.production_ps:g}")
        for name, c in found
    ]
    console.show_table(("campaign", "what it is", "T [K]", "production [ps]"), rows)


@environment_app.command("build")
def environment_build(
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="A potential or an environment.")] = None,
    every: Annotated[bool, typer.Option("--all", help="Build all of them.")] = False,
) -> None:
    """Build an environment: exact pins, sselmp, and the LAMMPS plugin. One that is ready is left alone."""
    if every == (name is not None):
        raise SettingsError("name an environment, or give --all", allowed=", ".join(layout.environment_names()))
    failures: list[EnvironmentFaultError] = []
    for environment in layout.environment_names() if every else (_environment_of(str(name)),):
        try:
            build_environment(environment)
        except EnvironmentFaultError as error:
            if not every:
                raise
            failures.append(error)
            console.tell(f"error: {error}", style="red")
        else:
            console.say(f"{environment}: ready in {layout.environments_folder() / environment}")
    if failures:
        raise EnvironmentFaultError(
            f"{len(failures)} of {len(layout.environment_names())} environments could not be built",
            got="; ".join(failure.what for failure in failures),
            repair="mend what each message above names and run the same command again: those that are ready are kept",
        )


@environment_app.command("list")
def environment_list() -> None:
    """List the environments and their state."""
    from sselmp.potentials.environments import state

    rows = [(name, state(name), str(layout.environments_folder() / name)) for name in layout.environment_names()]
    console.show_table(("environment", "state", "folder"), rows)


@plugin_app.command("build")
def plugin_build(
    lammps: Annotated[Path, typer.Option("--lammps", metavar="PATH", help="Source tree or installation prefix.")],
    potential: Annotated[str, typer.Option("--potential", "-p", help="Whose Python shall answer.")] = "sevennet",
    output: Annotated[Path, typer.Option("--output", help="Folder that receives the plugin.")] = Path("lammps-plugins"),
    mpi_include: Annotated[
        Path | None, typer.Option("--mpi-include", help="Folder of the mpi.h it was built with.")
    ] = None,
    define: Annotated[
        list[str] | None, typer.Option("--define", help="How it was built, such as LAMMPS_BIGBIG.")
    ] = None,
) -> None:
    """Compile the pair style for your own LAMMPS (with its PLUGIN package), answered by a potential's environment."""
    from sselmp.potentials.cards import load_card
    from sselmp.potentials.environments import environment_prefix

    card = load_card(potential)
    build_environment(card.environment)
    argv = [
        str(environment_prefix(card) / "bin" / "python"),
        "-m",
        "sselmp.bridge.build",
        "--lammps",
        str(lammps.resolve()),
    ]
    argv += ["--output", str(output.resolve())]
    argv += ["--mpi-include", str(mpi_include.resolve())] if mpi_include else []
    argv += [word for name in define or [] for word in ("--define", name)]
    done = programs.run(argv)
    if done.exit_code != 0:
        raise EnvironmentFaultError(f"the plugin for {lammps} could not be built", got=f"\n{done.output.strip()}")
    console.say(f"built {done.output.strip().splitlines()[-1]}")
    console.say(f"before you start lmp: export LAMMPS_PLUGIN_PATH={output.resolve()}")


def _environment_of(name: str) -> str:
    """An environment by its own name or by that of a potential that uses it."""
    from sselmp.potentials.cards import card_names, load_card

    if name in layout.environment_names():
        return name
    if name in card_names() or name.endswith(".toml"):
        return load_card(name).environment
    known = {*layout.environment_names(), *card_names()}
    raise SettingsError(f"there is no environment or potential '{name}'", allowed=nearest(name, known))
