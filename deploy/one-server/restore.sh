#!/bin/sh
# Put a backup of backup.sh into an empty database: restore.sh FILE.dump
# The server and the database are named as libpq names them (PGHOST, PGDATABASE, PGPASSFILE, …).
# The services must be stopped. It changes nothing where the database already has Cuiban's schemas.
set -eu
DUMP=${1:?restore.sh FILE.dump}
: "${PGDATABASE:?name the database}"
pg_restore --list "$DUMP" > /dev/null
schemas=$(psql --no-psqlrc --tuples-only --no-align --command \
  "SELECT count(*) FROM pg_namespace WHERE nspname IN ('ingest', 'scheduler', 'notifier')")
if [ "$schemas" != 0 ]; then
  echo "数据库里已有 Cuiban 的数据，没有恢复。The database is not empty; nothing was restored." >&2
  exit 1
fi
# Roles belong to the server, and most are there already.
psql --no-psqlrc --quiet --file="${DUMP%.dump}.roles.sql" > /dev/null 2>&1 || true
pg_restore --exit-on-error --single-transaction --dbname="$PGDATABASE" "$DUMP"
echo "已恢复。Restored: $DUMP"
