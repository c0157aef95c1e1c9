"""The dialogue manager: what the conversation is about, and turns made to stand alone."""
