"""Measurements: every figure a ratio of jobs done in turn, in one run, on one machine."""
