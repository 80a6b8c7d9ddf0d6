"""Who follows the default rules gets new ones; who decided otherwise keeps theirs."""

import hashlib
import json

from services.ingest.domain.default_rules import DEFAULTS, has_followed, is_outdated
from shared.rules.defaults import make_default_rule_book

FIRST, PRESENT = DEFAULTS[0], DEFAULTS[-1]
OWN = PRESENT[:1]
DIGESTS = ["c182005cee6cbeae", "23fc29e17ba19765"]


def hash_rules(rules):
    text = json.dumps([rule.model_dump(mode="json") for rule in rules], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def test_default_rules_that_were_once_released_stay_known():
    """Changed the default rules? Add the earlier ones to _EARLIER, and a digest here."""
    assert [hash_rules(rules) for rules in DEFAULTS] == DIGESTS
    assert make_default_rule_book().rules == PRESENT


def test_only_earlier_default_rules_are_outdated():
    assert is_outdated(FIRST)
    assert not is_outdated(PRESENT)
    assert not is_outdated(OWN)


def test_an_office_follows_as_long_as_it_never_decided_otherwise():
    assert has_followed([FIRST])
    assert has_followed([FIRST, FIRST])
    assert has_followed([FIRST, PRESENT])
    assert not has_followed([OWN])
    assert not has_followed([OWN, FIRST]), "it came back to rules that it once left"
    assert not has_followed([PRESENT, FIRST]), "it did not want what is new"
