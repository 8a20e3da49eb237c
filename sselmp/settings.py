"""Campaign settings from TOML, checked and typed; unknown keys are refused with the nearest valid name."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from sselmp import layout
from sselmp.errors import RunError, SettingsError, nearest

Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
NotNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Finite = Annotated[float, Field(allow_inf_nan=False)]
Count = Annotated[int, Field(ge=1)]
Route = Literal["bridge", "mliap", "native", "e3gnn", "e3gnn/parallel"]  # a potential's ways into LAMMPS
PreflightLevel = Literal["full", "quick", "skip"]
# What energies compare with; those of two references must not be subtracted. PBE+U is what the Materials Project
# calculates, uncorrected.
EnergyReference = Literal["PBE", "PBE+U", "MP2020-corrected", "r2SCAN", "PBE MatPES", "custom"]
# What the drift of a whole trajectory is removed with: what stands still.
Reference = Literal["framework", "centre of mass", "none"]
Model = TypeVar("Model", bound=BaseModel)


class Checked(BaseModel):
    """Base of all settings: frozen, and no key that is not declared."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=False)


def read_record(model: type[Model], path: Path, *, what: str, command: str) -> Model:
    """Read a record that a command has left as JSON.

    Args:
        model: Its type.
        path: Where it is.
        what: What it should be, such as ``the record of a preflight``.
        command: That makes it anew.

    Raises:
        RunError: It cannot be read or understood.
    """
    try:
        return model.model_validate_json(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, ValidationError) as error:
        raise RunError(
            f"{path} is not {what}",
            got=str(error).splitlines()[0],
            repair=f"delete it and run '{command}' again",
        ) from error


class Cell(Checked):
    """Size of the simulated cell: factors along a, b, c, or the smallest number of atoms, or neither (as read)."""

    supercell: tuple[Count, Count, Count] | None = None
    minimum_atoms: Count | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if self.supercell and self.minimum_atoms:
            msg = "give supercell or minimum_atoms, not both"
            raise ValueError(msg)
        return self


class Relaxation(Checked):
    """Minimisation before the dynamics: of nothing, of the positions, or of positions and cell."""

    what: Literal["none", "positions", "isotropic", "anisotropic", "triclinic"] = "none"
    force_tolerance_eV_per_A: Positive = 0.05
    maximum_steps: Count = 200


class Dynamics(Checked):
    """Integration, thermostat and barostat of the equilibration and the production."""

    ensemble: Literal["nvt", "npt", "nve"] = "nvt"  # nve: only from the end of another run (sselmp thermostat)
    thermostat: Literal["berendsen", "nose-hoover", "csvr"] = "berendsen"
    barostat: Literal["berendsen", "mtk"] = "berendsen"
    pressure_bar: Finite = 0.0
    timestep_fs: Positive = 2.0
    thermostat_time_fs: Positive = 200.0
    barostat_time_fs: Positive = 2000.0
    # Berendsen's barostat needs a compressibility; only the ratio of its time to this modulus matters.
    bulk_modulus_GPa: Positive = 30.0
    equilibration_ps: NotNegative
    production_ps: Positive


class Output(Checked):
    """How often, in steps, things are written."""

    thermo_every: Count = 10
    trajectory_every: Count = 10
    restart_every: Count = 500


class Guard(Checked):
    """Limits at which an exploding run stops."""

    temperature_factor: Annotated[float, Field(gt=1)] = 3.0
    volume_factor: Annotated[float, Field(gt=1)] = 1.5


class Transport(Checked):
    """How diffusivities are turned into a conductivity."""

    mobile_species: str | None = None  # default: the system's own
    extrapolate_to_K: Positive = 300.0
    reference: Reference = "framework"
    fit_start_ps: Positive | None = None  # default: found from the data


