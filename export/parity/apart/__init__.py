"""Comparisons apart from the model: with its recorded answers, in another process."""
