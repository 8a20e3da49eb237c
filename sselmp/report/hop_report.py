"""Run folders to hop analyses: chooses sites and cages as asked and calls what follows the ions; writes nothing."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import Field

from sselmp.errors import SettingsError, StructureError
from sselmp.settings import Checked, Finite, check, read_toml
from sselmp.structures.crystal import Crystal
from sselmp.structures.systems import load_system
from sselmp.trajectory.record import Trajectory
from sselmp.trajectory.run_folder import RunFacts, RunTrajectory
from sselmp.transport.cages import Cages, cages_around, free_atoms
from sselmp.transport.hop_analysis import HopAnalysis, analyse_hops
from sselmp.transport.site_sources import NamedSites, sites_of_crystal, sites_of_density, sites_of_user
from sselmp.transport.sites import Sites
from sselmp.transport.surroundings import Surroundings, surroundings

STRUCTURE, DENSITY = "structure", "density"
Three = tuple[int, int, int]


class SiteSettings(Checked):
    """One site of a file of sites."""

    label: str
    position: tuple[Finite, Finite, Finite]


class SitesSettings(Checked):
    """A user's file of sites: fractional coordinates in the conventional cell, and the space group of their images."""

    space_group: Annotated[int, Field(ge=1, le=230)] = 1
    sites: Annotated[tuple[SiteSettings, ...], Field(min_length=1)]


@dataclass(frozen=True)
class HopRequest:
    """How hops are to be analysed.

    Attributes:
        sites: ``structure``, ``density``, or the path of a file of sites.
        system: System or structure file whose sites are taken; None for that of the run, which must be a run folder.
        radius_A: Radius of the cores [Å]; None for 0.4 of the shortest distance of two sites, 1.2 Å at most.
        cage: Species that cages are around; empty for no cages.
        repeats: Unit cells along a, b, c that a density is folded into.
    """

    sites: str = STRUCTURE
    system: str | None = None
    radius_A: float | None = None
    cage: tuple[str, ...] = ()
    repeats: Three = (1, 1, 1)


@dataclass(frozen=True)
class HopReport:
    """The hops of one run, and what they were analysed with.

    Attributes:
        name: Of the run.
        potential: Name of the potential.
        system: Name of the system.
        temperature_K: [K].
        mobile: The species that hops.
        sites_from: Where the sites come from, in words.
        analysis: What was found.
    """

    name: str
    potential: str
    system: str
    temperature_K: float
    mobile: str
    sites_from: str
    analysis: HopAnalysis


def report_run(run: RunTrajectory, request: HopRequest) -> HopReport:
    """Analyse the hops of one run.

    Raises:
        SettingsError: The sites or the system asked for do not exist.
        TrajectoryError: The trajectory, the sites or the cages cannot be used.
    """
    facts, trajectory = run.facts, run.trajectory
    mobile = facts.mobile_species
    around = surroundings(trajectory, mobile)
    sites = sites_for(trajectory, around, mobile=mobile, request=request, system=request.system or facts.system)
    analysis = analyse_hops(trajectory, around, sites=sites, cages=cages_for(around, sites, request=request))
    return HopReport(
        name=facts.folder.name,
        potential=facts.potential,
        system=facts.system,
        temperature_K=facts.temperature_K,
        mobile=mobile,
        sites_from=_source(request, facts),
        analysis=analysis,
    )


def sites_for(
    trajectory: Trajectory, around: Surroundings, *, mobile: str, request: HopRequest, system: str
) -> Sites:  # fmt: skip
    """The sites that a request asks for, in the cell of a run.

    Raises:
        SettingsError: There is no such system or file.
        TrajectoryError: The sites overlap or do not fit the run.
    """
    if request.sites == DENSITY:
        return sites_of_density(trajectory, around, mobile=mobile, repeats=request.repeats, radius_A=request.radius_A)
    crystal = crystal_of(system, mobile, purpose="the sites")
    if request.sites == STRUCTURE:
        return sites_of_crystal(crystal, around, mobile=mobile, radius_A=request.radius_A)
    named = check(SitesSettings, read_toml(Path(request.sites)), source=request.sites)
    asked = NamedSites(
        labels=tuple(site.label for site in named.sites),
        positions=tuple(site.position for site in named.sites),
        space_group=named.space_group,
    )
    return sites_of_user(asked, crystal, around=around, radius_A=request.radius_A)


def cages_for(around: Surroundings, sites: Sites, *, request: HopRequest) -> Cages | None:
    """Cages around the free atoms of the species asked for; None where none is.

    Raises:
        TrajectoryError: A species is not there, none of its atoms is free, or no site is near them.
    """
    if not request.cage:
        return None
    free = free_atoms(around.fractional, species=around.species, centres=request.cage, cell=around.cell)
    return cages_around(around.fractional[free], sites, species=request.cage)


def crystal_of(system: str, mobile: str, *, purpose: str) -> Crystal:
    """The structure that something is taken from.

    Args:
        system: Name or file of a system.
        mobile: The species that moves.
        purpose: What is taken from it, such as ``the sites``.

    Raises:
        SettingsError: There is no such structure, or it cannot be used.
    """
    try:
        return load_system(system, mobile_species=mobile).crystal
    except (SettingsError, StructureError) as error:
        raise SettingsError(
            f"{purpose} cannot be taken from the structure '{system}'",
            got=str(error).splitlines()[0],
            repair="name the run's structure with --system NAME|FILE"
            + (", or take them from the density: --sites density" if purpose == "the sites" else ""),
        ) from error


def _source(request: HopRequest, facts: RunFacts) -> str:
    if request.sites == DENSITY:
        return "maxima of the density"
    if request.sites == STRUCTURE:
        return f"structure of {request.system or facts.system}"
    return f"file {Path(request.sites).name}"