class Campaign(Checked):
    """A campaign: potentials × systems × temperatures × seeds, and the settings that they share."""

    title: str
    notice: str | None = None  # one line printed with every result, such as that it is a demonstration only
    potentials: Annotated[tuple[str, ...], Field(min_length=1)]
    systems: Annotated[tuple[str, ...], Field(min_length=1)]
    temperatures_K: Annotated[tuple[Positive, ...], Field(min_length=1)]
    seeds: Annotated[tuple[Annotated[int, Field(ge=1, le=900_000_000)], ...], Field(min_length=1)] = (1,)
    route: Route | None = None  # default: the first of each potential's card
    cell: Cell = Cell()
    relaxation: Relaxation = Relaxation()
    dynamics: Dynamics
    output: Output = Output()
    guard: Guard = Guard()
    transport: Transport = Transport()
    preflight: PreflightLevel = "full"  # what a potential must pass before its first run

    @model_validator(mode="after")
    def _guard_above_start(self) -> Self:
        if self.relaxation.what != "none" and self.guard.temperature_factor < 2.5:
            msg = (
                f"guard.temperature_factor is {self.guard.temperature_factor:g}, but a run that starts from a relaxed "
                "structure starts at twice its temperature: take 2.5 or more, or relaxation.what = 'none'"
            )
            raise ValueError(msg)
        return self

    @model_validator(mode="after")
    def _thermostat(self) -> Self:
        if self.dynamics.ensemble == "nve":
            msg = (
                "dynamics.ensemble = 'nve' has no thermostat to bring a new structure to its temperature; run 'nvt', "
                "and continue it at constant energy with 'sselmp thermostat RUN_FOLDER'"
            )
            raise ValueError(msg)
        return self

    @model_validator(mode="after")
    def _no_doubles(self) -> Self:
        for key in ("potentials", "systems", "temperatures_K", "seeds"):
            values = getattr(self, key)
            if len(set(values)) != len(values):
                msg = f"{key} names a value twice: {list(values)}"
                raise ValueError(msg)
        return self


def steps(duration_ps: float, *, timestep_fs: float, multiple_of: int) -> int:
    """Number of time steps nearest to a duration [ps] that is a multiple of an output interval (dumps must align)."""
    return round(duration_ps * 1000.0 / timestep_fs / multiple_of) * multiple_of


def read_toml(path: Path) -> dict[str, Any]:
    """Parse a TOML file.

    Raises:
        SettingsError: It cannot be read or is not TOML.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(
            f"cannot read {path}", got=error.strerror, repair="check the path and its permissions"
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} is not valid TOML", got=error, repair="mend the named line") from error


def check(model: type[Model], values: dict[str, Any], *, source: str) -> Model:
    """Check plain values against a settings model.

    Args:
        model: The settings class.
        values: What was read.
        source: Where from, for the message.

    Raises:
        SettingsError: With the first fault: its key, what was found, what is allowed, the nearest valid key.
    """
    try:
        return model.model_validate(values)
    except ValidationError as error:
        # A misspelt key is at fault before the key that is missing for it.
        fault = min(error.errors(), key=lambda one: one["type"] != "extra_forbidden")
        where = ".".join(str(part) for part in fault["loc"])
        if fault["type"] == "extra_forbidden":
            allowed = nearest(str(fault["loc"][-1]), _keys(model, fault["loc"][:-1]))
            raise SettingsError(f"{source}: there is no setting '{where}'", allowed=allowed) from error
        message = fault["msg"].removeprefix("Value error, ")
        got = None if fault["type"] in {"missing", "value_error"} else repr(fault["input"])
        raise SettingsError(f"{source}: {where or 'settings'}: {message}", got=got) from error


def _keys(model: type[BaseModel], location: tuple[int | str, ...]) -> list[str]:
    """Names of the fields of the settings class that a location points into."""
    for part in location:
        if isinstance(part, int):  # a place in a list; what is listed was found with the list's own name
            continue
        field = model.model_fields.get(part)
        parts = (field.annotation, *get_args(field.annotation)) if field else ()
        inner = [part for part in parts if isinstance(part, type) and issubclass(part, BaseModel)]
        if not inner:
            return []
        model = inner[0]
    return list(model.model_fields)


def find_campaign(name: str) -> Path:
    """Locate a campaign by the name of a shipped one or by the path of a TOML file.

    Raises:
        SettingsError: There is none; the nearest names are offered.
    """
    if name.endswith(".toml") or "/" in name:
        path = Path(name)
        if not path.is_file():
            raise SettingsError(f"there is no campaign file {name}", repair="check the path")
        return path
    path = layout.campaigns_folder() / f"{name}.toml"
    if not path.is_file():
        known = [p.stem for p in layout.campaigns_folder().glob("*.toml")]
        raise SettingsError(f"there is no campaign '{name}'", allowed=nearest(name, known))
    return path


def load_campaign(name: str) -> tuple[str, Campaign]:
    """Read a campaign by name or path; returns its name (the file's stem) and its settings.

    Raises:
        SettingsError: It does not exist or a setting is wrong.
    """
    path = find_campaign(name)
    return path.stem, check(Campaign, read_toml(path), source=str(path))
