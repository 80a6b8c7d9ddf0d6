"""Row-level security: a request sees and changes the rows of its office alone.

PostgreSQL adds the condition to every statement, so that no query can forget it. A transaction of
a request takes the role `cuiban_office`, for which each table with an `office_id` has a policy.
Consumers, the relay, nightly work and migrations keep the role of their connection, which owns the
tables and has no policy.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from uuid import UUID

from sqlalchemy import Connection, event
from sqlalchemy.ext.asyncio import AsyncEngine

OFFICE_ROLE = "cuiban_office"
_OFFICE: ContextVar[UUID | None] = ContextVar("office", default=None)
_ENTER = (
    "SELECT set_config('role', 'cuiban_office', true), set_config('cuiban.office_id', $1, true)"
)
PROTECT_TABLES = """
DO $$
DECLARE
    unprotected regclass;
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'cuiban_office') THEN
        BEGIN
            CREATE ROLE cuiban_office NOLOGIN;
        EXCEPTION WHEN duplicate_object OR unique_violation THEN
            NULL;  -- another database of this server is migrated at the same time
        END;
    END IF;
    IF NOT pg_has_role('cuiban_office', 'USAGE') THEN
        EXECUTE format('GRANT cuiban_office TO %I', current_user);
    END IF;
    GRANT USAGE ON SCHEMA ingest TO cuiban_office;
    GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA ingest TO cuiban_office;
    GRANT USAGE ON ALL SEQUENCES IN SCHEMA ingest TO cuiban_office;
    FOR unprotected IN
        SELECT c.oid::regclass FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
        WHERE c.relnamespace = 'ingest'::regnamespace AND c.relkind IN ('r', 'p')
            AND a.attname = 'office_id' AND NOT a.attisdropped AND NOT c.relrowsecurity
    LOOP
        EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', unprotected);
        EXECUTE format(
            'CREATE POLICY of_its_office ON %s '
            'USING (office_id = (SELECT current_setting(''cuiban.office_id'')::uuid))',
            unprotected
        );
    END LOOP;
    IF EXISTS (SELECT FROM pg_class WHERE oid = to_regclass('ingest.obligation_history')
               AND NOT relrowsecurity) THEN
        ALTER TABLE ingest.obligation_history ENABLE ROW LEVEL SECURITY;
        CREATE POLICY of_its_office ON ingest.obligation_history USING (
            EXISTS (SELECT FROM ingest.units u WHERE u.unit_id = obligation_history.unit_id));
    END IF;
    IF to_regclass('ingest.journal_links') IS NOT NULL THEN
        REVOKE UPDATE, DELETE ON ingest.journal, ingest.journal_links FROM cuiban_office;
    END IF;
    IF to_regclass('ingest.office_grants') IS NOT NULL THEN
        REVOKE ALL ON ingest.office_grants FROM cuiban_office;
    END IF;
END $$
"""
"""Give each table with an `office_id` its policy, and the history that of its unit. No office may
see who reads whose summaries, or change an entry of the journal. Repeating changes nothing; each
migration does it, so that a new table has its policy. The office stands in a subquery, so that it
is read once for each statement and not once for each row."""


def limit_transactions(engine: AsyncEngine) -> None:
    """Let each transaction that begins for an office see that office's rows alone."""
    if not event.contains(engine.sync_engine, "begin", _enter_office):
        event.listen(engine.sync_engine, "begin", _enter_office)


def _enter_office(connection: Connection) -> None:
    office_id = _OFFICE.get()
    if office_id is not None:
        connection.exec_driver_sql(_ENTER, (str(office_id),))


def serve_office(office_id: UUID) -> None:
    """From now on, transactions of this request belong to an office."""
    _OFFICE.set(office_id)


@contextmanager
def without_office() -> Iterator[None]:
    """During the block, transactions belong to no office until `serve_office` names one."""
    token = _OFFICE.set(None)
    try:
        yield
    finally:
        _OFFICE.reset(token)
