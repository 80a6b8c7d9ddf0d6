"""The metrics of the dispatch."""

from prometheus_client import Counter, Gauge, Histogram

ATTEMPTS = Counter("cuiban_attempts", "Attempts that ended", ["channel", "outcome"])
ENDED = Counter("cuiban_notifications_ended", "Notifications that ended", ["channel", "state"])
OPEN = Gauge("cuiban_notifications_open", "Notifications not ended", ["channel", "state"])
DUE_OLDEST = Gauge(
    "cuiban_notifications_due_oldest_seconds",
    "For how long the oldest due notification waits to be sent",
    ["channel"],
)
WAITING = Gauge("cuiban_reminders_waiting", "Reminders whose unit is not known yet")
IN_FLIGHT = Gauge(
    "cuiban_attempts_in_flight", "Offers that wait for an answer", ["channel", "gateway"]
)
HELD = Gauge(
    "cuiban_notifications_held",
    "Notifications that wait for a gateway's settings or for a person",
    ["channel", "reason"],
)
HELD_LATE = Gauge(
    "cuiban_notifications_held_late",
    "Held notifications whose nearest date is today or tomorrow (near) or went by (passed)",
    ["channel", "reason", "date"],
)
HOLDS = Gauge("cuiban_holds", "Holds that are not released, each scope once")
HOLD_AGE = Gauge("cuiban_hold_oldest_seconds", "For how long the oldest hold has held")
KEPT = Gauge(
    "cuiban_notifications_kept", "Due notifications that wait for a hold's release", ["channel"]
)
_OF_GATEWAY = ["channel", "gateway"]
RESTS = Counter(
    "cuiban_gateway_rests", "Times a gateway was left to rest", [*_OF_GATEWAY, "reason"]
)
RESTING = Gauge("cuiban_gateway_resting", "1 while a gateway does not answer", _OF_GATEWAY)
SHARE = Gauge("cuiban_gateway_share", "Part of its weight that a gateway has now", _OF_GATEWAY)
OUTCOMES = Counter("cuiban_gateway_outcomes", "Answers of gateways", [*_OF_GATEWAY, "outcome"])
FAILOVERS = Counter(
    "cuiban_gateway_failovers", "Refused messages that another gateway got at once", _OF_GATEWAY
)
LIMITED = Counter(
    "cuiban_messages_limited", "Times a message waited for a gateway's limit", ["channel"]
)
BOUNCES = Counter("cuiban_bounces", "Mails in the mailboxes of bounces", ["gateway", "result"])
LATENESS = Histogram(
    "cuiban_slot_to_sent_seconds",
    "Office time from a reminder's slot until a gateway accepted it",
    ["channel"],
    buckets=(0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800, 7200, 43200, 86400),
)
