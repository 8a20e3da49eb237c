"""Simulated campaigns whose law is known: diffusivities with honest errors, and bounds where too little happened."""

from __future__ import annotations

import math
from dataclasses import dataclass

from sselmp import units
from sselmp.transport.arrhenius import ArrheniusBound, ArrheniusPoint
from sselmp.transport.intervals import poisson_upper

EA, D0 = 0.25, 60.0
LEAST_HOPS = 10


def line(kelvin):
    """ln D of a straight law."""
    return math.log(D0) - EA / (units.BOLTZMANN_EV_PER_K * kelvin)


@dataclass(frozen=True)
class Campaign:
    """Temperatures, and how well D is known at each.

    Attributes:
        kelvins: [K].
        error: Relative standard error of D; for ``hops`` at the hottest temperature, growing as D falls.
        freedom: Degrees of freedom of the errors.
        kind: ``blocks``: D is the mean of freedom + 1 normal blocks, its error from their scatter. ``modelled``: ln D
            is normal, and its error is known up to a χ². ``hops``: runs of one length in which hops are counted
            (Poisson), their number's error known up to a χ²; fewer than 10 give an upper bound in place of D.
    """

    kelvins: tuple[float, ...]
    error: float
    freedom: int
    kind: str


def simulate(campaign, rng, *, ln_D=line):
    """Points and bounds of one campaign."""
    points, bounds = [], []
    for kelvin in campaign.kelvins:
        one = _measured(campaign, rng, kelvin=kelvin, ln_D=ln_D)
        (points if isinstance(one, ArrheniusPoint) else bounds).append(one)
    return points, bounds


def _measured(campaign, rng, *, kelvin, ln_D):
    D, freedom, relative = math.exp(ln_D(kelvin)), campaign.freedom, campaign.error
    if campaign.kind == "blocks":
        parts = D * (1 + relative * math.sqrt(freedom + 1) * rng.normal(size=freedom + 1))
        error = parts.std(ddof=1) / math.sqrt(freedom + 1)
        # a run whose D is not distinct from zero would not be called diffusive
        return ArrheniusPoint(kelvin, max(parts.mean(), 1.5 * error), error, freedom)
    spread = math.sqrt(rng.chisquare(freedom) / freedom)
    if campaign.kind == "modelled":
        found = D * math.exp(relative * rng.normal())
        return ArrheniusPoint(kelvin, found, found * relative * spread, freedom)
    per_hop = math.exp(ln_D(max(campaign.kelvins))) * relative**2
    hops = rng.poisson(D / per_hop)
    if hops < LEAST_HOPS:
        return ArrheniusBound(kelvin, per_hop * poisson_upper(hops, probability=0.95), 0.95)
    return ArrheniusPoint(kelvin, hops * per_hop, math.sqrt(hops) * per_hop * spread, freedom)
