"""Reading, checking and enlarging crystals; knows nothing of potentials."""
