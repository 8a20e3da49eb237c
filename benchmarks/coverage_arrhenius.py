"""How often the intervals of Ea and σ(300 K) hold the truth, and how often straight and bent laws are called bent.

Run it with ``.venv/bin/python benchmarks/coverage_arrhenius.py [--campaigns 400] [--json FILE]``; 400 campaigns a row
take some minutes on one core. Coverage is that of every fit, whether or not its extrapolation would be refused; the
last columns of the first table say how often it is.
"""

import argparse
import json
import math
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from arrhenius_campaigns import EA, Campaign, line, simulate

from sselmp import units
from sselmp.transport.arrhenius import Refusal, extrapolate, fit_arrhenius, trusted
from sselmp.transport.conductivity import Carriers, conductivity

FOUR, FIVE = (600.0, 750.0, 900.0, 1100.0), (500.0, 600.0, 700.0, 900.0, 1100.0)
SIX = (400.0, 500.0, 600.0, 700.0, 900.0, 1100.0)
STRAIGHT = (
    Campaign((700.0, 900.0, 1100.0), error=0.10, freedom=5, kind="modelled"),
    Campaign(FOUR, error=0.05, freedom=4, kind="blocks"),
    Campaign(FOUR, error=0.10, freedom=4, kind="modelled"),
    Campaign(FIVE, error=0.10, freedom=9, kind="blocks"),
    Campaign(FIVE, error=0.30, freedom=4, kind="modelled"),
    Campaign(SIX, error=0.20, freedom=2, kind="modelled"),
    Campaign(SIX, error=0.30, freedom=9, kind="modelled"),
    Campaign(SIX, error=0.05, freedom=6, kind="hops"),
    Campaign(SIX, error=0.10, freedom=9, kind="hops"),
    Campaign(FIVE, error=0.10, freedom=4, kind="hops"),
)
POWER = tuple(
    Campaign(kelvins, error=error, freedom=8, kind="modelled")
    for kelvins in (FOUR, FIVE, SIX)
    for error in (0.05, 0.10, 0.20)
)
CARRIERS = Carriers(species="Li", charge=1.0, number_density=0.02)


def hinge(kelvin):
    """Activation energy of 0.25 eV above 650 K, 0.45 eV below."""
    x, bend = 1 / (units.BOLTZMANN_EV_PER_K * kelvin), 1 / (units.BOLTZMANN_EV_PER_K * 650.0)
    return line(kelvin) - 0.2 * max(x - bend, 0.0)


def melting(kelvin):
    """D ten times as large above 800 K."""
    return line(kelvin) + (math.log(10.0) if kelvin > 800.0 else 0.0)


def glass(kelvin):
    """A VTF law with T0 = 200 K and 0.12 eV."""
    return math.log(10.0) - 0.12 / (units.BOLTZMANN_EV_PER_K * (kelvin - 200.0))


def coverage(campaign, *, campaigns, seed=11):
    """Fractions over the campaigns of one kind that give a fit."""
    rng = np.random.default_rng(seed)
    sigma = conductivity_300(math.exp(line(300.0)))
    hits, counts, fits = np.zeros(4), np.zeros(3), 0
    for _ in range(campaigns):
        points, bounds = simulate(campaign, rng)
        fit = fit_arrhenius(points, bounds)
        if isinstance(fit, Refusal):
            continue
        fits += 1
        there = extrapolate(fit, 300.0)
        pairs = ((fit.Ea_interval_68, EA), (fit.Ea_interval_95, EA))
        found = conductivity_300(there.D, there)
        pairs += ((found.interval_68, sigma), (found.interval_95, sigma))
        hits += [interval.low <= truth <= interval.high for interval, truth in pairs]
        counts += [len(bounds), fit.fault is not None, isinstance(trusted(fit, 300.0), Refusal)]
    shares = dict(zip(("Ea_68", "Ea_95", "sigma_68", "sigma_95"), hits / fits, strict=True))
    return {
        **described(campaign),
        "fits": fits,
        **shares,
        "bounds_per_fit": counts[0] / fits,
        "false_alarms": counts[1] / fits,
        "refused_at_300_K": counts[2] / fits,
    }


def conductivity_300(D, there=None):
    """σ(300 K) of D [Å²/ps] with its intervals, or the number alone."""
    if there is None:
        from sselmp.transport.conductivity import nernst_einstein

        return nernst_einstein(D, carriers=CARRIERS, temperature_K=300.0)
    return conductivity(
        D, interval_68=there.interval_68, interval_95=there.interval_95, carriers=CARRIERS, temperature_K=300.0
    )


def power(campaign, *, campaigns, seed=12):
    """How often laws that are bent are found so."""
    shares = {}
    for law in (hinge, melting, glass):
        rng = np.random.default_rng(seed)
        found = [fit_arrhenius(*simulate(campaign, rng, ln_D=law)).fault is not None for _ in range(campaigns)]
        shares[law.__name__] = sum(found) / campaigns
    return {**described(campaign), **shares}


def described(campaign):
    return {
        "temperatures": len(campaign.kelvins),
        "error": campaign.error,
        "degrees_of_freedom": campaign.freedom,
        "errors_from": campaign.kind,
    }


def show(rows):
    """A table in Markdown."""
    print("| " + " | ".join(rows[0]) + " |")
    print("| " + " | ".join("---" for _ in rows[0]) + " |")
    for row in rows:
        print("| " + " | ".join(f"{v:.3g}" if isinstance(v, float) else str(v) for v in row.values()) + " |")


def main():
    """Print both tables, and write them where asked."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--campaigns", type=int, default=400)
    parser.add_argument("--json", type=Path)
    chosen = parser.parse_args()
    straight = [coverage(campaign, campaigns=chosen.campaigns) for campaign in STRAIGHT]
    show(straight)
    bent = [power(campaign, campaigns=max(20, chosen.campaigns // 4)) for campaign in POWER]
    show(bent)
    if chosen.json:
        chosen.json.write_text(json.dumps({"coverage": straight, "power": bent}, indent=1) + "\n")


if __name__ == "__main__":
    main()
