"""Measurements: never timed asserts, always a command, a seed and a baseline."""
