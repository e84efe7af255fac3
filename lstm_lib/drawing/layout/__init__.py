"""Where things stand: layers, one cell of a kind, then the whole scene."""
