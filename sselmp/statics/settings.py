"""Settings of the static properties, with the defaults that published benchmarks used where these are sound."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from sselmp.settings import Checked, Count, Finite, Positive

Property = Literal["relax", "eos", "elastic", "rest", "phonons", "barriers"]
PROPERTIES: tuple[Property, ...] = ("relax", "eos", "elastic", "rest", "phonons", "barriers")
Optimizer = Literal["FIRE", "FIRE2", "BFGS", "BFGSLineSearch", "LBFGS", "LBFGSLineSearch", "MDMin"]
Strains = Annotated[tuple[Finite, ...], Field(min_length=2)]
Three = tuple[Count, Count, Count]
LARGEST_STRAIN = 0.2
LARGEST_DISPLACEMENT_A = 0.2


class RelaxationSettings(Checked):
    """How a structure is relaxed.

    Attributes:
        optimizer: Of ASE.
        cell: ``all``: lengths and angles; ``volume``: scaled only; ``shape``: at constant volume; ``none``: kept.
        keep_symmetry: Hold the space group that the structure starts with (ASE's FixSymmetry).
        fmax_eV_per_A: Largest force on an atom at which it is converged [eV/Å].
        stress_tolerance_GPa: Largest component of the stress, of what the cell may relax, at which it is [GPa];
            0.02 GPa are 0.1 % of the volume of a soft electrolyte. ``optimizer``: as ASE's optimizers by
            themselves, who stop when the stress times the volume of an atom is below ``fmax`` too.
        maximum_steps: After which it is not converged.
        volume_factor: By more than this factor, either way, the volume of a sound relaxation does not change.
        symmetry_tolerance_A: For finding space groups [Å].
    """

    optimizer: Optimizer = "FIRE"
    cell: Literal["all", "volume", "shape", "none"] = "all"
    keep_symmetry: bool = False
    fmax_eV_per_A: Positive = 0.05
    stress_tolerance_GPa: Positive | Literal["optimizer"] = 0.02
    maximum_steps: Count = 500
    volume_factor: Annotated[float, Field(gt=1.0)] = 2.0
    symmetry_tolerance_A: Positive = 0.01


class EquationOfStateSettings(Checked):
    """Which volumes, and what relaxes at each.

    Attributes:
        points: Number of volumes, evenly spaced in length.
        largest_strain: Of the lengths, either way: 0.04 spans volumes from 0.88 to 1.12 of the relaxed one.
        shape: Whether the cell's shape relaxes at each volume, beside the ions.
        fmax_eV_per_A: For ions, and for the shape, at each volume [eV/Å].
    """

    points: Annotated[int, Field(ge=6)] = 11
    largest_strain: Annotated[float, Field(gt=0, lt=LARGEST_STRAIN)] = 0.04
    shape: bool = True
    fmax_eV_per_A: Positive = 0.02


class ElasticitySettings(Checked):
    """Which strains, and whether ions relax in them.

    Attributes:
        normal_strains: Green–Lagrange strains E_xx, then E_yy, E_zz; none is zero.
        shear_strains: E_yz, then E_xz, E_xy: half of the engineering strain. Not the ±0.03, ±0.06 of matcalc (in
            ``--settings paper``): over engineering strains of 0.12 stresses are no straight line.
        relax_ions: Whether ions relax in each strained cell; the tensor of clamped ions is found in any case.
        fmax_eV_per_A: For these ions [eV/Å].
        equilibrium: Whether the stress of the unstrained cell is one of the points.
        deformation: ``symmetric``: the root of 1 + 2E, which turns nothing; ``upper``: an upper triangular matrix of
            the same strain, as matcalc takes, which also turns the crystal and its stress.
    """

    normal_strains: Strains = (-0.01, -0.005, 0.005, 0.01)
    shear_strains: Strains = (-0.01, -0.005, 0.005, 0.01)
    relax_ions: bool = True
    fmax_eV_per_A: Positive = 0.005
    equilibrium: bool = True
    deformation: Literal["symmetric", "upper"] = "symmetric"

    @model_validator(mode="after")
    def _usable_strains(self) -> Self:
        for name in ("normal_strains", "shear_strains"):
            strains = getattr(self, name)
            if any(abs(strain) < 1e-6 for strain in strains):
                msg = f"{name} holds a strain of zero, which says nothing of a modulus: {list(strains)}"
                raise ValueError(msg)
            if any(abs(strain) > LARGEST_STRAIN for strain in strains):
                msg = f"{name} exceeds {LARGEST_STRAIN:g}, where nothing is linear: {list(strains)}"
                raise ValueError(msg)
            if len(set(strains)) != len(strains):
                msg = f"{name} names a strain twice: {list(strains)}"
                raise ValueError(msg)
        return self


class RestSettings(Checked):
    """How near to rest ions are brought at the relaxed cell, before phonons.

    Attributes:
        fmax_eV_per_A: Largest force on an atom [eV/Å]. At the relaxation's 0.05 eV/Å an ion on a soft place
            (0.5 eV/Å²) is still 0.1 Å off, ten times the displacement by which its force constants are measured.
    """

    fmax_eV_per_A: Positive = 0.001


class PhononSettings(Checked):
    """Which displacements in which supercell, and where the phonons that they give are looked at.

    Attributes:
        supercell: Repetitions of the cell along a, b, c; None: the fewest that reach ``minimum_length_A``.
        minimum_length_A: Least distance between an atom and its own image in the supercell [Å].
        displacement_A: By which an atom is moved [Å].
        rest: How near to rest the ions are before.
        mesh: Wave vectors along the three reciprocal vectors, one of them even, for Γ is left out; None: as many as
            ``mesh_length_A`` asks for.
        mesh_length_A: Of the mesh: the length of the crystal whose own wave vectors it holds [Å].
        band_points: Wave vectors on each straight piece of the path, its ends included.
        highest_temperature_K: Of the thermal properties [K].
        temperature_step_K: From one temperature to the next, from zero on [K].
        tolerance_THz: Below minus this a mode is called imaginary [THz]: forces in single precision are uncertain by
            1e-5 eV/Å, which at 0.01 Å makes 0.1 THz for an atom of 30 u.
    """

    supercell: Three | None = None
    minimum_length_A: Positive = 10.0
    displacement_A: Annotated[float, Field(gt=0, le=LARGEST_DISPLACEMENT_A)] = 0.01
    rest: RestSettings = RestSettings()
    mesh: Three | None = None
    mesh_length_A: Positive = 50.0
    band_points: Annotated[int, Field(ge=2)] = 31
    highest_temperature_K: Positive = 1000.0
    temperature_step_K: Positive = 10.0
    tolerance_THz: Positive = 0.1

    @model_validator(mode="after")
    def _mesh_without_gamma(self) -> Self:
        if self.mesh is not None and all(number % 2 for number in self.mesh):
            msg = f"mesh holds Γ, where three modes have no frequency, if all its numbers are odd: {list(self.mesh)}"
            raise ValueError(msg)
        return self


class BarrierSettings(Checked):
    """Which hops of which ion, in how large a cell, and how well their paths are found.

    Attributes:
        element: The mobile ion.
        longest_hop_A: Pairs of sites up to this distance are hops [Å].
        minimum_length_A: Least distance between the vacancy and its nearest periodic image [Å].
        supercell: Repetitions along a, b, c in the place of those that ``minimum_length_A`` asks for; where they break
            the symmetry of the crystal, hops that are one in it differ a little.
        images: Configurations between the two ends of a path.
        fmax_eV_per_A: Largest force across the path, and on the saddle, at which it is converged [eV/Å].
        ends_fmax_eV_per_A: Largest force at which the two ends of a path are at rest [eV/Å].
        maximum_steps: Of a path, and of the relaxation of each end, after which it is not converged.
        optimizer: Of ASE, for paths and for ends.
    """

    element: str = "Li"
    longest_hop_A: Positive = 4.0
    minimum_length_A: Positive = 9.0
    supercell: tuple[Count, Count, Count] | None = None
    images: Annotated[int, Field(ge=3)] = 5
    fmax_eV_per_A: Positive = 0.05
    ends_fmax_eV_per_A: Positive = 0.02
    maximum_steps: Count = 300
    optimizer: Literal["FIRE", "FIRE2", "LBFGS", "BFGS", "MDMin"] = "FIRE"


class StaticsSettings(Checked):
    """All of them: the content of a ``--settings FILE.toml``."""

    relaxation: RelaxationSettings = RelaxationSettings()
    equation_of_state: EquationOfStateSettings = EquationOfStateSettings()
    elasticity: ElasticitySettings = ElasticitySettings()
    phonons: PhononSettings = PhononSettings()
    barriers: BarrierSettings = BarrierSettings()
