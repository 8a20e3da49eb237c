"""Static properties of a crystal with a potential: relaxation, equation of state, elasticity; runs no dynamics."""
