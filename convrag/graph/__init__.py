"""The knowledge graph: loading RDF, names and phrases, entity linking, relations, and facts in words."""
