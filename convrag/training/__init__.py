"""Training data for rewriting turns, and the training of the rewriter."""
