"""Measures of one answer, ranking or link at a time, each with its source."""
