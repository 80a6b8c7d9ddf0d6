"""The consumer of `test_consuming`, for every test of the streams."""

from tests.integration.shared.test_consuming import world

__all__ = ["world"]
