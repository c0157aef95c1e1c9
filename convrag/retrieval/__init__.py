"""Finds passages and triples for a question: a persisted index, its channels, and their fusion."""
