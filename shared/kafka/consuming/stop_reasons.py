"""Why a partition is stopped, and what an operator does about it."""

from shared.kafka.broker.records import Partition

LOG_SHORTER, LOG_REPLACED, LOG_TRUNCATED = "log-shorter", "log-replaced", "log-truncated"
LOG_GAP = "log-gap"
REASONS = {
    LOG_SHORTER: "its log ends before what was applied: it was made anew, or lost its tail",
    LOG_REPLACED: "its log holds another record where the last applied one was: it was made anew",
    LOG_TRUNCATED: "its log begins after the next event: events were removed before they were "
    "applied",
    LOG_GAP: "the next record says that others came before it, and they were never read: the log "
    "lost them",
}
_SEND_AGAIN = (
    "First let the service that writes the topic send them again: cuiban ops replay-outbox SERVICE "
    "--topic TOPIC --lost --reason TEXT, or --since INSTANT when its relay is not stopped. "
)


def suggest_resume(consumer: str, at: Partition, word: str) -> str:
    """Why a partition is stopped, and the command that resumes it."""
    return (
        f"{consumer} is stopped at {at.topic}/{at.number} ({word}): {REASONS.get(word, word)}. "
        f"{_SEND_AGAIN if word == LOG_GAP else ''}"
        f"Type: cuiban ops resume {consumer} {at.topic} {at.number} --from earliest --reason TEXT"
    )
