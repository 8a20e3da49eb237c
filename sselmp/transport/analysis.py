"""All runs of one system with one potential to diffusivities, the Arrhenius law and a conductivity; reads no files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sselmp.errors import TrajectoryError
from sselmp.trajectory.record import Trajectory
from sselmp.transport.arrhenius import (
    ArrheniusBound,
    ArrheniusFit,
    ArrheniusPoint,
    Extrapolation,
    Refusal,
    fit_arrhenius,
    trusted,
)
from sselmp.transport.collective import Haven, charge_diffusivity, charge_motion, haven_ratio
from sselmp.transport.conductivity import Carriers, Conductivity, conductivity, conductivity_of
from sselmp.transport.diffusion import Diffusivity
from sselmp.transport.msd import Motion, Msd, mean_squared_displacement, relative_motion
from sselmp.transport.tensor import DiffusionTensor, diffusion_tensor
from sselmp.transport.verdict import BOUND_PROBABILITY, Assessment, assess, with_framework


@dataclass(frozen=True)
class Sample:
    """One run's trajectory at a temperature.

    Attributes:
        name: How results name it.
        temperature_K: Temperature that was set [K].
        trajectory: Frames of the production.
    """

    name: str
    temperature_K: float
    trajectory: Trajectory


@dataclass(frozen=True)
class SampleTransport:
    """What one run alone shows.

    Attributes:
        name: Its sample's name.
        temperature_K: [K].
        assessment: Of the mobile species.
        framework: MSD of each other species, relative to the framework's centre.
        volume_A3: Mean volume of the cell [Å³].
        duration_ps: Length of the trajectory [ps].
    """

    name: str
    temperature_K: float
    assessment: Assessment
    framework: tuple[Msd, ...]
    volume_A3: float
    duration_ps: float


@dataclass(frozen=True)
class TemperatureTransport:
    """What all runs at one temperature show together; the same as the run's own where there is one.

    Attributes:
        temperature_K: [K].
        names: The samples averaged.
        assessment: Of their common MSD.
        carriers: Charge and density at this temperature.
        conductivity: Nernst–Einstein, where the verdict is diffusive.
        charge_diffusivity: D_σ, of the mobile ions' charge as a whole, where the verdict is diffusive.
        collective: Einstein–Helfand conductivity, from D_σ, where that is resolved.
        haven: D/D_σ, where that is resolved.
        tensor: D along and between all axes, where the verdict is diffusive.
    """

    temperature_K: float
    names: tuple[str, ...]
    assessment: Assessment
    carriers: Carriers
    conductivity: Conductivity | None
    charge_diffusivity: Diffusivity | None
    collective: Conductivity | None
    haven: Haven | None
    tensor: DiffusionTensor | None


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
        samples: Every run, in the order given.
        temperatures: Every temperature, ascending.
        arrhenius: The fit over the diffusive temperatures, or why there is none.
        extrapolate_to_K: Temperature asked for [K].
        extrapolated: The law at that temperature, or why there is no number.
        cautions: Sentences about what to distrust.
    """

    mobile_species: str
    charge: float
    samples: tuple[SampleTransport, ...]
    temperatures: tuple[TemperatureTransport, ...]
    arrhenius: ArrheniusFit | Refusal
    extrapolate_to_K: float
    extrapolated: Extrapolated | Refusal
    cautions: tuple[str, ...]


def analyse_transport(
    samples: Sequence[Sample], *, mobile_species: str, charge: float, extrapolate_to_K: float
) -> TransportResult:
    """Judge every run and every temperature, fit the law where three temperatures are diffusive, and extrapolate.

    Runs at one temperature (seeds) are one observation: their MSD is averaged, and their blocks are pooled, so that a
    run in which nothing happened counts as much as one in which something did.

    Args:
        samples: Runs of one system with one potential.
        mobile_species: The species that diffuses; all others are the framework.
        charge: Its formal charge [e].
        extrapolate_to_K: Temperature at which D and σ are wanted [K].

    Raises:
        TrajectoryError: No run, a species that is absent, a charge of zero, or runs that do not belong together.
    """
    if not samples:
        raise TrajectoryError("there is no trajectory to analyse", repair="run the simulations first")
    motions = {
        sample.name: relative_motion(sample.trajectory, mobile_species, mobile=mobile_species) for sample in samples
    }
    if len(motions) < len(samples):
        raise TrajectoryError("two runs have the same name", got=", ".join(sample.name for sample in samples))
    single = tuple(_sample(sample, motions[sample.name]) for sample in samples)
    kelvins = sorted({sample.temperature_K for sample in samples})
    temperatures = tuple(
        _temperature([s for s in single if s.temperature_K == kelvin], motions, charge=charge) for kelvin in kelvins
    )
    melted = [at.temperature_K for at in temperatures if at.assessment.verdict.melted]
    fit = fit_arrhenius(_points(temperatures), _bounds(temperatures), melted_K=melted)
    return TransportResult(
        mobile_species=mobile_species,
        charge=charge,
        samples=single,
        temperatures=temperatures,
        arrhenius=fit,
        extrapolate_to_K=extrapolate_to_K,
        extrapolated=fit if isinstance(fit, Refusal) else _extrapolated(fit, temperatures, kelvin=extrapolate_to_K),
        cautions=() if isinstance(fit, Refusal) else _cautions(fit),
    )


def _sample(sample: Sample, motion: Motion) -> SampleTransport:
    mobile = motion.species
    others = sorted(set(sample.trajectory.species) - {mobile})
    framework = tuple(
        mean_squared_displacement([relative_motion(sample.trajectory, other, mobile=mobile)]) for other in others
    )
    return SampleTransport(
        name=sample.name,
        temperature_K=sample.temperature_K,
        assessment=with_framework(assess([motion]), framework),
        framework=framework,
        volume_A3=sample.trajectory.mean_volume_A3,
        duration_ps=sample.trajectory.duration_ps,
    )


def _temperature(runs: Sequence[SampleTransport], motions: dict[str, Motion], *, charge: float) -> TemperatureTransport:
    chosen = [motions[run.name] for run in runs]
    together = runs[0].assessment
    if len(runs) > 1:
        together = with_framework(assess(chosen), [msd for run in runs for msd in run.framework])
    volume = sum(run.volume_A3 for run in runs) / len(runs)
    kelvin = runs[0].temperature_K
    carriers = Carriers(species=chosen[0].species, charge=charge, number_density=chosen[0].ions / volume)
    sigma = charge_D = collective = haven = tensor = None
    if together.diffusivity is not None and together.onset is not None and together.verdict.diffusive:
        scale = together.onset.scale
        sigma = conductivity_of(together.diffusivity, carriers=carriers, temperature_K=kelvin)
        charge_D = charge_diffusivity([charge_motion(motion) for motion in chosen], least=scale)
        tensor = diffusion_tensor(chosen, scale)
        if 2.0 * charge_D.error < charge_D.D:
            collective = conductivity_of(charge_D, carriers=carriers, temperature_K=kelvin)
            haven = haven_ratio(together.diffusivity, charge_D)
    return TemperatureTransport(
        temperature_K=kelvin,
        names=tuple(run.name for run in runs),
        assessment=together,
        carriers=carriers,
        conductivity=sigma,
        charge_diffusivity=charge_D,
        collective=collective,
        haven=haven,
        tensor=tensor,
    )


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
