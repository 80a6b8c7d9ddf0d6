"""What waits for a person of the office, over HTTP."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from shared.api.fields import Answer
from shared.api.ledger import ItemOut
from shared.api.obligations import ExtensionOut, ObjectionOut
from shared.api.units import ToldOut


class WaitingOut(Answer):
    """How many obligations, requests and messages wait for a person of the office.

    `contact_proposals`: corrections of contacts that units propose. `rule_drafts`: rule books that
    are neither published nor discarded. `replies`: what people answered to short messages, where it
    is not plain. `undeliverable`: messages that failed, whose address the contact still has, and
    after which nothing reached that post on that channel.
    """

    submitted: int
    extensions: int
    objections: int
    contact_proposals: int = 0
    rule_drafts: int = 0
    replies: int = 0
    undeliverable: int


class WaitingPlanOut(Answer):
    """A plan, or with `revises` a revision of one, that waits for a person.

    `open` counts the measures that need a decision, `unknown_names` the names that the directory
    lacks. `doubts` are those about the document. `gains` and `losses` count the units that the
    directory adds to a published plan and takes from it, `handovers` those that were retired and
    have something open for their successor.
    """

    plan_id: UUID
    revises: UUID | None
    title: str | None
    year: int | None
    document_name: str
    status: Literal["draft", "published", "revision"]
    imported_at: datetime
    open: int
    unknown_names: int
    doubts: list[str]
    gains: int
    losses: int
    handovers: int = 0


class AskedExtensionOut(ExtensionOut):
    """An extension with the obligation that it is about."""

    obligation: ItemOut


class RaisedObjectionOut(ObjectionOut):
    """An objection with the obligation that it is about."""

    obligation: ItemOut


class NotificationOut(ToldOut):
    """One notification, with the unit that owes what it is about."""

    unit_id: UUID
    unit: str
