"""The numbers of a record, each with its name, unit and error, for tables; finds none of them."""

from __future__ import annotations

from dataclasses import dataclass

from sselmp.statics.barriers import Barriers
from sselmp.statics.elasticity import Elasticity, Tensor
from sselmp.statics.energy_volume import Fit
from sselmp.statics.equation_of_state import EquationOfState
from sselmp.statics.phonon_result import Phonons
from sselmp.statics.record import Record
from sselmp.statics.relaxation import Relaxation

SHOWN_K = (300.0, 1000.0)


@dataclass(frozen=True)
class Quantity:
    """One number.

    Attributes:
        name: Such as ``bulk modulus, Hill``.
        value: Of the unit.
        unit: Such as ``GPa``; empty for a pure number.
        error: Standard error, where there is one.
    """

    name: str
    value: float
    unit: str
    error: float | None = None


def quantities(record: Record) -> tuple[Quantity, ...]:
    """All numbers of a record."""
    found = record.result
    if isinstance(found, Relaxation):
        return _of_relaxation(found)
    if isinstance(found, Barriers):
        return _of_barriers(found)
    if isinstance(found, Phonons):
        return of_phonons(found)
    return _of_equation(found) if isinstance(found, EquationOfState) else _of_elasticity(found)


def _of_relaxation(found: Relaxation) -> tuple[Quantity, ...]:
    atoms = len(found.crystal.species)
    after = found.after
    listed = [Quantity("energy", found.energy_eV / atoms, "eV/atom")]
    listed += [Quantity(name, value, "Å") for name, value in zip("abc", after.lengths_A, strict=True)]
    names = ("alpha", "beta", "gamma")
    listed += [Quantity(name, value, "deg") for name, value in zip(names, after.angles_deg, strict=True)]
    listed += [
        Quantity("volume", after.volume_A3 / atoms, "Å³/atom"),
        Quantity("change of volume", 100.0 * (after.volume_A3 / found.before.volume_A3 - 1.0), "%"),
        Quantity("largest force", found.largest_force_eV_per_A, "eV/Å"),
    ]
    if found.largest_stress_GPa is not None:
        listed.append(Quantity("largest stress", found.largest_stress_GPa, "GPa"))
    return (*listed, Quantity("shortest distance", found.shortest_distance_A, "Å"))


def _of_equation(found: EquationOfState) -> tuple[Quantity, ...]:
    laws = (("Birch–Murnaghan", found.birch_murnaghan), ("Vinet", found.vinet))
    return tuple(number for name, law in laws for number in _of_law(name, law, atoms=found.atoms))


def _of_law(name: str, law: Fit, *, atoms: int) -> tuple[Quantity, ...]:
    return (
        Quantity(f"K0, {name}", law.K0_GPa, "GPa", law.K0_error_GPa),
        Quantity(f"K0', {name}", law.K1, "", law.K1_error),
        Quantity(f"V0, {name}", law.V0_A3 / atoms, "Å³/atom", law.V0_error_A3 / atoms),
        Quantity(f"E0, {name}", law.E0_eV / atoms, "eV/atom", law.E0_error_eV / atoms),
        Quantity(f"misfit, {name}", law.residual_meV_per_atom, "meV/atom"),
    )


def _of_elasticity(found: Elasticity) -> tuple[Quantity, ...]:
    if found.verdict == "not linear":
        listed: tuple[Quantity, ...] = (Quantity("least R²", found.tensor.r_squared, ""),)
    else:
        listed = _of_tensor(found.tensor)
    return listed if found.clamped is None else (*listed, *_of_tensor(found.clamped))


def _of_barriers(found: Barriers) -> tuple[Quantity, ...]:
    """What a path that did not converge would give is in none of them."""
    listed = [Quantity(f"barrier, {one.dimension}D", one.barrier_eV, "eV") for one in found.passages]
    for hop in found.hops:
        listed.append(Quantity(f"length, hop {hop.number}", hop.length_A, "Å"))
        if hop.saddle is not None:
            listed += [
                Quantity(f"barrier, hop {hop.number}", hop.saddle.forward_eV, "eV"),
                Quantity(f"barrier back, hop {hop.number}", hop.saddle.back_eV, "eV"),
                Quantity(f"reaction energy, hop {hop.number}", hop.saddle.reaction_eV, "eV"),
                Quantity(f"largest force at the saddle, hop {hop.number}", hop.saddle.largest_force_eV_per_A, "eV/Å"),
            ]
    return tuple(listed)


