"""Settings that every service reads, from the environment: `CUIBAN_KAFKA` and the like."""

from datetime import timedelta
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field, SecretStr

from shared.base_settings import BoundedDuration, NonNegativeDuration
from shared.database_url import check_database_url
from shared.kafka_settings import KafkaSettings
from shared.links import LinkKeys


def _check_database_url(url: SecretStr) -> SecretStr:
    """Refuse a URL of no PostgreSQL database, without repeating it: it may hold a password."""
    check_database_url(url.get_secret_value())
    return url


def _check_link_keys(written: SecretStr) -> SecretStr:
    LinkKeys.parse(written.get_secret_value())
    return written


class Settings(KafkaSettings):
    """What a service needs to reach the broker and the database, and to be watched."""

    topic_prefix: str = Field(default="", pattern=r"^[A-Za-z0-9._-]{0,100}$")
    """Before every topic's and consumer group's name, where installations share a broker."""
    partitions: int = Field(default=4, ge=1, le=1000)
    replication: int = Field(default=1, ge=1, le=9)
    min_in_sync: int | None = Field(default=None, ge=1, le=9)
    """How many replicas must have an event before it is acknowledged; without it 2, and 1 where
    topics have one replica."""
    database_url: Annotated[SecretStr, AfterValidator(_check_database_url)] = SecretStr(
        "postgresql://postgres@127.0.0.1:5432/cuiban"
    )
    """With TLS as libpq names it: `?sslmode=verify-full&sslrootcert=FILE`, and `sslcert`, `sslkey`
    where the server asks for a certificate. `passfile=FILE` names a password file of libpq."""
    database_pool: int = Field(default=10, ge=2, le=200)
    statement_timeout: BoundedDuration = timedelta(seconds=30)
    hung_after: BoundedDuration = timedelta(minutes=1)
    """A session that holds a lock and is idle for so long counts as hung: PostgreSQL ends it, and
    others continue."""
    clock_skew: BoundedDuration = timedelta(seconds=5)
    """The largest accepted difference between the machine's clock and the database's. Beyond it
    nothing fires."""
    clock_file: Path | None = None
    """Read the office's time from this file instead of the machine's clock (demo, tests)."""
    link_keys: Annotated[SecretStr, AfterValidator(_check_link_keys)] = SecretStr("")
    """The keys of signed links, `ID:SECRET ID:SECRET`: the first signs, all verify. Ingest and
    notifier need the same; without them no message has a link and no link is accepted."""
    wait: NonNegativeDuration = timedelta(0)
    """How long to wait at the start for a missing broker, database, topic or migration."""
    poll: BoundedDuration = timedelta(milliseconds=50)
    """How long an idle loop pauses."""
    replay_window: NonNegativeDuration = timedelta(days=7)
    """How long the outbox keeps what it sent, so that it can be sent again when the broker loses
    it."""
    session_timeout: BoundedDuration = timedelta(seconds=10)
    """How long a killed worker's partitions wait before another worker takes them."""

    stalled_after: BoundedDuration = timedelta(minutes=1)
    """A consumer that has records to apply, but whose position does not move for so long, makes its
    service not ready."""

    @property
    def in_sync(self) -> int:
        """The `min.insync.replicas` of every topic."""
        return self.min_in_sync or min(2, self.replication)
