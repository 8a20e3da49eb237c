"""The bridge with ASE's Lennard-Jones cannot be told from LAMMPS's own pair style, whatever the script does."""

from __future__ import annotations

import numpy as np
import pytest
from lammps_program import LammpsProgram

OWN = "pair_style lj/cut 8.0\npair_coeff * * 0.0104 3.4"

START = """
units metal
atom_style atomic
atom_modify map array
lattice fcc 5.3
region box prism 0 2 0 2 0 2 {tilt}
create_box 1 box
create_atoms 1 box
mass 1 39.948
{potential}
timestep 0.002
thermo 20
thermo_style custom step temp pe ke press pxx pyy pzz pxy pxz pyz vol
thermo_modify format float %.14g
"""
CUBIC, TILTED = "0 0 0", "0.6 -0.4 0.5"
MOVE = "displace_atoms all random 0.05 0.05 0.05 777\nvelocity all create 80 4321 loop geom\n"
SAVE = "write_dump all custom {name} id x y z vx vy vz ix iy iz modify sort id format float %.15g\n"


def bridge(lammps: LammpsProgram) -> str:
    return f"pair_style sselmp {lammps.lennard_jones()}\npair_coeff * * Ar"


def both(lammps: LammpsProgram, body: str, *, tilt: str = CUBIC, ranks: int = 1, program: str = "sselmp-lmp"):
    """Run the same script with LAMMPS's potential and with ours; returns both final states."""
    states = []
    for name, potential in (("own", OWN), ("ours", bridge(lammps))):
        script = START.format(tilt=tilt, potential=potential) + body + SAVE.format(name=f"{name}.dump")
        lammps.works(script, "-log", f"{name}.log", "-screen", "none", ranks=ranks, program=program)
        states.append(lammps.table(f"{name}.dump"))
    return states


@pytest.mark.parametrize("tilt", [CUBIC, TILTED], ids=["cubic", "triclinic"])
@pytest.mark.parametrize(
    "ensemble",
    ["nve", "npt temp 80 80 0.1 {flavour} 0 0 0.5"],
    ids=["NVE", "NPT"],
)
def test_200_steps_follow_the_same_trajectory_as_lammps_own_potential(lammps, ensemble, tilt):
    flavour = "aniso" if tilt == CUBIC else "tri"
    own, ours = both(lammps, f"{MOVE}fix 1 all {ensemble.format(flavour=flavour)}\nrun 200\n", tilt=tilt)
    assert np.abs(own - ours).max() < 1e-8
    mine, theirs = lammps.thermo("ours.log"), lammps.thermo("own.log")
    # temperature, kinetic energy, pressure tensor and volume; the potential energy differs by ASE's constant shift
    assert np.abs(np.delete(mine - theirs, 2, axis=1)).max() < 1e-6
    assert np.ptp(mine[:, 2] - theirs[:, 2]) < 0.5  # the shift counts pairs within the cutoff, which come and go


@pytest.mark.parametrize("program", ["sselmp-lmp", "lmp"])
def test_two_ranks_give_the_same_trajectory_through_either_program(lammps, program):
    own, ours = both(lammps, f"{MOVE}fix 1 all nve\nrun 100\n", ranks=2, program=program, tilt=TILTED)
    assert np.abs(own - ours).max() < 1e-8


def test_plain_lmp_equals_sselmp_lmp(lammps):
    own, ours = both(lammps, f"{MOVE}fix 1 all nve\nrun 50\n", program="lmp")
    assert np.abs(own - ours).max() < 1e-8


def test_atoms_that_cross_boundaries_keep_their_identity_and_image(lammps):
    body = "velocity all set 30 -20 25\ndisplace_atoms all random 0.1 0.1 0.1 5\nfix 1 all nve\nrun 300\n"
    own, ours = both(lammps, body)
    assert np.abs(own[:, 7:]).max() >= 1  # they did cross
    assert np.abs(own - ours).max() < 1e-8


def test_gaps_in_atom_ids_do_not_matter(lammps):
    body = "group gone id 3 17 18 30\ndelete_atoms group gone compress no\n" + MOVE + "fix 1 all nve\nrun 50\n"
    own, ours = both(lammps, body)
    assert len(own) == 28
    assert np.array_equal(own[:, 0], ours[:, 0])
    assert np.abs(own - ours).max() < 1e-8


def test_several_runs_a_loop_and_a_minimisation_in_one_script(lammps):
    body = (
        MOVE
        + "fix 1 all nve\nrun 20\nminimize 0 1e-10 200 400\nvariable i loop 3\nlabel again\n"
        + "run 10 post no\nnext i\njump SELF again\nunfix 1\nfix 1 all nvt temp 50 50 0.1\nrun 20\n"
    )
    own, ours = both(lammps, body)
    assert np.abs(own - ours).max() < 1e-5  # a minimum is known to the square root of rounding


def test_a_cell_is_relaxed_along_the_same_path(lammps):
    body = "fix 1 all box/relax tri 0.0 vmax 0.005\nminimize 0 1e-7 60 200\n"
    both(lammps, body, tilt=TILTED)
    own, ours = lammps.thermo("own.log"), lammps.thermo("ours.log")
    assert np.abs(ours[-1, 4]) < 0.1 * np.abs(ours[0, 4])  # pressure
    assert np.delete(ours, 2, axis=1) == pytest.approx(np.delete(own, 2, axis=1), rel=1e-6, abs=1e-3)


