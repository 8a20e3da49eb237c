"""Hop analyses as a plain document with units in its keys, as arrays, and as a terminal's rows; writes nothing."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from sselmp import __version__
from sselmp.files import Json
from sselmp.report.hop_report import HopReport
from sselmp.report.transport_document import digits
from sselmp.transport.arrhenius import Refusal
from sselmp.transport.barriers import Barrier
from sselmp.transport.counting import Rate
from sselmp.transport.hop_correlation import HopCorrelation, Simultaneity
from sselmp.transport.hops import CageHops, Residence
from sselmp.transport.intervals import Interval
from sselmp.transport.jump_graph import Edges, Network
from sselmp.transport.run_comparison import Comparison

FORMAT = "sselmp-hops-1"
Arrays = Mapping[str, NDArray[np.generic]]


def document(report: HopReport) -> Json:
    """Everything found but the single hops, which are in the arrays."""
    found = report.analysis
    visits = found.visits
    return {
        "format": FORMAT,
        "sselmp_version": __version__,
        "run": report.name,
        "potential": report.potential,
        "system": report.system,
        "temperature_K": report.temperature_K,
        "mobile_species": report.mobile,
        "ions": visits.ions,
        "frames": visits.frames,
        "duration_ps": visits.duration_ps,
        "sites": {
            "from": report.sites_from,
            "count": len(visits.sites),
            "core_radius_A": visits.sites.radius_A,
            "unit_cells": list(visits.sites.repeats),
            "outside_of_cores": visits.outside_fraction,
        },
        "hops_per_ion": rate(found.total),
        "kinds": [{"from": kind.origin, "to": kind.target, **rate(kind.rate)} for kind in found.kinds],
        "residences": [_residence(stay) for stay in found.residences],
        "cages": found.cages and _cages(found.cages),
        "correlation": found.correlation and _correlation(found.correlation),
        "simultaneous": found.simultaneity and _simultaneity(found.simultaneity),
        "network": _network(found.network),
        "network_of_unit_cell": _network(found.unit_network),
        "cautions": list(found.cautions),
    }


def arrays(report: HopReport) -> Arrays:
    """Sites, visits and hops of one run, for ``numpy.savez``; times in frames, positions fractional."""
    found = report.analysis
    visits, hops, edges = found.visits, found.hops, found.network.edges
    cages = found.cages.cages.cage if found.cages else np.full(len(visits.sites), -1)
    return {
        "cell_A": visits.sites.cell,
        "frame_spacing_ps": np.array(visits.spacing_ps),
        "site_fractional": visits.sites.fractional,
        "site_label": np.array(visits.sites.labels),
        "site_cage": cages,
        "site_occupancy": visits.occupancy(),
        "visit_ion": visits.ion,
        "visit_site": visits.site,
        "visit_image": visits.image,
        "visit_begin_frame": visits.begin,
        "visit_end_frame": visits.end,
        "hop_ion": hops.ion,
        "hop_frame": hops.frame,
        "hop_from": hops.origin,
        "hop_to": hops.target,
        "hop_image": hops.image,
        "edge_first": edges.first,
        "edge_second": edges.second,
        "edge_image": edges.image,
        "edge_forward": edges.forward,
        "edge_backward": edges.backward,
    }


def rate(found: Rate) -> Json:
    """One rate."""
    return {
        "count": found.count,
        "exposure_ps": found.exposure_ps,
        "rate_per_ps": found.per_ps,
        "error_per_ps": found.error,
        "interval_95_per_ps": _range(found.interval_95),
        "dispersion": found.dispersion,
    }


def barrier(name: str, found: Barrier | Refusal) -> Json:
    """The barrier of one kind of hop, or why there is none."""
    if isinstance(found, Refusal):
        return {"hops": name, "fitted": False, "reason": found.reason}
    return {
        "hops": name,
        "fitted": True,
        "barrier_eV": found.barrier_eV,
        "barrier_error_eV": found.error_eV,
        "barrier_interval_95_eV": _range(found.interval_95),
        "attempts_per_ps": found.attempts_per_ps,
        "ln_attempts_error": found.ln_attempts_error,
        "reduced_chi2": found.reduced_chi2,
        "temperatures_K": list(found.temperatures_K),
    }


def comparison(found: Sequence[Comparison], *, first: str, second: str) -> Json:
    """All respects in which two runs were compared."""
    rows = [
        {
            "what": one.what,
            "measure": one.difference.measure,
            "unit": one.unit,
            "value": one.difference.value,
            "expected_from_noise": one.difference.noise,
            "excess": one.difference.excess,
            "excess_interval_95": _range(one.difference.interval_95),
            "chance": one.difference.chance,
            "between_halves_of_one_run": one.difference.split_half,
            "blocks": list(one.difference.blocks),
            "blocks_remember_each_other": one.difference.remembers,
            "differs": one.difference.differs,
        }
        for one in found
    ]
    return {"format": "sselmp-comparison-1", "first": first, "second": second, "comparisons": rows}


def comparison_arrays(found: Sequence[Comparison]) -> Arrays:
    """What each block of the two runs showed, (blocks, bins), for ``numpy.savez``, and the bins' distances [Å]."""
    arrays: dict[str, NDArray[np.generic]] = {}
    for one in found:
        if one.difference.measure == "overlap":
            continue  # of the same histograms as the divergence
        name = one.what.partition(" at ")[0].replace(",", "").replace(" ", "_")
        arrays |= {f"{name}_first": one.first, f"{name}_second": one.second}
        if one.at_A is not None:
            arrays[f"{name}_at_A"] = one.at_A
    return arrays


