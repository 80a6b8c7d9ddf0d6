"""Whether queued messages arrived, by what was offered to a gateway."""

from lab.bench.paths.draining import Drained, judge_offers


def test_each_offered_under_one_key_is_neither_lost_nor_doubled() -> None:
    offers = [("1", "a"), ("2", "b"), ("2", "b"), ("2", "b")]
    assert judge_offers(offers, 2) == Drained(lost=0, doubled=0, again=2)


def test_a_recipient_without_an_offer_is_lost() -> None:
    assert judge_offers([("1", "a")], 3) == Drained(lost=2, doubled=0, again=0)


def test_a_second_key_is_a_second_message() -> None:
    offers = [("1", "a"), ("1", "b"), ("1", "b"), ("2", "c")]
    assert judge_offers(offers, 2) == Drained(lost=0, doubled=1, again=1)
