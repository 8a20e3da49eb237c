"""Run folders for tests of launching: a real manifest around a small LAMMPS input, or around a stand-in program."""

from __future__ import annotations

import stat
from pathlib import Path

from sselmp import files, layout, manifest
from sselmp.manifest import Identity, Manifest
from sselmp.settings import Dynamics, Guard, Output, Relaxation

# Argon through the bridge with ASE's Lennard-Jones, with the variables and files that run folders agree on.
SCRIPT = """
variable segment index 0
variable walltime index off
log log.${segment}.lammps
units metal
atom_style atomic
atom_modify map array sort 0 0
if "$(is_defined(variable,resume))" then "read_restart ${resume}" else &
  "lattice fcc 5.3" "region box block 0 2 0 2 0 2" "create_box 1 box" "create_atoms 1 box" "mass 1 39.948"
include potential.lmp
timestep 0.002
timer timeout ${walltime} every 1
thermo_style custom step time temp pe ke etotal press vol lx ly lz xy xz yz
thermo_modify flush yes
thermo 10
if "$(is_defined(variable,resume))" then "jump SELF dynamics"
velocity all create 60 4321 loop geom
label dynamics
fix integrate all nvt temp 60 60 0.1
restart 20 restarts/*.restart
dump trajectory all custom 20 trajectory.${segment}.lammpstrj id type element xsu ysu zsu
dump_modify trajectory sort id format float %.9f element Ar
run TOTAL upto
write_restart restarts/$(step).restart
if "$(step) == TOTAL" then "print 'finished at step TOTAL' file finished.txt"
"""
OWN_POTENTIAL = "pair_style lj/cut 5.0\npair_coeff * * 0.0104 3.4\n"

CARD = """
name = "lj"
title = "ASE's Lennard-Jones with argon's parameters"
family = "ase"
environment = "sevennet"
cutoff_A = 5.0
message_passing_depth = 1
precision = "float64"
forces = "conservative"
stress = true
per_atom_energy = true
citation = "none"
[options]
calculator = "ase.calculators.lj:LennardJones"
rc = 5.0
epsilon = 0.0104
sigma = SIGMA
"""


def bridge_potential(folder: Path, *, sigma: str = "3.4") -> str:
    """Text of a potential.lmp that goes through the bridge, about a millisecond a step; its card is put beside."""
    card = folder / "lj.toml"
    card.write_text(CARD.replace("SIGMA", sigma))
    return f"pair_style sselmp {card}\npair_coeff * * Ar\n"


def make_run_folder(folder: Path, *, total: int, script: str = SCRIPT, potential: str = OWN_POTENTIAL) -> Path:
    """Write a run folder with a manifest that verifies."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / layout.INPUT_SCRIPT).write_text(script.replace("TOTAL", str(total)))
    (folder / layout.POTENTIAL_SCRIPT).write_text(potential)
    identity = Identity(
        potential="sevennet",
        potential_sha256="0" * 64,
        system="argon",
        structure_sha256="0" * 64,
        temperature_K=60.0,
        seed=4321,
        relaxation=Relaxation(),
        dynamics=Dynamics(equilibration_ps=0.0, production_ps=1.0),
        output=Output(),
        guard=Guard(),
    )
    record = Manifest(
        id=identity.run_id(),
        identity=identity,
        card=identity.potential,
        mobile_species="Ar",
        total_steps=total,
        equilibration_steps=0,
        charges={"Ar": 0.0},
        files={name: files.sha256(folder / name) for name in (layout.INPUT_SCRIPT, layout.POTENTIAL_SCRIPT)},
        sselmp_version="0",
        created="2026-01-01T00:00:00+00:00",
    )
    manifest.write(folder, record)
    return folder


def make_stand_in(prefix: Path, body: str) -> Path:
    """An environment whose ``sselmp-lmp`` is a shell script: only for what happens around the program."""
    program = prefix / "bin" / "sselmp-lmp"
    program.parent.mkdir(parents=True)
    program.write_text(f"#!/bin/sh\n{body}\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return prefix
