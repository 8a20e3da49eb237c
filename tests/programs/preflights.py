"""Runs in a potential's environment: carries out the preflight of several cards on one structure, prints JSON.

One process for all of them, since starting LAMMPS and Python takes longer than measuring a small cell.
"""

import json
import sys
from pathlib import Path

from sselmp.preflight import program, specimen


def main():
    subject = specimen.read(Path(sys.argv[1]))
    found = {Path(card).stem: program.run(card, subject).model_dump(mode="json") for card in sys.argv[2:]}
    sys.stdout.write("\n" + json.dumps(found) + "\n")


if __name__ == "__main__":
    main()
