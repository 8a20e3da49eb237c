"""Everything that the hops of one run show, as one record; finds no sites and draws nothing."""

from __future__ import annotations

from dataclasses import dataclass

from sselmp.trajectory.record import Trajectory
from sselmp.transport.cages import Cages
from sselmp.transport.counting import Rate
from sselmp.transport.hop_correlation import HopCorrelation, Simultaneity, correlation_of, simultaneity
from sselmp.transport.hops import (
    CageHops,
    Hops,
    KindRate,
    Residence,
    cage_hops,
    hops_of,
    kind_rates,
    residences,
    total_rate,
)
from sselmp.transport.jump_graph import Network, edges_of, folded, network_of
from sselmp.transport.sites import Sites
from sselmp.transport.surroundings import Surroundings
from sselmp.transport.visits import Visits, follow

MUCH_OUTSIDE = 0.5
SHORT_STAY_FRAMES = 5.0


@dataclass(frozen=True)
class HopAnalysis:
    """What the hops of one run show.

    Attributes:
        visits: Where every ion was.
        hops: Every hop.
        total: Hops per ion and time.
        kinds: Rates between kinds of sites.
        residences: Occupancy and residence times of each kind of site.
        cages: Hops within and between cages; None where no cages were asked for.
        correlation: Memory of single ions; None where nothing hopped.
        simultaneity: Neighbouring hops at once; None where chance would give none.
        network: Of the run's cell.
        unit_network: With sites that the unit cell's translations relate taken as one; windings in unit cells.
        cautions: Sentences about what to distrust.
    """

    visits: Visits
    hops: Hops
    total: Rate
    kinds: tuple[KindRate, ...]
    residences: tuple[Residence, ...]
    cages: CageHops | None
    correlation: HopCorrelation | None
    simultaneity: Simultaneity | None
    network: Network
    unit_network: Network
    cautions: tuple[str, ...]


def analyse_hops(
    trajectory: Trajectory, around: Surroundings, *, sites: Sites, cages: Cages | None = None
) -> HopAnalysis:
    """Follow the ions from site to site and count what they do.

    Args:
        trajectory: The run.
        around: Its surroundings.
        sites: Sites in its cell.
        cages: Cages of these sites.

    Raises:
        TrajectoryError: Too few frames (20 are needed for the errors), or no ion was ever in a core.
    """
    visits = follow(trajectory, around, sites=sites)
    hops = hops_of(visits)
    total = total_rate(hops, visits)
    stays = residences(hops, visits)
    return HopAnalysis(
        visits=visits,
        hops=hops,
        total=total,
        kinds=kind_rates(hops, visits),
        residences=stays,
        cages=None if cages is None else cage_hops(hops, visits, cages=cages),
        correlation=correlation_of(hops, sites),
        simultaneity=simultaneity(hops, visits),
        network=network_of(edges_of(hops)),
        unit_network=network_of(edges_of(folded(hops, sites))),
        cautions=_cautions(visits, stays),
    )


def _cautions(visits: Visits, stays: tuple[Residence, ...]) -> tuple[str, ...]:
    found = []
    if visits.outside_fraction > MUCH_OUTSIDE:
        found.append(
            f"ions are outside of all cores for {visits.outside_fraction:.0%} of the time: these sites do not describe "
            "where they are (take the sites from the density, or larger cores)"
        )
    never = visits.ions - len(set(visits.ion.tolist()))
    if never:
        found.append(f"{never} of {visits.ions} ions were never in the core of a site")
    for stay in stays:
        if stay.mean_ps < SHORT_STAY_FRAMES * visits.spacing_ps:
            found.append(
                f"ions stay on {stay.label} for {stay.mean_ps / visits.spacing_ps:.1f} frames only: hops are missed "
                "between frames (write frames more often)"
            )
    return tuple(found)
