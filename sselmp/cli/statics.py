"""The command that finds static properties of structures with a potential."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sselmp import layout
from sselmp.cli import console
from sselmp.cli.choices import ResultsOption, WeightsOption
from sselmp.cli.stability import (
    COMPARED,
    AgainstOption,
    Comparison,
    CorrectedOption,
    EntriesOption,
    HighestVoltageOption,
    OpenElementOption,
    find_and_show,
    way_of,
)
from sselmp.cli.stages import make_ready
from sselmp.errors import SettingsError, SselmpError, nearest

if TYPE_CHECKING:
    from sselmp.launch.statics import Outcome
    from sselmp.statics.settings import Property, StaticsSettings
    from sselmp.structures.crystal import Crystal

StructuresArgument = Annotated[
    list[str], typer.Argument(metavar="NAME|FILE...", help="Systems, or structure files (CIF, POSCAR, extxyz).")
]
PropertiesOption = Annotated[
    str,
    typer.Option(
        "--properties",
        metavar="LIST",
        help="Of relax (atoms and cell), eos (energy against volume), elastic (elastic tensor and moduli), phonons "
        "(bands, density of states, imaginary modes, heat capacity; rest: the ions' own relaxation before), barriers "
        "(of the hops of an ion into a vacancy), hull "
        "(formation energy, distance to the hull, decomposition), voltage (stability window, ions taken up).",
    ),
]
SettingsOption = Annotated[
    str | None,
    typer.Option(
        "--settings",
        metavar="NAME|FILE.toml",
        help="'paper': as matcalc's defaults, for numbers beside published ones; or tables of your own: [relaxation], "
        "[equation_of_state], [elasticity], [phonons], [barriers].",
    ),
]
OptimizerOption = Annotated[
    str | None, typer.Option("--optimizer", metavar="NAME", help="Of ASE: FIRE (default), BFGS, LBFGS, FIRE2 …")
]
FmaxOption = Annotated[
    float | None, typer.Option("--fmax", metavar="EV_PER_A", help="Largest force when relaxed (default 0.05 eV/Å).")
]
StepsOption = Annotated[int | None, typer.Option("--max-steps", help="Steps of the relaxation (default 500).")]
SymmetryOption = Annotated[
    bool, typer.Option("--keep-symmetry", help="Hold the space group that a structure starts with.")
]
ClampedOption = Annotated[
    bool, typer.Option("--clamped", help="Strained cells with clamped ions only: fast, and too stiff.")
]
MobileOption = Annotated[
    str | None, typer.Option("--mobile", metavar="ELEMENT", help="The ion whose hops have barriers (default Li).")
]


def statics(
    structures: StructuresArgument,
    potential: Annotated[
        str, typer.Option("--potential", "-p", metavar="NAME|CARD.toml", help="The potential.")
    ] = "sevennet",
    properties: PropertiesOption = "relax,eos,elastic",
    settings: SettingsOption = None,
    optimizer: OptimizerOption = None,
    fmax: FmaxOption = None,
    max_steps: StepsOption = None,
    keep_symmetry: SymmetryOption = False,
    clamped: ClampedOption = False,
    mobile: MobileOption = None,
    against: AgainstOption = "self",
    corrected: CorrectedOption = False,
    entries: EntriesOption = None,
    open_element: OpenElementOption = "Li",
    highest_voltage: HighestVoltageOption = 5.0,
    weights: WeightsOption = None,
    threads: Annotated[
        int | None, typer.Option("--threads", min=1, help="Threads of the potential (default: all cores).")
    ] = None,
    results: ResultsOption = Path("results"),
) -> None:
    """Relax structures with a potential; find equation of state, moduli, phonons, barriers, hull, voltage window.

    Run it again to resume: what is in results/statics with the same structure, settings and potential is not redone. A
    structure that fails does not stop the others and is told at the end (exit 1).

    A hull needs the phases that a structure competes with. `--against self`, the default, relaxes those under
    inputs/phases with the same potential; `--against mp` takes the Materials Project's entries from --entries, or
    fetches them there with the key in MP_API_KEY.

    Barriers are of all hops of an ion (--mobile) up to 4 Å into a vacancy, by the climbing-image nudged elastic band,
    and of the way through the crystal that these hops make; [barriers] in --settings changes lengths, images, limits.

    Example: sselmp statics *.cif --potential sevennet --properties relax,elastic

    Example: sselmp statics Li3YCl6 --properties phonons

    Example: sselmp statics Li6PS5Cl --properties hull,voltage

    Example: sselmp statics LiCl.cif --properties relax,barriers
    """
    from sselmp.launch.statics import Request, study
    from sselmp.potentials.cards import load_card
    from sselmp.potentials.own import card_for_weights

    chosen, compared = _chosen(properties)
    way = way_of(against)
    overrides: dict[str, object] = {"optimizer": optimizer, "fmax_eV_per_A": fmax, "maximum_steps": max_steps}
    overrides |= {"keep_symmetry": True} if keep_symmetry else {}
    how = _settings(settings, relaxation=overrides, clamped=clamped, mobile=mobile)
    card = load_card(potential)
    crystals, unread = _read(structures)
    if crystals:
        if weights is not None:
            potential = str(card_for_weights(potential, weights, folder=results / layout.OWN_CARDS))
            card = load_card(potential)
        make_ready(card)
        request = Request(potential, tuple(crystals), chosen, settings=how, results=results, threads=threads)
        if chosen:
            with console.followed_bar(f"statics with {card.name}") as follow:
                outcome = study(request, on_progress=follow)
            _show(outcome, layout.statics_folder(card.name, base=results))
            unread += [f"{one.structure}, {one.property}: {one.message}" for one in outcome.failures]
        if compared:
            element = open_element if "voltage" in compared else None
            asked = Comparison(way, corrected, entries, element=element, highest_V=highest_voltage)
            unread += find_and_show(request, asked, folder=layout.statics_folder(card.name, base=results))
    _tell_failures(unread, structures=len(structures))


def _chosen(properties: str) -> tuple[tuple[Property, ...], tuple[str, ...]]:
    """Properties of a structure by itself, and those that compare it with others."""
    from sselmp.statics.settings import PROPERTIES

    names = [name.strip() for name in properties.split(",") if name.strip()]
    unknown = [name for name in names if name not in {*PROPERTIES, *COMPARED}]
    if unknown or not names:
        raise SettingsError(
            f"there is no static property '{unknown[0]}'" if unknown else "no static property is named",
            allowed=nearest(unknown[0] if unknown else "", (*PROPERTIES, *COMPARED)),
        )
    return tuple(name for name in PROPERTIES if name in names), tuple(name for name in COMPARED if name in names)


def _settings(name: str | None, *, relaxation: dict[str, object], clamped: bool, mobile: str | None) -> StaticsSettings:
    """The settings of a file with those of the options in their place."""
    from sselmp.settings import check, read_toml
    from sselmp.statics.settings import StaticsSettings

    read = {} if name is None else read_toml(_settings_file(name))
    values = check(StaticsSettings, read, source=str(name)).model_dump()
    values["relaxation"] |= {key: value for key, value in relaxation.items() if value is not None}
    values["elasticity"] |= {"relax_ions": False} if clamped else {}
    values["barriers"] |= {} if mobile is None else {"element": mobile}
    return check(StaticsSettings, values, source="the options")


def _settings_file(name: str) -> Path:
    if name.endswith(".toml") or "/" in name:
        return Path(name).expanduser()
    path = layout.statics_settings_folder() / f"{name}.toml"
    if not path.is_file():
        known = [p.stem for p in layout.statics_settings_folder().glob("*.toml")]
        raise SettingsError(f"there are no settings '{name}'", allowed=nearest(name, known))
    return path


def _read(structures: list[str]) -> tuple[list[Crystal], list[str]]:
    """The crystals that can be read, and what is wrong with the others."""
    from sselmp.structures.read import read_crystal
    from sselmp.structures.systems import SYSTEM_FILE, load_system, system_names

    crystals, faults = [], []
    for name in structures:
        try:
            if name in system_names() or Path(name).name == SYSTEM_FILE:
                crystals.append(load_system(name).crystal)
            elif Path(name).suffix or "/" in name or Path(name).exists():
                crystals.append(read_crystal(Path(name).expanduser()))
            else:
                allowed = nearest(name, system_names())
                raise SettingsError(f"there is no system '{name}', nor a file of that name", allowed=allowed)
        except SselmpError as error:
            if len(structures) == 1:
                raise
            faults.append(f"{name}: {error}")
    return crystals, faults


def _show(outcome: Outcome, folder: Path) -> None:
    """Print what was found, draw what has a figure, and write the tables of all that the folder holds."""
    from sselmp.report import barrier_tables, phonon_tables, statics_figures, statics_tables
    from sselmp.statics.barriers import Barriers

    if outcome.records:
        for one in outcome.records:
            figure = folder / one.structure / one.identity.file_name().replace(".json", ".png")
            if not figure.is_file():
                statics_figures.draw(one, figure)
                phonon_tables.write(one, figure)
            if isinstance(one.result, Barriers):
                barrier_tables.write(one.result, figure.with_suffix(""))
        table = statics_tables.table(outcome.records)
        console.show_table(table.headers, table.rows)
        for sentence in statics_tables.cautions(outcome.records):
            console.say(sentence)
        for path in statics_tables.write(folder):
            console.say(f"written to {path}")
        console.say(f"records, trajectories and figures are in {folder}/STRUCTURE/")


def _tell_failures(faults: list[str], *, structures: int) -> None:
    from sselmp.errors import RunError

    if faults:
        listed = "\n".join(faults)
        raise RunError(f"of {structures} structures, {len(faults)} results could not be had\n{listed}")