def json_text(plain: Json) -> str:
    """A document as JSON."""
    return json.dumps(plain, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def sentences(report: HopReport) -> tuple[str, ...]:
    """What one run shows, in sentences."""
    found = report.analysis
    lines = [f"{_rate_words('hops', found.total)}; {_network_words(found.unit_network)}"]
    for stay in found.residences:
        lines.append(
            f"{stay.label}: {stay.occupancy:.3f} ± {stay.occupancy_error:.3f} ions a site, "
            f"stay {_time(stay.mean_ps)} (95 %: {_time(stay.interval_95.low)} to {_time(stay.interval_95.high)})"
        )
    if found.cages is not None:
        lines.append(f"{_rate_words('within cages', found.cages.within)}")
        lines.append(f"{_rate_words('between cages', found.cages.between)}")
    if found.correlation is not None:
        memory = found.correlation
        lines.append(
            f"next hop goes back: {memory.back_probability:.0%} ({memory.back_expected:.0%} without memory); "
            f"correlation factor {memory.factor:.2f} ± {memory.factor_error:.2f}"
        )
    if found.simultaneity is not None:
        at_once = found.simultaneity
        lines.append(
            f"neighbours hop within {at_once.window_ps:g} ps {at_once.ratio:.2f} times as often as by chance "
            f"(95 %: {at_once.interval_95.low:.2f} to {at_once.interval_95.high:.2f})"
        )
    return (*lines, *(f"Caution: {caution}" for caution in found.cautions))


def _rate_words(name: str, found: Rate) -> str:
    low, high = found.interval_95.low, found.interval_95.high
    return (
        f"{name}: {found.count}, {digits(found.per_ps, count=3)} per ion and ps "
        f"(95 %: {digits(low, count=3)} to {digits(high, count=3)})"
    )


def _network_words(network: Network) -> str:
    if not network.dimension:
        return "the network of hops goes nowhere (0 dimensions)"
    axes = network.parts[0].axes
    return f"the network of hops runs in {network.dimension} dimension{'s'[: network.dimension > 1]} ({axes})"


def _time(picoseconds: float) -> str:
    return f"{digits(picoseconds, count=3)} ps" if math.isfinite(picoseconds) else "no end seen"


def _residence(stay: Residence) -> Json:
    return {
        "sites": stay.label,
        "count": stay.sites,
        "occupancy": stay.occupancy,
        "occupancy_error": stay.occupancy_error,
        "mean_ps": _finite(stay.mean_ps),
        "interval_95_ps": _range(stay.interval_95),
        "completed_visits": len(stay.completed_ps),
        "leaving": rate(stay.leaving),
    }


def _cages(found: CageHops) -> Json:
    sizes = found.cages.sizes
    return {
        "around": list(found.cages.species),
        "count": len(sizes),
        "sites_in_each": sorted(set(sizes)),
        "sites_between_cages": int((found.cages.cage < 0).sum()),
        "within": rate(found.within),
        "between": rate(found.between),
        "hops_to_or_from_sites_between_cages": found.other,
    }


def _correlation(memory: HopCorrelation) -> Json:
    return {
        "consecutive_pairs": memory.pairs,
        "back_probability": memory.back_probability,
        "back_expected_without_memory": memory.back_expected,
        "hop_length_A": memory.mean_length_A,
        "correlation_factor": memory.factor,
        "correlation_factor_error": _finite(memory.factor_error),
    }


def _simultaneity(together: Simultaneity) -> Json:
    return {
        "window_ps": together.window_ps,
        "near_A": together.near_A,
        "pairs_seen": together.seen,
        "pairs_expected": together.expected,
        "ratio": together.ratio,
        "ratio_interval_95": _range(together.interval_95),
    }


def _network(network: Network) -> Json:
    edges: Edges = network.edges
    return {
        "dimension": network.dimension,
        "axes": network.parts[0].axes if network.parts else "",
        "windings_cells": [list(step) for step in network.parts[0].windings] if network.parts else [],
        "edges": len(edges),
        "parts": len(network.parts),
        "sites_of_largest_part": max((len(part.sites) for part in network.parts), default=0),
    }


def _range(interval: Interval) -> list[float | None]:
    return [_finite(interval.low), _finite(interval.high)]


def _finite(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
