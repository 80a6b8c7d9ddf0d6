"""Whether a suspected refusal is the gateway's fault or one message's."""

from uuid import UUID

from services.notifier.domain.agreement import AGREE, Agreement
from services.notifier.domain.message import (
    Blame,
    MessageAccepted,
    MessageRefused,
    Outcome,
    OutcomeUnknown,
    Refusal,
)

FORBIDDEN = MessageRefused(Refusal.FORBIDDEN, permanent=False)


def faults(agreement: Agreement, *numbers: int, refused: MessageRefused = FORBIDDEN) -> list[Blame]:
    found = [agreement.judge(UUID(int=number), refused) for number in numbers]
    return [one.blame for one in found if isinstance(one, MessageRefused)]


def test_one_message_alone_proves_nothing_however_often_it_is_refused() -> None:
    assert faults(Agreement(), *[1] * 20) == [Blame.SUSPECTED] * 20


def test_several_different_messages_in_a_row_speak_against_the_gateway() -> None:
    agreement = Agreement()
    first = [Blame.SUSPECTED] * (AGREE - 1)
    assert faults(agreement, *range(AGREE + 1)) == [*first, Blame.GATEWAY, Blame.GATEWAY]
    assert agreement.agreeing == AGREE + 1


def test_an_acceptance_between_clears_the_gateway() -> None:
    agreement = Agreement()
    faults(agreement, *range(AGREE - 1))
    agreement.judge(UUID(int=99), MessageAccepted("m"))
    assert faults(agreement, 50) == [Blame.SUSPECTED]
    assert agreement.agreeing == 1


def test_what_is_refused_again_while_others_were_accepted_is_to_blame_itself() -> None:
    agreement = Agreement()
    faults(agreement, *range(8))
    agreement.judge(UUID(int=99), MessageAccepted("m"))
    assert faults(agreement, *range(8)) == [Blame.MESSAGE] * 8
    assert agreement.agreeing == 0


def test_a_message_that_was_accepted_after_all_begins_anew() -> None:
    agreement = Agreement()
    faults(agreement, 1)
    agreement.judge(UUID(int=1), MessageAccepted("m"))
    assert faults(agreement, 1) == [Blame.SUSPECTED]


def test_other_outcomes_are_left_alone() -> None:
    agreement = Agreement()
    others: list[Outcome] = [
        OutcomeUnknown("HTTP 502"),
        MessageRefused(Refusal.UNREACHABLE, permanent=False),
        MessageRefused(Refusal.REJECTED, permanent=True),
        MessageRefused(Refusal.BUSY, permanent=False),
    ]
    assert [agreement.judge(UUID(int=1), each) for each in others] == others
    assert agreement.agreeing == 0
