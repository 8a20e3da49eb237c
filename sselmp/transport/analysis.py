"""All runs of one system with one potential to diffusivities, the Arrhenius law and a conductivity; reads no files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sselmp.errors import TrajectoryError
from sselmp.transport.arrhenius import (
    ArrheniusBound,
    ArrheniusFit,
    ArrheniusPoint,
    Extrapolation,
    Refusal,
    fit_arrhenius,
    trusted,
)
from sselmp.transport.conductivity import Conductivity, conductivity
from sselmp.transport.method import Method
from sselmp.transport.study import OnWork, Sample, SampleTransport, Study, TemperatureTransport
from sselmp.transport.verdict import BOUND_PROBABILITY


@dataclass(frozen=True)
class Extrapolated:
    """The law's diffusivity and conductivity at the temperature asked for.

    Attributes:
        extrapolation: D.
        conductivity: With the number density of the lowest diffusive temperature (no thermal contraction below it).
        density_from_K: That temperature [K].
    """

    extrapolation: Extrapolation
    conductivity: Conductivity
    density_from_K: float


@dataclass(frozen=True)
class TransportResult:
    """Everything that the runs of one system with one potential show.

    Attributes:
        mobile_species: The species that diffuses.
        charge: Its formal charge [e].
        method: What positions are relative to, and where fits start if that was given.
        samples: Every run, in the order given.
        temperatures: Every temperature, ascending.
        arrhenius: The fit over the diffusive temperatures, or why there is none.
        extrapolate_to_K: Temperature asked for [K].
        extrapolated: The law at that temperature, or why there is no number.
        cautions: Sentences about what to distrust.
    """

    mobile_species: str
    charge: float
    method: Method
    samples: tuple[SampleTransport, ...]
    temperatures: tuple[TemperatureTransport, ...]
    arrhenius: ArrheniusFit | Refusal
    extrapolate_to_K: float
    extrapolated: Extrapolated | Refusal
    cautions: tuple[str, ...]


def analyse_transport(
    samples: Sequence[Sample],
    *,
    mobile_species: str,
    charges: Mapping[str, float],
    extrapolate_to_K: float,
    method: Method | None = None,
    on_work: OnWork | None = None,
) -> TransportResult:
    """Judge every run and every temperature, fit the law where three temperatures are diffusive, and extrapolate.

    Runs at one temperature (seeds) are one observation: their MSD is averaged, and their blocks are pooled, so that a
    run in which nothing happened counts as much as one in which something did.

    Args:
        samples: Runs of one system with one potential.
        mobile_species: The species that diffuses; all others are the framework.
        charges: Formal charges by species [e], of the mobile one at least.
        extrapolate_to_K: Temperature at which D and σ are wanted [K].
        method: What positions are relative to and where fits start (default: the framework; found from the data).
        on_work: Told how far it is.

    Raises:
        TrajectoryError: No run, a species that is absent or has no charge, or runs that do not belong together.
    """
    if not samples:
        raise TrajectoryError("there is no trajectory to analyse", repair="run the simulations first")
    if mobile_species not in charges:
        raise TrajectoryError(f"the charge of {mobile_species} is not known", allowed="its formal charge")
    study = Study(samples, mobile_species, charges=charges, method=method or Method(), on_work=on_work)
    single = tuple(study.sample(sample) for sample in samples)
    kelvins = sorted({sample.temperature_K for sample in samples})
    temperatures = tuple(study.temperature([s for s in single if s.temperature_K == kelvin]) for kelvin in kelvins)
    fit = fit_arrhenius(_points(temperatures), _bounds(temperatures), melted_K=_melted(temperatures))
    return TransportResult(
        mobile_species=mobile_species,
        charge=charges[mobile_species],
        method=study.method,
        samples=single,
        temperatures=temperatures,
        arrhenius=fit,
        extrapolate_to_K=extrapolate_to_K,
        extrapolated=fit if isinstance(fit, Refusal) else _extrapolated(fit, temperatures, kelvin=extrapolate_to_K),
        cautions=(*_of_the_reference(study, temperatures), *(() if isinstance(fit, Refusal) else _cautions(fit))),
    )


def _melted(temperatures: Sequence[TemperatureTransport]) -> list[float]:
    """Temperatures of another phase than the solid; none where all are, for a fluid has a law of its own."""
    melted = [at.temperature_K for at in temperatures if at.assessment.verdict.melted or at.fluid is not None]
    return [] if all(at.fluid is not None for at in temperatures) else melted


def _of_the_reference(study: Study, temperatures: Sequence[TemperatureTransport]) -> list[str]:
    """What to know about results that are not relative to a framework."""
    found = [f"at {at.temperature_K:g} K the {at.fluid}" for at in temperatures if at.fluid is not None]
    if study.alone and study.method.reference == "centre of mass":
        ions = min(motion.ions for motion in study.motions.values())
        found.append(
            f"there is nothing but {study.mobile}, and positions are relative to its own centre of mass: D is smaller "
            f"by about 1/{ions}, and nothing is known of the motion of the charge as a whole"
        )
    return found


def _points(temperatures: Sequence[TemperatureTransport]) -> list[ArrheniusPoint]:
    """The diffusive temperatures, as the fit takes them."""
    return [
        ArrheniusPoint(
            temperature_K=at.temperature_K, D=found.D, error=found.error, degrees_of_freedom=found.degrees_of_freedom
        )
        for at in temperatures
        if at.assessment.verdict.diffusive and (found := at.assessment.diffusivity) is not None
    ]


def _bounds(temperatures: Sequence[TemperatureTransport]) -> list[ArrheniusBound]:
    """The other temperatures, where they bound D."""
    return [
        ArrheniusBound(temperature_K=at.temperature_K, upper_bound=bound, probability=BOUND_PROBABILITY)
        for at in temperatures
        if (bound := at.assessment.verdict.upper_bound) is not None
    ]


def _extrapolated(
    fit: ArrheniusFit, temperatures: Sequence[TemperatureTransport], *, kelvin: float
) -> Extrapolated | Refusal:
    there = trusted(fit, kelvin)
    if isinstance(there, Refusal):
        return there
    lowest = next(at for at in temperatures if at.conductivity is not None)
    sigma = conductivity(
        there.D,
        interval_68=there.interval_68,
        interval_95=there.interval_95,
        carriers=lowest.carriers,
        temperature_K=kelvin,
    )
    return Extrapolated(extrapolation=there, conductivity=sigma, density_from_K=lowest.temperature_K)


def _cautions(fit: ArrheniusFit) -> tuple[str, ...]:
    """What speaks against the law."""
    found = [fit.fault] if fit.fault is not None else []
    if fit.widened > 1.0:
        found.append(
            f"the points scatter about the Arrhenius line more than their errors allow (p = "
            f"{fit.straightness.scatter_p_value:.2g}): the errors were enlarged {fit.widened:.1f} times"
        )
    return tuple(found)
