"""Words for the part of a unit in a task: it leads, supports, or is responsible. Pure.

The sets hold the words of published plans that share out tasks (任务分工).
"""

from typing import Final

LEAD: Final = "(?:牵头|主责|主办)"
"""A unit leads the others of its task."""
SUPPORT: Final = "(?:配合|协办|协同|协助|协作|参与|参加|会办)"
"""A unit supports the one that leads."""
BODY: Final = "(?:单位|部门|机构|[科处股]室)"
"""What a label calls the units: 牵头单位, 配合部门, 责任科室."""
