"""What a step of molecular dynamics costs with a potential, by each of the ways to make it."""