def test_read_restart_and_read_data_continue_where_write_left_off(lammps):
    first = START.format(tilt=TILTED, potential=bridge(lammps)) + MOVE + "fix 1 all nvt temp 80 80 0.1\nrun 40\n"
    lammps.works(
        first + "write_restart half.restart\nwrite_data half.data\nrun 40\n" + SAVE.format(name="whole.dump"),
        "-log",
        "none",
    )
    assert "Pair Coeffs" not in (lammps.folder / "half.data").read_text()
    rest = f"read_restart half.restart\n{bridge(lammps)}\nfix 1 all nvt temp 80 80 0.1\ntimestep 0.002\nrun 40\n"
    lammps.works(rest + SAVE.format(name="rest.dump"), "-log", "none")
    assert np.abs(lammps.table("whole.dump") - lammps.table("rest.dump")).max() < 1e-12
    data = (
        f"units metal\natom_style atomic\nread_data half.data\n{bridge(lammps)}\nthermo_style custom step pe\nrun 0\n"
    )
    lammps.works(data, "-log", "data.log")
    assert np.isfinite(lammps.thermo("data.log")).all()


def test_rerun_recovers_the_energies_of_the_run(lammps):
    start = START.format(tilt=TILTED, potential=bridge(lammps))
    dump = "dump 1 all custom 20 traj.dump id type x y z ix iy iz\ndump_modify 1 sort id format float %.15g\n"
    lammps.works(start + MOVE + dump + "fix 1 all nve\nrun 60\n", "-log", "run.log")
    lammps.works(start + "rerun traj.dump dump x y z\n", "-log", "rerun.log")
    assert lammps.thermo("rerun.log")[:, 2] == pytest.approx(lammps.thermo("run.log")[:, 2], abs=1e-9)


def test_hybrid_overlay_adds_a_zbl_core(lammps):
    start = START.format(tilt=TILTED, potential="{potential}")
    zbl = "pair_coeff * * zbl 18 18"
    own = f"pair_style hybrid/overlay lj/cut 8.0 zbl 3.0 4.0\npair_coeff * * lj/cut 0.0104 3.4\n{zbl}"
    ours = f"pair_style hybrid/overlay sselmp {lammps.lennard_jones()} zbl 3.0 4.0\npair_coeff * * sselmp Ar\n{zbl}"
    body = MOVE + "fix 1 all npt temp 80 80 0.1 tri 0 0 0.5\nrun 60\n"
    states = []
    for potential in (own, ours):
        lammps.works(start.format(potential=potential) + body + SAVE.format(name="h.dump"), "-log", "none")
        states.append(lammps.table("h.dump"))
    assert np.abs(states[0] - states[1]).max() < 1e-8


def test_partitions_each_hold_a_potential_of_their_own(lammps):
    body = "variable t world 40 120\nvelocity all create $t 99 loop geom\nfix 1 all nve\nrun 20\n"
    script = START.format(tilt=CUBIC, potential=bridge(lammps)) + body
    lammps.works(script, "-partition", "2x1", "-log", "p.log", "-screen", "none", ranks=2)
    first, second = lammps.thermo("p.log.0"), lammps.thermo("p.log.1")
    assert first[0, 1] == pytest.approx(40)
    assert second[0, 1] == pytest.approx(120)
    assert first[:, 2] != pytest.approx(second[:, 2])


def test_per_atom_energies_add_up_to_the_energy(lammps):
    body = (
        MOVE + "compute each all pe/atom\ncompute sum all reduce sum c_each\n"
        "thermo_style custom step pe c_sum\nthermo_modify format float %.14g\nfix 1 all nve\nrun 20\n"
    )
    for ranks in (1, 2):
        lammps.works(START.format(tilt=TILTED, potential=bridge(lammps)) + body, "-log", "e.log", ranks=ranks)
        rows = lammps.thermo("e.log")
        assert rows[:, 2] == pytest.approx(rows[:, 1], abs=1e-9)


def test_types_named_null_are_not_seen_by_the_model(lammps):
    script = START.format(tilt=CUBIC, potential="{potential}").replace("create_box 1", "create_box 2")
    script = script.replace("mass 1", "mass 2 20.0\nmass 1")
    some = "set group all type/fraction 2 0.3 12345\n"
    own = "pair_style lj/cut 8.0\npair_coeff 1 1 0.0104 3.4\npair_coeff 1*2 2 0.0 3.4"
    ours = (
        f"pair_style hybrid/overlay sselmp {lammps.lennard_jones()} zero 8.0\n"
        "pair_coeff * * sselmp Ar NULL\npair_coeff * * zero"
    )
    forces = "write_dump all custom f.dump id fx fy fz modify sort id format float %.15g\n"
    tables = []
    for potential in (own, ours):
        body = some + "displace_atoms all random 0.05 0.05 0.05 777\nrun 0\n" + forces
        lammps.works(script.format(potential=potential) + body, "-log", "none")
        tables.append(lammps.table("f.dump"))
    assert np.abs(tables[0][:, 1:]).max() > 1e-3
    assert np.abs(tables[0] - tables[1]).max() < 1e-10
