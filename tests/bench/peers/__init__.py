"""convrag's retrieval beside txtai, Haystack and sentence-transformers on the same texts."""
