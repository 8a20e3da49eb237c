"""The fast path: a potential's network without ASE, with neighbour lists that last and, on a GPU, one launch a step."""
