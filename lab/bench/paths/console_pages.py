"""Every page of the console with an address at which the bench asks for it.

Names in braces are those of `lab.bench.world.offices`. A page without a row fails
`tests/unit/lab/bench/test_console_pages.py`.
"""

from collections.abc import Iterator

from services.console.pages.deed_kinds import DEEDS
from services.console.pages.office_settings import SETTINGS

_PARTS = {"extensions": "extension", "objections": "objection", "hearings": "hearing"}
_PLAN, _MEASURE = "/plans/{plan_id}", "/plans/{plan_id}/measures/{ref}"

_TEMPLATE = "/settings/templates/{kind}/{template}"
_DRAFT, _DRAFT_PARTS = (
    "/rules/drafts/{rule_draft_id}",
    ("", "/text", "/form", "/publish", "/approve", "/discard"),
)

LISTS = (
    "/ledger",
    "/ledger?light=red",
    "/ledger?light=red&sort=due_on",
    "/ledger?sort=-due_on",
    "/ledger?unit={unit_name}",
    "/ledger?group=组3&status=done",
    "/ledger?text={unit_name}",
    "/ledger?text=没有这样的文字",
    "/ledger?category=类别2",
)
"""The list page of the ledger with the filters that people use."""


def _list_deeds() -> Iterator[tuple[str, str]]:
    """Each form about an obligation; some are about a part of it."""
    for name, deed in DEEDS.items():
        path = f"/ledger/{{obligation}}/{name}"
        if "{part}" in deed.path:
            kind = deed.path.split("/")[2]
            path += f"?part={{{_PARTS.get(kind, kind)}}}"
        yield "/ledger/{obligation_id}/{name}", path


