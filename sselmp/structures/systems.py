"""Loading a system (an electrolyte: crystal, charges, mobile species) by name or from a user's file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Self

from pydantic import Field, StringConstraints, model_validator

from sselmp import layout
from sselmp.errors import SettingsError, nearest
from sselmp.settings import Checked, Count, Finite, Positive, check, read_toml
from sselmp.structures import checks
from sselmp.structures.crystal import Crystal
from sselmp.structures.crystallography import Site, from_crystallography
from sselmp.structures.read import KINDS, crystal_name, read_crystal

DEFAULT_MOBILE_SPECIES = "Li"
SYSTEM_FILE = "system.toml"
Angle = Annotated[float, Field(gt=0, lt=180)]


@dataclass(frozen=True)
class System:
    """An electrolyte.

    Attributes:
        name: Short name, of its folder.
        title: One line for reports.
        crystal: The ordered unit cell.
        mobile_species: Chemical symbol of the ion that conducts.
        charges: Formal charge of each element [e], read-only.
        citation: Where the structure comes from.
    """

    name: str
    title: str
    crystal: Crystal
    mobile_species: str
    charges: Mapping[str, float]
    citation: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "charges", MappingProxyType(dict(self.charges)))


class SiteSettings(Checked):
    """A fully occupied site of ``[[crystallography.sites]]``."""

    species: str
    wyckoff: str
    position: tuple[Finite, Finite, Finite]


class Crystallography(Checked):
    """Space group, lattice parameters [Å, °] and sites."""

    space_group: Annotated[int, Field(ge=1, le=230)]
    setting: Count = 1
    a_A: Positive
    b_A: Positive | None = None  # default: a
    c_A: Positive | None = None  # default: a
    alpha_deg: Angle = 90.0
    beta_deg: Angle = 90.0
    gamma_deg: Angle = 90.0
    sites: Annotated[tuple[SiteSettings, ...], Field(min_length=1)]

    def cell_parameters(self) -> tuple[float, float, float, float, float, float]:
        """The six lattice parameters [Å, °]."""
        lengths = (self.a_A, self.b_A or self.a_A, self.c_A or self.a_A)
        return (*lengths, self.alpha_deg, self.beta_deg, self.gamma_deg)

    def crystal(self, name: str) -> Crystal:
        """Build the crystal that it describes.

        Raises:
            SettingsError: There is no such space group or setting, or a site is not what it says.
            StructureError: A species is no element, or atoms are too near each other.
        """
        crystal = from_crystallography(
            name,
            [Site(site.species, site.wyckoff, site.position) for site in self.sites],
            space_group=self.space_group,
            cell_parameters=self.cell_parameters(),
            setting=self.setting,
        )
        checks.check_elements_exist(crystal)
        checks.check_distances(crystal)
        return crystal


class SystemSettings(Checked):
    """The content of ``inputs/systems/NAME/system.toml``."""

    title: Annotated[str, StringConstraints(min_length=1)]
    mobile_species: str = DEFAULT_MOBILE_SPECIES
    citation: str
    charges: dict[str, Finite]
    crystallography: Crystallography | None = None
    structure: str | None = None  # a structure file beside this one

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if (self.crystallography is None) == (self.structure is None):
            msg = "give either [crystallography] or structure = 'FILE', and not both"
            raise ValueError(msg)
        return self


def system_names() -> tuple[str, ...]:
    """Names of the systems that come with sselmp, sorted."""
    return tuple(sorted(path.parent.name for path in layout.systems_folder().glob(f"*/{SYSTEM_FILE}")))


def load_system(name_or_path: str, *, mobile_species: str | None = None) -> System:
    """Load a system and check it: distances, charge balance, and that it holds its mobile species.

    Args:
        name_or_path: The name of a shipped system, the path of a ``system.toml``, or that of a structure file, for
            which oxidation states are guessed.
        mobile_species: The ion that conducts, in place of the system's own (for a structure file: Li).

    Raises:
        SettingsError: There is no such system (the nearest names are offered), a setting of it is wrong, or the mobile
            species is not in it.
        StructureError: The structure cannot be read or fails a check.
    """
    path = Path(name_or_path).expanduser()
    if name_or_path in system_names():
        system = _from_settings(layout.systems_folder() / name_or_path / SYSTEM_FILE)
    elif path.is_file() or "/" in name_or_path or path.suffix.lower() in {*KINDS, ".toml"}:
        system = _from_settings(path) if path.suffix == ".toml" else _from_structure_file(path)
    else:
        raise SettingsError(
            f"there is no system '{name_or_path}'",
            allowed=nearest(name_or_path, system_names()),
            repair="name one of these, or give the path of a CIF, POSCAR or extxyz file",
        )
    return _with_mobile_species(system, mobile_species or system.mobile_species)


def _from_settings(path: Path) -> System:
    values = check(SystemSettings, read_toml(path), source=str(path))
    name = path.resolve().parent.name if path.name == SYSTEM_FILE else crystal_name(path)
    if values.crystallography is not None:
        crystal = values.crystallography.crystal(name)
    else:
        read = read_crystal(path.parent / str(values.structure))
        crystal = Crystal(name=name, species=read.species, cell=read.cell, positions=read.positions)
    checks.check_charges(crystal, values.charges)
    charges = {element: values.charges[element] for element in crystal.elements}
    return System(name, values.title, crystal, values.mobile_species, charges, values.citation)


def _from_structure_file(path: Path) -> System:
    crystal = read_crystal(path)
    charges = checks.guess_charges(crystal)
    title = f"{crystal.name}, read from {path.name}"
    return System(crystal.name, title, crystal, DEFAULT_MOBILE_SPECIES, charges, f"the user's file {path.name}")


def _with_mobile_species(system: System, mobile_species: str) -> System:
    if mobile_species not in system.crystal.elements:
        raise SettingsError(
            f"{system.name} holds no mobile species {mobile_species}",
            allowed=nearest(mobile_species, system.crystal.elements),
            repair="name the ion that conducts with --mobile, or mobile_species in the campaign's [transport]",
        )
    return System(system.name, system.title, system.crystal, mobile_species, system.charges, system.citation)
