"""Published data sets as documents, facts and conversations, read as streams."""
