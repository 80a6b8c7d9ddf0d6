"""The journal's entries form a chain of hashes, made when a transaction commits."""

import sqlalchemy as sa
from alembic import op

from services.ingest.domain.chain import FIRST_HASH, chain_hash, compute_digest

revision = "2026_11_24_chain"
down_revision = "2026_11_24_streams"
_AT_ONCE = 5000

# The first of a transaction's entries seals them all; for the others there is nothing left to do.
# Deferred: the head's lock is the last that a transaction takes, whatever its handler did before.
_SEAL = """
CREATE FUNCTION ingest.seal_journal() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    head ingest.journal_heads;
    entry record;
BEGIN
    PERFORM 1 FROM ingest.journal_links WHERE entry_id = NEW.id;
    IF FOUND THEN
        RETURN NULL;
    END IF;
    SELECT * INTO head FROM ingest.journal_heads WHERE office_id = NEW.office_id FOR UPDATE;
    IF NOT FOUND THEN
        INSERT INTO ingest.journal_heads VALUES (NEW.office_id, 0, decode(repeat('00', 32), 'hex'))
            ON CONFLICT DO NOTHING;
        SELECT * INTO head FROM ingest.journal_heads WHERE office_id = NEW.office_id FOR UPDATE;
    END IF;
    FOR entry IN
        SELECT j.id, j.digest FROM ingest.journal j
        WHERE j.id >= NEW.id AND j.office_id = NEW.office_id
            AND NOT EXISTS (SELECT 1 FROM ingest.journal_links l WHERE l.entry_id = j.id)
        ORDER BY j.id
    LOOP
        head.number := head.number + 1;
        head.hash := sha256(head.hash || entry.digest);
        INSERT INTO ingest.journal_links VALUES (head.office_id, head.number, entry.id, head.hash);
    END LOOP;
    UPDATE ingest.journal_heads SET number = head.number, hash = head.hash
        WHERE office_id = head.office_id;
    RETURN NULL;
END $$
"""
_TRIGGERS = """
CREATE CONSTRAINT TRIGGER journal_is_sealed AFTER INSERT ON ingest.journal
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION ingest.seal_journal();
CREATE TRIGGER links_are_append_only BEFORE UPDATE OR DELETE ON ingest.journal_links
    FOR EACH ROW EXECUTE FUNCTION ingest.refuse_change();
CREATE TRIGGER journal_is_kept BEFORE TRUNCATE ON ingest.journal
    FOR EACH STATEMENT EXECUTE FUNCTION ingest.refuse_change();
CREATE TRIGGER links_are_kept BEFORE TRUNCATE ON ingest.journal_links
    FOR EACH STATEMENT EXECUTE FUNCTION ingest.refuse_change()
"""


def upgrade() -> None:
    op.create_table(
        "journal_links",
        sa.Column("office_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("entry_id", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("office_id", "number"),
        sa.UniqueConstraint("entry_id"),
        schema="ingest",
    )
    op.create_table(
        "journal_heads",
        sa.Column("office_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("office_id"),
        schema="ingest",
    )
    op.add_column("journal", sa.Column("digest", sa.LargeBinary()), schema="ingest")
    _seal_what_is_there()
    op.alter_column("journal", "digest", nullable=False, schema="ingest")
    op.execute(_SEAL)
    for trigger in _TRIGGERS.split(";"):
        op.execute(trigger)


def _seal_what_is_there() -> None:
    """Chain the entries from before the chain, in the order of their ids."""
    db = op.get_bind()
    op.execute("ALTER TABLE ingest.journal DISABLE TRIGGER journal_is_append_only")
    page = sa.text("SELECT * FROM ingest.journal WHERE id > :after ORDER BY id LIMIT :limit")
    enter = sa.text("INSERT INTO ingest.journal_links VALUES (:office_id, :number, :id, :hash)")
    write = sa.text("UPDATE ingest.journal SET digest = :digest WHERE id = :id")
    heads: dict[object, tuple[int, bytes]] = {}
    after = 0
    while rows := db.execute(page, {"after": after, "limit": _AT_ONCE}).mappings().all():
        sealed = []
        for row in rows:
            number, before = heads.get(row["office_id"], (0, FIRST_HASH))
            own = compute_digest(dict(row))
            heads[row["office_id"]] = (number + 1, chain_hash(before, own))
            sealed.append(
                {
                    "office_id": row["office_id"],
                    "number": number + 1,
                    "id": row["id"],
                    "digest": own,
                    "hash": heads[row["office_id"]][1],
                }
            )
        db.execute(write, [{"id": one["id"], "digest": one["digest"]} for one in sealed])
        names = ("office_id", "number", "id", "hash")
        db.execute(enter, [{name: one[name] for name in names} for one in sealed])
        after = rows[-1]["id"]
    head = sa.text("INSERT INTO ingest.journal_heads VALUES (:office_id, :number, :hash)")
    for office_id, (number, last) in heads.items():
        db.execute(head, {"office_id": office_id, "number": number, "hash": last})
    op.execute("ALTER TABLE ingest.journal ENABLE TRIGGER journal_is_append_only")
