"""Scripted dialogues: load them, run them through a pipeline, score and report them."""
