"""Records log.0.lammps here: a relaxation, then 300 steps; run it with the Python of a potential's environment."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

SCRIPT = """
log log.0.lammps
units metal
atom_style atomic
lattice fcc 5.6
region box block 0 3 0 3 0 3
create_box 1 box
create_atoms 1 box
mass 1 39.948
displace_atoms all random 0.2 0.2 0.2 7
pair_style lj/cut 5.0
pair_coeff * * 0.0104 3.4
thermo_style custom step time temp pe ke etotal press vol lx ly lz xy xz yz
thermo_modify flush yes
print "sselmp stage: relaxation"
thermo 1
min_modify norm max
minimize 0.0 0.01 20 100
reset_timestep 0 time 0.0
velocity all create 60 4321
fix integrate all nvt temp 60 60 0.1
timestep 0.002
thermo 10
print "sselmp stage: equilibration"
if "$(step) < 100" then "run 100 upto"
print "sselmp stage: production"
run 300 upto
"""

if __name__ == "__main__":
    here = Path(__file__).parent
    (here / "in.tmp").write_text(SCRIPT)
    program = Path(sys.prefix) / "bin" / "lmp"
    subprocess.run([program, "-in", "in.tmp", "-log", "none", "-screen", "none"], cwd=here, check=True)
    (here / "in.tmp").unlink()
    log = here / "log.0.lammps"
    log.write_text("".join(line for line in log.open() if "Loaded" not in line))  # names a folder of the machine
