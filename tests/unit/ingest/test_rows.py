"""The row classes of ingest's stores say what the tables hold."""

from dataclasses import fields
from types import NoneType
from typing import get_args, get_type_hints

import pytest

from services.ingest.store import (
    evidence,
    hearings,
    idempotency,
    journal,
    ledger_rows,
    ledger_views,
    life,
    life_tables,
    office_settings,
    office_tables,
    proposal_tables,
    proposals,
    reading_rows,
    replies,
    reply_tables,
    rows,
    tables,
    timeline,
    waiting,
)
from services.ingest.store.columns import EnumText
from services.ingest.store.history_tables import NOTIFICATIONS, REMINDERS
from services.ingest.store.journal_tables import JOURNAL, JOURNAL_HEADS
from shared.errors import NewerValueError

HELD_BY = [
    (rows.StoredOffice, tables.OFFICES),
    (rows.StoredToken, tables.TOKENS),
    (rows.StoredRuleBook, office_tables.RULE_BOOKS),
    (rows.StoredCalendar, office_tables.CALENDARS),
    (rows.StoredUnit, tables.UNITS),
    (rows.StoredUnitNames, tables.UNITS),
    (rows.StoredPlan, tables.PLANS),
    (rows.PlanOverview, tables.PLANS),
    (rows.StoredMeasure, tables.MEASURES),
    (rows.StoredNameDecision, tables.NAME_DECISIONS),
    (ledger_rows.StoredObligation, tables.OBLIGATIONS),
    (ledger_rows.ObligationNumber, tables.OBLIGATIONS),
    (ledger_rows.LedgerEntry, tables.OBLIGATIONS),
    (ledger_rows.CurrentState, tables.OBLIGATIONS),
    (ledger_rows.PastState, tables.OBLIGATION_HISTORY),
    (reading_rows.StoredFeed, tables.FEEDS),
    (reading_rows.FeedEntry, tables.OBLIGATIONS),
    (reading_rows.MeasureLabel, tables.MEASURES),
    (office_settings.StoredSettings, office_tables.OFFICE_SETTINGS),
    (ledger_views.StoredView, office_tables.LEDGER_VIEWS),
    (proposals.StoredProposal, proposal_tables.CONTACT_PROPOSALS),
    (replies.StoredReply, reply_tables.REPLIES),
    (rows.StoredReminder, REMINDERS),
    (rows.StoredNotification, NOTIFICATIONS),
    (journal.JournalEntry, JOURNAL),
    (journal.ChainHead, JOURNAL_HEADS),
    (idempotency.StoredAnswer, tables.IDEMPOTENCY),
    (hearings.StoredHearing, life_tables.HEARINGS),
    (evidence.StoredEvidence, life_tables.EVIDENCE),
    (life.JointObligation, tables.OBLIGATIONS),
    (life.StoredExtension, life_tables.EXTENSIONS),
    (life.StoredObjection, life_tables.OBJECTIONS),
    (timeline.MessageRow, NOTIFICATIONS),
    (waiting.NamedNotification, NOTIFICATIONS),
    (timeline.StateRow, tables.OBLIGATION_HISTORY),
]


@pytest.mark.parametrize(("row_class", "table"), HELD_BY)
def test_a_field_may_be_none_exactly_if_its_column_may_be_null(row_class, table):
    types = get_type_hints(row_class)
    held = [field.name for field in fields(row_class) if field.name in table.c]
    assert held
    for name in held:
        assert (NoneType in get_args(types[name])) is table.c[name].nullable, name


@pytest.mark.parametrize(("row_class", "table"), HELD_BY)
def test_a_column_of_an_enumeration_is_a_field_of_that_enumeration(row_class, table):
    types = get_type_hints(row_class)
    for field in fields(row_class):
        if field.name in table.c and isinstance(table.c[field.name].type, EnumText):
            enum = table.c[field.name].type.enum
            assert types[field.name] in (enum, enum | None), field.name


def test_a_word_that_an_enumeration_lacks_is_not_read():
    read = EnumText(rows.PlanStatus).result_processor(None, None)
    assert read("draft") is rows.PlanStatus.DRAFT
    assert read(None) is None
    with pytest.raises(NewerValueError) as caught:
        read("unheard-of")
    assert "'unheard-of' as PlanStatus" in caught.value.message
    assert "newer release" in caught.value.hint
