"""Hypothesis profiles: a few fixed examples, or many random ones (CUIBAN_FUZZ=500, `make fuzz`)."""

import os

from hypothesis import HealthCheck, Phase, settings

DEEP = int(os.environ.get("CUIBAN_FUZZ") or 0)
fuzzed = settings(
    max_examples=DEEP or 15,
    derandomize=not DEEP,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    print_blob=True,
)
"""For tests without state."""

unshrunk = settings(fuzzed, phases=[Phase.generate])
"""For tests with state that lasts between examples, which prevents shrinking."""
