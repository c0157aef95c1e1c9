"""A graph from the text of documents, without a language model."""