PAGES: tuple[tuple[str, str], ...] = (
    ("/overview", "/overview"),
    ("/overview/waiting", "/overview/waiting"),
    ("/overview/replies/{reply_id}", "/overview/replies/{reply}"),
    ("/plans", "/plans"),
    (_PLAN, "/plans/{plan}"),
    (_PLAN, "/plans/{draft}"),
    (f"{_PLAN}/publish", "/plans/{draft}/publish"),
    (f"{_PLAN}/revise", "/plans/{plan}/revise"),
    (f"{_PLAN}/revisions/{{revision_id}}", "/plans/{plan}/revisions/{revision}"),
    (f"{_PLAN}/details", "/plans/{draft}/details"),
    (f"{_PLAN}/withdraw", "/plans/{plan}/withdraw"),
    (f"{_PLAN}/delete", "/plans/{draft}/delete"),
    (_MEASURE, "/plans/{draft}/measures/2.1"),
    (f"{_MEASURE}/withdraw", "/plans/{plan}/measures/2.1/withdraw"),
    *(("/ledger", path) for path in LISTS),
    ("/ledger/{obligation_id}", "/ledger/{obligation}"),
    ("/ledger/{obligation_id}/why", "/ledger/{obligation}/why"),
    *_list_deeds(),
    ("/reports", "/reports"),
    ("/reports", "/reports?by=unit"),
    ("/reports", "/reports?by=category"),
    ("/reports", "/reports?by=task"),
    ("/units", "/units"),
    ("/units", "/units?name=99"),
    ("/units/missing", "/units/missing"),
    ("/units/missing", "/units/missing?post="),
    ("/units/new", "/units/new"),
    ("/units/import", "/units/import"),
    ("/units/changes", "/units/changes"),
    ("/units/changes/{plan_id}", "/units/changes/{plan}"),
    ("/units/proof", "/units/proof?unit_id={unit}"),
    ("/units/{unit_id}", "/units/{unit}"),
    ("/units/{unit_id}/why", "/units/{unit}/why"),
    ("/units/{unit_id}/edit", "/units/{unit}/edit"),
    ("/units/{unit_id}/contacts/{post}", "/units/{unit}/contacts/liaison"),
    ("/units/{unit_id}/retire", "/units/{unit}/retire"),
    ("/units/{unit_id}/links", "/units/{unit}/links"),
    ("/units/proposals/{proposal_id}", "/units/proposals/{proposal}"),
    ("/rules", "/rules"),
    ("/rules/calendar", "/rules/calendar"),
    ("/rules/calendar/import", "/rules/calendar/import"),
    ("/rules/calendar/{year}", "/rules/calendar/2023"),
    ("/rules/compare", "/rules/compare?before=1&after={rule_draft}"),
    ("/rules/versions/{version}", "/rules/versions/1"),
    ("/rules/versions/{version}/roll-back", "/rules/versions/1/roll-back"),
    *((f"{_DRAFT}{part}", f"/rules/drafts/{{rule_draft}}{part}") for part in _DRAFT_PARTS),
    ("/rules/forecast", "/rules/forecast"),
    ("/messages/holds", "/messages/holds"),
    ("/messages/holds/{hold_id}/release", "/messages/holds/{hold}/release"),
    ("/rules/mutes", "/rules/mutes"),
    ("/rules/mutes/new", "/rules/mutes/new"),
    ("/rules/mutes/{mute_id}/end", "/rules/mutes/{mute}/end"),
    ("/messages", "/messages"),
    ("/messages", "/messages?status=failed"),
    ("/messages/causes", "/messages/causes"),
    ("/messages/gateways", "/messages/gateways"),
    ("/messages/phone-list", "/messages/phone-list"),
    ("/messages/dead-letters", "/messages/dead-letters"),
    ("/messages/group/{action}", "/messages/group/resend?status=failed"),
    ("/messages/{notification_id}", "/messages/{message}"),
    ("/messages/{notification_id}/{action}", "/messages/{message}/resend"),
    ("/settings", "/settings"),
    *(("/settings/office/{name}", f"/settings/office/{each.name}") for each in SETTINGS),
    ("/settings/templates", "/settings/templates"),
    (_TEMPLATE, "/settings/templates/digest-mail/standard"),
    (f"{_TEMPLATE}/preview", "/settings/templates/digest-mail/standard/preview"),
    (f"{_TEMPLATE}/versions/{{version}}", "/settings/templates/digest-mail/standard/versions/0"),
    (
        f"{_TEMPLATE}/versions/{{version}}/roll-back",
        "/settings/templates/digest-mail/standard/versions/0/roll-back",
    ),
    ("/settings/account", "/settings/account"),
    ("/settings/account/password", "/settings/account/password"),
    ("/settings/account/codes/disable", "/settings/account/codes/disable"),
    ("/settings/people", "/settings/people"),
    ("/settings/people/new", "/settings/people/new"),
    ("/settings/people/{user_id}", "/settings/people/{user}"),
    ("/settings/tokens", "/settings/tokens"),
    ("/settings/journal", "/settings/journal"),
    ("/settings/journal/proof", "/settings/journal/proof"),
)
"""The route of each page, as the application has it, and an address."""

NOT_PAGES = frozenset(
    {
        *("/", "/login", "/login/openid"),
        *("/progress/{task_id}", "/progress/{task_id}/events"),
        *("/ledger.xlsx", "/ledger.csv", "/reports.xlsx", "/reports.docx", "/units/proof.zip"),
        "/messages/phone-list.xlsx",
        "/messages/dead-letters/{letter_id}",
        "/messages/dead-letters/{letter_id}/{decision}",
        "/evidence/{evidence_id}",
        *(
            "/rules/calendar/draft",
            "/rules/calendar/draft/publish",
            "/rules/calendar/draft/discard",
        ),
        "/rules/calendar/own-days",
    }
)
"""Addresses of sign-in, of files, and of work under way, which are no pages about the ledger; of
single dead letters, of which the bench has none; and previews of a calendar, which compare the
reminders of all obligations."""
