"""Reductions, order statistics, histograms and correlations."""
