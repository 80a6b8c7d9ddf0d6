"""Expressions of time to days, recurrences and review codes: deadline cells and sentences."""
