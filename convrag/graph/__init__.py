"""The knowledge graph: reading RDF, names and phrases, linking, relations, and facts in words."""
