"""A report about an obligation."""

from tests.integration.scheduler.world import (
    get_unit_id,
)

UNIT = get_unit_id("县发展改革局")