def _of_tensor(tensor: Tensor) -> tuple[Quantity, ...]:
    """Plain names are of relaxed ions; what clamped ones give is never called ``K`` without saying so."""
    one, ions = tensor.moduli, ", clamped ions" if tensor.ions == "clamped" else ""
    values = {
        "K": (one.K_GPa, "GPa"),
        "G": (one.G_GPa, "GPa"),
        "Young's modulus": (one.young_GPa, "GPa"),
        "Poisson's ratio": (one.poisson, ""),
        "Pugh's ratio K/G": (one.pugh, ""),
        "universal anisotropy": (one.anisotropy, ""),
        "K, Voigt": (one.K_voigt_GPa, "GPa"),
        "G, Voigt": (one.G_voigt_GPa, "GPa"),
        "K, Reuss": (one.K_reuss_GPa, "GPa"),
        "G, Reuss": (one.G_reuss_GPa, "GPa"),
        "K at zero strain": (tensor.K_at_zero_GPa, "GPa"),
        "G at zero strain": (tensor.G_at_zero_GPa, "GPa"),
        "least eigenvalue": (tensor.smallest_eigenvalue_GPa, "GPa"),
        "misfit": (tensor.residual_GPa, "GPa"),
        "least R²": (tensor.r_squared, ""),
        "bend": (tensor.bend, ""),
        "asymmetry": (tensor.asymmetry_GPa, "GPa"),
        "off symmetry": (tensor.off_symmetry_GPa, "GPa"),
    }
    listed = [Quantity(name + ions, value, unit) for name, (value, unit) in values.items() if value is not None]
    elements = [(i, j) for i in range(6) for j in range(i, 6)]
    return (*listed, *(Quantity(f"C{i + 1}{j + 1}{ions}", tensor.C_GPa[i][j], "GPa") for i, j in elements))


def of_phonons(found: Phonons) -> tuple[Quantity, ...]:
    """Thermal properties that leave out imaginary modes say so in their names."""
    raw, heat = found.before_symmetrisation, found.thermal
    left = "" if found.verdict == "stable" and heat.imaginary_share == 0 else ", real modes only"
    listed = [Quantity("lowest mode", found.lowest.frequency_THz, "THz")]
    if found.lowest_commensurate is not None:
        listed.append(Quantity("lowest mode in the supercell", found.lowest_commensurate.frequency_THz, "THz"))
    listed += [
        Quantity("highest mode", max(f for piece in found.bands for q in piece.frequencies_THz for f in q), "THz"),
        Quantity(f"zero-point energy{left}", heat.zero_point_energy_meV_per_atom, "meV/atom"),
    ]
    for temperature in SHOWN_K:
        if temperature in heat.temperature_K:
            place = heat.temperature_K.index(temperature)
            at = f"at {temperature:g} K{left}"
            listed += [
                Quantity(f"C_v {at}", heat.heat_capacity_J_per_K_mol[place], "J/(K mol of atoms)"),
                Quantity(f"entropy {at}", heat.entropy_J_per_K_mol[place], "J/(K mol of atoms)"),
                Quantity(f"vibrational free energy {at}", heat.free_energy_kJ_per_mol[place], "kJ/(mol of atoms)"),
            ]
    return (
        *listed,
        Quantity("imaginary modes", 100.0 * heat.imaginary_share, "%"),
        Quantity("sum rule, broken by", raw.sum_rule_eV_per_A2, "eV/Å²"),
        Quantity("exchange of pairs, broken by", raw.asymmetry_eV_per_A2, "eV/Å²"),
        Quantity("acoustic modes at Γ, before the sum rule", max(map(abs, raw.acoustic_at_gamma_THz)), "THz"),
        Quantity("largest force before an atom is moved", raw.residual_force_eV_per_A, "eV/Å"),
        Quantity("distance of an atom to its image", found.image_distance_A, "Å"),
    )
