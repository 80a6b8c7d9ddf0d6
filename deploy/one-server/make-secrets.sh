#!/bin/sh
# Make the passwords and keys of compose.yml, once: files in ./secrets that only the containers' user reads.
# What is already there stays. Run it as root, so that the files can be given to that user.
set -eu
umask 077
cd "$(dirname "$0")"
FOLDER=${SECRETS_DIR:-secrets}
OWNER=10001

draw() {
  head -c 32 /dev/urandom | base64 | tr '+/' '-_' | tr -d '=\n'
}

write() {
  [ -e "$FOLDER/$1" ] || printf '%s\n' "$2" > "$FOLDER/$1"
}

mkdir -p "$FOLDER/cuiban" backups
write postgres_password "$(draw)"
PASSWORD=$(cat "$FOLDER/postgres_password")
write pgpass "postgres:5432:*:cuiban:$PASSWORD"
write cuiban/cuiban_database_url "postgresql://cuiban:$PASSWORD@postgres:5432/cuiban"
write cuiban/cuiban_link_keys "k1:$(draw)"
if [ "$(id -u)" = 0 ]; then
  chown -R "$OWNER:$OWNER" "$FOLDER/cuiban" "$FOLDER/pgpass" backups
else
  echo "请以 root 运行，或把 $FOLDER 和 backups 交给用户 $OWNER。Run it as root, or give $FOLDER and backups to user $OWNER." >&2
fi
[ -e "$FOLDER/cuiban/cuiban_smtp_url" ] ||
  echo "还须写 $FOLDER/cuiban/cuiban_smtp_url。Still missing: $FOLDER/cuiban/cuiban_smtp_url (smtps://user:password@host)."
