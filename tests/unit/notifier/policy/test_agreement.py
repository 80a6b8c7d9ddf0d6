"""Whether a suspected refusal is the gateway's fault or one message's."""

from uuid import UUID

from services.notifier.message import Accepted, Fault, Outcome, Refusal, Refused, Unknown
from services.notifier.policy.agreement import AGREE, Agreement

FORBIDDEN = Refused(Refusal.FORBIDDEN, permanent=False)


def faults(agreement: Agreement, *numbers: int, refused: Refused = FORBIDDEN) -> list[Fault]:
    found = [agreement.judge(UUID(int=number), refused) for number in numbers]
    return [one.fault for one in found if isinstance(one, Refused)]


def test_one_message_alone_proves_nothing_however_often_it_is_refused() -> None:
    assert faults(Agreement(), *[1] * 20) == [Fault.SUSPECTED] * 20


def test_several_different_messages_in_a_row_speak_against_the_gateway() -> None:
    agreement = Agreement()
    first = [Fault.SUSPECTED] * (AGREE - 1)
    assert faults(agreement, *range(AGREE + 1)) == [*first, Fault.GATEWAY, Fault.GATEWAY]
    assert agreement.agreeing == AGREE + 1


def test_an_acceptance_between_clears_the_gateway() -> None:
    agreement = Agreement()
    faults(agreement, *range(AGREE - 1))
    agreement.judge(UUID(int=99), Accepted("m"))
    assert faults(agreement, 50) == [Fault.SUSPECTED]
    assert agreement.agreeing == 1


def test_what_is_refused_again_while_others_were_accepted_is_to_blame_itself() -> None:
    agreement = Agreement()
    faults(agreement, *range(8))
    agreement.judge(UUID(int=99), Accepted("m"))
    assert faults(agreement, *range(8)) == [Fault.MESSAGE] * 8
    assert agreement.agreeing == 0


def test_a_message_that_was_accepted_after_all_begins_anew() -> None:
    agreement = Agreement()
    faults(agreement, 1)
    agreement.judge(UUID(int=1), Accepted("m"))
    assert faults(agreement, 1) == [Fault.SUSPECTED]


def test_other_outcomes_are_left_alone() -> None:
    agreement = Agreement()
    others: list[Outcome] = [
        Unknown("HTTP 502"),
        Refused(Refusal.UNREACHABLE, permanent=False),
        Refused(Refusal.REJECTED, permanent=True),
        Refused(Refusal.BUSY, permanent=False),
    ]
    assert [agreement.judge(UUID(int=1), each) for each in others] == others
    assert agreement.agreeing == 0
