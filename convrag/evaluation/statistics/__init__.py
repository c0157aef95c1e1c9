"""How sure a mean is, and whether two runs differ."""
