#!/bin/sh
# Backups of the database, each by pg_dump as one consistent state, with the roles beside it.
#   backup.sh now     make one
#   backup.sh every   one every BACKUP_HOURS hours; those older than BACKUP_DAYS days are removed
#   backup.sh check   status 1 when the newest is older than two of these pauses
# The server and the database are named as libpq names them (PGHOST, PGDATABASE, PGPASSFILE, …).
set -eu
umask 077
: "${BACKUP_DIR:?name the folder of the backups}"
HOURS=${BACKUP_HOURS:-6}
DAYS=${BACKUP_DAYS:-14}

make_backup() {
  name=$BACKUP_DIR/cuiban-$(date -u +%Y%m%dT%H%M%SZ)
  rm -f "$BACKUP_DIR"/*.part
  pg_dumpall --roles-only --no-role-passwords --file="$name.roles.sql.part" || return 1
  pg_dump --format=custom --file="$name.dump.part" || return 1
  pg_restore --list "$name.dump.part" > /dev/null || return 1  # the archive's contents can be read
  sync "$name.dump.part" || return 1
  mv "$name.roles.sql.part" "$name.roles.sql"
  mv "$name.dump.part" "$name.dump"
  # Only after a new one is complete are old ones removed.
  find "$BACKUP_DIR" -name 'cuiban-*' -mtime "+$DAYS" -exec rm -f {} +
  echo "backup made: $name.dump, $(wc -c < "$name.dump") bytes"
}

check_newest() {
  find "$BACKUP_DIR" -name 'cuiban-*.dump' -mmin "-$((HOURS * 2 * 60))" | grep -q . && return 0
  echo "备份停了：没有 $((HOURS * 2)) 小时以内的备份。No backup is newer than $((HOURS * 2)) hours." >&2
  return 1
}

case "${1:-}" in
  now) make_backup ;;
  check) check_newest ;;
  every)
    while :; do
      make_backup || echo "备份失败，一分钟后再试。The backup failed; it is tried again in a minute." >&2
      check_newest && sleep "$((HOURS * 3600))" || sleep 60
    done
    ;;
  *)
    echo "backup.sh now|every|check" >&2
    exit 2
    ;;
esac
