"""Formation energies, distances to the convex hull and decompositions; relaxes and draws nothing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sselmp.errors import SettingsError
from sselmp.settings import EnergyReference
from sselmp.statics.corrections import CORRECTED
from sselmp.statics.entries import Phase, elements_of
from sselmp.statics.mixtures import Mixture, Way, cheapest_mixture

if TYPE_CHECKING:
    from pymatgen.analysis.phase_diagram import PDEntry, PhaseDiagram

ON_HULL_EV = 1e-6  # an atom: a smaller distance to the hull is rounding


@dataclass(frozen=True)
class Standing:
    """Where a phase stands.

    Attributes:
        phase: The phase.
        formation_eV_per_atom: Energy of formation from the elements' most stable phases of the hull [eV an atom].
        above_hull_eV_per_atom: Distance to the hull, 0 for a stable phase [eV an atom].
    """

    phase: Phase
    formation_eV_per_atom: float
    above_hull_eV_per_atom: float

    @property
    def stable(self) -> bool:
        """Whether the phase is on the hull."""
        return self.above_hull_eV_per_atom < ON_HULL_EV


@dataclass(frozen=True)
class Hull:
    """The convex hull of the energies of all phases of a chemical system.

    Attributes:
        elements: Chemical symbols, sorted.
        way: ``self-consistent``: all energies by one potential. ``Materials Project``: the competing phases as the
            Materials Project calculates them, the targets' energies corrected to compare with them.
        reference: What all energies compare with.
        standings: Of all phases, those on the hull first, then by their distance to it.
        ties: Pairs of indices into ``standings``: stable phases that coexist.
    """

    elements: tuple[str, ...]
    way: Way
    reference: EnergyReference
    standings: tuple[Standing, ...]
    ties: tuple[tuple[int, int], ...]

    @property
    def stable(self) -> tuple[Phase, ...]:
        """The phases on the hull."""
        return tuple(standing.phase for standing in self.standings if standing.stable)

    @property
    def phases(self) -> tuple[Phase, ...]:
        """All phases."""
        return tuple(standing.phase for standing in self.standings)

    def standing_of(self, phase: Phase) -> Standing:
        """Where one of the hull's phases stands.

        Raises:
            SettingsError: It is not one of them.
        """
        for standing in self.standings:
            if standing.phase is phase or standing.phase == phase:
                return standing
        raise SettingsError(f"{phase.name} is not among the phases of the hull of {'-'.join(self.elements)}")


@dataclass(frozen=True)
class Stability:
    """Stability of one phase against all others.

    Attributes:
        standing: Formation energy and distance to the hull.
        decomposition: What the phase would turn into: the phases of the hull below it, or of the hull of all other
            compositions where it is itself on the hull. For the atoms of one reduced formula.
        decomposition_eV_per_atom: Energy that this costs; negative where it sets energy free [eV an atom].
    """

    standing: Standing
    decomposition: Mixture
    decomposition_eV_per_atom: float


def build_hull(competing: Iterable[Phase], *, targets: Iterable[Phase], way: Way) -> Hull:
    """The hull of the competing phases and the targets.

    Phases with elements that no target holds are left out.

    Args:
        competing: The known phases of the system, the elements among them.
        targets: The phases whose stability is asked for; they may be among the competing ones.
        way: What may be compared with what; see ``Hull``.

    Raises:
        SettingsError: Energies that do not compare, an element without competing phases, or without its own.
    """
    wanted = tuple(targets)
    return hull_of_system(competing, targets=wanted, elements=elements_of(wanted), way=way)


def hull_of_system(
    competing: Iterable[Phase], *, targets: Iterable[Phase], elements: Sequence[str], way: Way
) -> Hull:  # fmt: skip
    """As ``build_hull``, for a system that holds further elements, such as an open one."""
    wanted = tuple(targets)
    symbols = tuple(sorted(set(elements)))
    others = [p for p in competing if set(p.composition) <= set(symbols) and not any(p is t for t in wanted)]
    _refuse_mixing(others, wanted, way=way)
    phases = [*others, *(p for p in wanted if set(p.composition) <= set(symbols))]
    _refuse_gaps(phases, symbols)
    diagram, entries = _diagram(phases)
    standings = [
        Standing(
            phase, float(diagram.get_form_energy_per_atom(entry)), max(0.0, float(diagram.get_e_above_hull(entry)))
        )
        for phase, entry in zip(phases, entries, strict=True)
    ]
    order = sorted(range(len(phases)), key=lambda i: (standings[i].above_hull_eV_per_atom, phases[i].formula))
    place = {old: new for new, old in enumerate(order)}
    vertices = [int(entry.attribute) for entry in diagram.qhull_entries]
    ties = {
        tuple(sorted((place[vertices[a]], place[vertices[b]])))
        for facet in diagram.facets for a in facet for b in facet if a != b
    }  # fmt: skip
    pairs = tuple(sorted((int(a), int(b)) for a, b in ties))
    return Hull(symbols, way, phases[0].reference, tuple(standings[i] for i in order), pairs)


def stability(hull: Hull, target: Phase) -> Stability:
    """How stable one of a hull's phases is, and what it would decompose into.

    Raises:
        SettingsError: The target is not among the hull's phases, or it is an element, which cannot decompose.
    """
    standing = hull.standing_of(target)
    if standing.stable:
        rivals = [phase for phase in hull.phases if phase.formula != target.formula]
    else:
        rivals = list(hull.stable)
    if len(target.composition) == 1 and standing.stable:
        raise SettingsError(f"{target.formula} is an element on the hull, which has nothing to decompose into")
    atoms = {element: target.amount(element) for element in target.composition}
    found = cheapest_mixture(rivals, atoms)
    gained = found.energy_eV / sum(atoms.values()) - target.energy_eV_per_atom
    return Stability(standing, found, gained)


def _standing(diagram: PhaseDiagram, phase: Phase, *, entry: PDEntry) -> Standing:
    above = max(0.0, float(diagram.get_e_above_hull(entry)))
    return Standing(phase, float(diagram.get_form_energy_per_atom(entry)), above)


def _diagram(phases: Sequence[Phase]) -> tuple[PhaseDiagram, list[PDEntry]]:
    from pymatgen.analysis.phase_diagram import PDEntry, PhaseDiagram
    from pymatgen.core import Composition

    entries = [
        PDEntry(Composition(dict(phase.composition)), phase.energy_eV, name=f"{index} {phase.name}", attribute=index)
        for index, phase in enumerate(phases)
    ]
    return PhaseDiagram(entries), entries


def _refuse_mixing(competing: Sequence[Phase], targets: Sequence[Phase], *, way: Way) -> None:
    """Refuse energies of different origin on one hull; the two ways are never mixed without a word."""
    everything = [*competing, *targets]
    if way == "self-consistent":
        origins = {(p.source.kind, p.source.sha256 or p.source.name, p.reference) for p in everything}
        if len(origins) > 1 or any(p.source.kind != "potential" for p in everything):
            raise SettingsError(
                "a self-consistent hull takes energies of one potential only",
                got=_origins(everything),
                repair="relax every competing phase with the same potential, or take the way 'Materials Project'",
            )
        return
    if strange := [p for p in competing if p.source.kind != "Materials Project"]:
        raise SettingsError(
            "on the Materials Project's hull only the targets' energies may be a potential's",
            got=_origins(strange),
            repair="take the competing phases from the Materials Project, or the way 'self-consistent'",
        )
    if wrong := [p for p in everything if p.reference != CORRECTED]:
        raise SettingsError(
            "an energy does not compare with the Materials Project's corrected ones",
            got=", ".join(f"{p.name}: {p.reference}" for p in wrong[:5]),
            allowed=CORRECTED,
            repair="put it on that scale with statics.corrections.to_materials_project",
        )


def _origins(phases: Sequence[Phase]) -> str:
    found = dict.fromkeys(
        f"{p.reference} of the Materials Project" if p.source.kind == "Materials Project"
        else f"{p.reference} of {p.source}"
        for p in phases
    )  # fmt: skip
    return "; ".join(list(found)[:5])


def _refuse_gaps(phases: Sequence[Phase], elements: Sequence[str]) -> None:
    """Refuse a hull without one of its corners."""
    missing = [e for e in elements if not any(set(p.composition) == {e} for p in phases)]
    if not missing:
        return
    bare = [e for e in missing if sum(e in p.composition for p in phases) <= 1]
    raise SettingsError(
        f"there are no competing phases for {', '.join(bare)}"
        if bare
        else f"the hull of {'-'.join(elements)} has no energy of the element{'s' * (len(missing) > 1)} "
        + ", ".join(missing),
        got=f"{len(phases)} phases: {', '.join(sorted({p.formula for p in phases})[:20])}",
        allowed="at least the elements themselves, all of the same origin",
        repair="add them: sselmp brings phases under inputs/phases, the Materials Project has those of any system",
    )
