"""The areas of the console, in the order of the navigation."""

from dataclasses import dataclass

from services.console.texts.languages import N_


@dataclass(frozen=True, slots=True)
class NavigationEntry:
    """An area: its address, its name, and the permission that its list needs."""

    path: str
    name: str
    needs: str


NAVIGATION = (
    NavigationEntry("/overview", N_("总览"), "read-drafts"),
    NavigationEntry("/plans", N_("任务表"), "read-drafts"),
    NavigationEntry("/ledger", N_("台账"), "read"),
    NavigationEntry("/units", N_("单位"), "read-drafts"),
    NavigationEntry("/rules", N_("规则"), "read-drafts"),
    NavigationEntry("/messages", N_("投递"), "read-drafts"),
    NavigationEntry("/reports", N_("通报"), "read-drafts"),
    NavigationEntry("/settings", N_("设置"), "use-account"),
)
ITEMS = NavigationEntry("/u/items", N_("要办的事项"), "answer")
"""Where a unit answers."""
PORTAL_AREAS = (
    ITEMS,
    NavigationEntry("/u/history", N_("办理记录"), "read"),
    NavigationEntry("/u/contacts", N_("联系人"), "answer"),
    NavigationEntry("/u/calendar", N_("日历订阅"), "answer"),
)
"""The areas of the portal."""
