"""One adapter file for each family of potentials, imported on use in that family's environment."""
