"""From evidence to an answer: reading, wording, generation, citations."""
