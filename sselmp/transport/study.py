"""What single runs and single temperatures show, all looked at in one way; fits no law over temperatures."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from sselmp.errors import TrajectoryError
from sselmp.trajectory.record import Trajectory
from sselmp.transport.collective import (
    Haven,
    charge_diffusivity,
    charge_motion,
    charges_cancel,
    dipole_motion,
    haven_ratio,
)
from sselmp.transport.conductivity import Carriers, Conductivity, conductivity_of
from sselmp.transport.diffusion import Diffusivity
from sselmp.transport.method import Method
from sselmp.transport.msd import Motion, Msd, mean_squared_displacement, relative_motion
from sselmp.transport.tensor import DiffusionTensor, diffusion_tensor
from sselmp.transport.verdict import Assessment, assess, wandering, with_framework

OnWork = Callable[[int, int], None]  # atoms times frames that were gone through, and those in all


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
        all_ions: Einstein–Helfand conductivity from the dipole of all ions with their formal charges, where these are
            known and cancel, and it is resolved.
        tensor: D along and between all axes, where the verdict is diffusive.
        fluid: How the framework wanders, in words, where it does and positions are not relative to it.
    """

    temperature_K: float
    names: tuple[str, ...]
    assessment: Assessment
    carriers: Carriers
    conductivity: Conductivity | None
    charge_diffusivity: Diffusivity | None
    collective: Conductivity | None
    haven: Haven | None
    all_ions: Conductivity | None
    tensor: DiffusionTensor | None
    fluid: str | None


class Study:
    """Runs of one system that are looked at in one way: what single runs and temperatures show."""

    def __init__(
        self,
        samples: Sequence[Sample],
        mobile: str,
        *,
        charges: Mapping[str, float],
        method: Method,
        on_work: OnWork | None,
    ) -> None:
        self.mobile, self.charges, self.method = mobile, charges, method
        self.samples = {sample.name: sample for sample in samples}
        if len(self.samples) < len(samples):
            raise TrajectoryError("two runs have the same name", got=", ".join(sample.name for sample in samples))
        self._on_work, self._done = on_work, 0
        self.motions: dict[str, Motion] = {}
        # Every atom is looked at twice (to make its path relative, and for its MSD), every mobile ion twice more.
        self._work = sum(2 * one.trajectory.frames * len(one.trajectory.species) for one in samples)
        self._work += sum(2 * one.trajectory.frames * len(one.trajectory.atoms_of(mobile)) for one in samples)

    @property
    def alone(self) -> bool:
        """Whether there is nothing but mobile ions."""
        return all(set(sample.trajectory.species) == {self.mobile} for sample in self.samples.values())

    def sample(self, sample: Sample) -> SampleTransport:
        """What one run alone shows."""
        trajectory, reference = sample.trajectory, self.method.reference
        motion = relative_motion(trajectory, self.mobile, mobile=self.mobile, reference=reference)
        self.motions[sample.name] = motion
        self._told(trajectory.frames * len(trajectory.species))
        framework = []
        for other in sorted(set(trajectory.species) - {self.mobile}):
            moved = relative_motion(trajectory, other, mobile=self.mobile)
            framework.append(mean_squared_displacement([moved]))
            self._told(moved.frames * moved.ions)
        found = self._assessed([motion], framework)
        self._told(motion.frames * motion.ions)
        return SampleTransport(
            name=sample.name,
            temperature_K=sample.temperature_K,
            assessment=found,
            framework=tuple(framework),
            volume_A3=trajectory.mean_volume_A3,
            duration_ps=trajectory.duration_ps,
        )

    def temperature(self, runs: Sequence[SampleTransport]) -> TemperatureTransport:
        """What all runs at a temperature show together."""
        chosen = [self.motions[run.name] for run in runs]
        framework = [msd for run in runs for msd in run.framework]
        together = runs[0].assessment if len(runs) == 1 else self._assessed(chosen, framework)
        volume = sum(run.volume_A3 for run in runs) / len(runs)
        kelvin = runs[0].temperature_K
        carriers = Carriers(self.mobile, charge=self.charges[self.mobile], number_density=chosen[0].ions / volume)
        sigma = charge_D = collective = haven = all_ions = tensor = None
        if together.diffusivity is not None and together.onset is not None and together.verdict.diffusive:
            scale = together.onset.scale
            sigma = conductivity_of(together.diffusivity, carriers=carriers, temperature_K=kelvin)
            tensor = diffusion_tensor(chosen, scale)
            charge_D = self._charge_diffusivity(chosen, least=scale)
            if charge_D is not None and _resolved(charge_D):
                collective = conductivity_of(charge_D, carriers=carriers, temperature_K=kelvin)
                haven = haven_ratio(together.diffusivity, charge_D)
            dipole_D = self._dipole_diffusivity(runs, least=scale)
            if dipole_D is not None and _resolved(dipole_D):
                all_ions = conductivity_of(dipole_D, carriers=carriers, temperature_K=kelvin)
        self._told(sum(2 * motion.frames * motion.ions for motion in chosen))
        return TemperatureTransport(
            temperature_K=kelvin,
            names=tuple(run.name for run in runs),
            assessment=together,
            carriers=carriers,
            conductivity=sigma,
            charge_diffusivity=charge_D,
            collective=collective,
            haven=haven,
            all_ions=all_ions,
            tensor=tensor,
            fluid=None if self.method.reference == "framework" else wandering(framework),
        )

    def _assessed(self, motions: Sequence[Motion], framework: Sequence[Msd]) -> Assessment:
        found = assess(motions, start_ps=self.method.start_ps)
        return with_framework(found, framework) if self.method.reference == "framework" else found

    def _charge_diffusivity(self, motions: Sequence[Motion], *, least: int) -> Diffusivity | None:
        """D_σ; None where positions are relative to the mobile ions' own centre, for the sum of them is zero then."""
        if self.alone and self.method.reference == "centre of mass":
            return None
        return charge_diffusivity([charge_motion(motion) for motion in motions], least=least)

    def _dipole_diffusivity(self, runs: Sequence[SampleTransport], *, least: int) -> Diffusivity | None:
        trajectories = [self.samples[run.name].trajectory for run in runs]
        if self.alone or not all(charges_cancel(one.species, self.charges) for one in trajectories):
            return None
        dipoles = [dipole_motion(one, self.charges, mobile=self.mobile) for one in trajectories]
        return charge_diffusivity(dipoles, least=least)

    def _told(self, work: int) -> None:
        self._done += work
        if self._on_work is not None:
            self._on_work(self._done, self._work)


def _resolved(found: Diffusivity) -> bool:
    return 2.0 * found.error < found.D
