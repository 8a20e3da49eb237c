"""From dumps and logs to one record of times, unwrapped positions, cells and species."""
