"""A mailbox over IMAP, by the standard library's client. Its calls block: use a thread.

Mails are named by their UID, which is valid as long as the folder's UIDVALIDITY is the same (RFC
9051, 2.3.1.1).
"""

import imaplib
import re
import socket
import ssl
from contextlib import suppress
from typing import Any

from services.notifier.gateways.vendors.bounce_mailbox import BounceMailbox

_LARGEST = 256 * 1024
"""Bytes of a mail that are read: a bounce has its status at the beginning."""
_SHORT = 200


class ImapError(Exception):
    """The server does not answer, or refuses. The text contains no password."""


class ImapSession:
    """One session with a folder open. It is not used by two threads at the same time."""

    def __init__(self, mailbox: BounceMailbox, timeout: float) -> None:
        """Connect, log in and open the folder; `timeout` is for each answer, in seconds.

        Raises:
            ImapError: it can't be done.
        """
        try:
            self._client = _connect(mailbox, timeout)
        except (OSError, imaplib.IMAP4.error, ValueError) as error:
            raise _to_error("connect", error) from error
        try:
            self._run(
                "login", self._client.login, mailbox.user, mailbox.password.get_secret_value()
            )
            if "ID" in self._client.capabilities:  # 网易 opens no folder for a client without
                self._run("id", self._client.xatom, "ID", '("name" "cuiban")')
            self._run("select", self._client.select, _quote(mailbox.folder))
            self.validity = int(self._client.response("UIDVALIDITY")[1][0] or 0)
        except (ImapError, TypeError, ValueError) as error:
            self.close()
            raise _to_error("select", error) from error

    def get_tls(self) -> ssl.SSLSocket | None:
        """The connection, if it is encrypted."""
        return self._client.sock if isinstance(self._client.sock, ssl.SSLSocket) else None

    def list_uids(self, after: int) -> list[int]:
        """The mails after a UID, in the order of their arrival.

        Raises:
            ImapError: the server does not answer, or refuses.
        """
        answer = self._run("search", self._client.uid, "SEARCH", f"UID {after + 1}:*")
        words = b" ".join(part for part in answer if isinstance(part, bytes)).split()
        return sorted({uid for word in words if word.isdigit() and (uid := int(word)) > after})

    def fetch(self, uid: int) -> bytes | None:
        """The beginning of a mail; None when it is not there any more. It stays unread.

        Raises:
            ImapError: the server does not answer, or refuses.
        """
        part = f"(BODY.PEEK[]<0.{_LARGEST}>)"
        answer = self._run("fetch", self._client.uid, "FETCH", str(uid), part)
        return next((each[1] for each in answer if isinstance(each, tuple)), None)

    def set_flag(self, uid: int, flag: str) -> None:
        r"""Give a mail a flag, such as `\Seen`.

        Raises:
            ImapError: the server does not answer, or refuses.
        """
        self._run("store", self._client.uid, "STORE", str(uid), "+FLAGS.SILENT", f"({flag})")

    def close(self) -> None:
        """Log out if the server still answers."""
        with suppress(OSError, imaplib.IMAP4.error):
            self._client.logout()

    def abort(self) -> None:
        """End the connection, also from another thread: a call that waits for an answer fails.

        The client's own `shutdown` would wait for that call.
        """
        with suppress(OSError):
            self._client.sock.shutdown(socket.SHUT_RDWR)

    def _run(self, name: str, call: Any, *arguments: str) -> list[Any]:  # noqa: ANN401 - imaplib's
        try:
            status, answer = call(*arguments)
        except (OSError, imaplib.IMAP4.error, ValueError) as error:
            raise _to_error(name, error) from error
        if status != "OK":
            text = next((part for part in answer if isinstance(part, bytes)), b"")
            raise ImapError(f"{name}: {text.decode('utf-8', 'replace')[:_SHORT]}")
        return list(answer)


def _connect(mailbox: BounceMailbox, timeout: float) -> imaplib.IMAP4:
    port = mailbox.get_port()
    if mailbox.security == "tls":
        context = mailbox.make_context()
        return imaplib.IMAP4_SSL(mailbox.host, port, ssl_context=context, timeout=timeout)
    client = imaplib.IMAP4(mailbox.host, port, timeout=timeout)
    if mailbox.security == "starttls":
        try:
            client.starttls(mailbox.make_context())
        except BaseException:
            with suppress(OSError):
                client.shutdown()
            raise
    return client


def _quote(folder: str) -> str:
    return '"{}"'.format(re.sub(r'(["\\])', r"\\\1", folder))


def _to_error(name: str, error: Exception) -> ImapError:
    if isinstance(error, ImapError):
        return error
    answer = error.args[0] if error.args else ""
    text = answer.decode("utf-8", "replace") if isinstance(answer, bytes) else str(error)
    return ImapError(f"{name}: {type(error).__name__}: {text[:_SHORT]}")
