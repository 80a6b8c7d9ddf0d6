"""The address of a database, with TLS as libpq names it: `?sslmode=verify-full&sslrootcert=FILE`.

https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNECT-SSLMODE
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from shared.tls import CertificateError, ReloadingContext, TlsFiles

_OF_TLS = ("sslmode", "sslrootcert", "sslcert", "sslkey", "sslpassword")
_OPTIONAL, _REQUIRED = ("disable", "allow", "prefer"), ("require", "verify-ca", "verify-full")
_SYSTEM = "system"
"""As `sslrootcert`: the authorities of the system."""


@dataclass(frozen=True, slots=True)
class DatabaseAddress:
    """Where a database is, and how its connections are secured.

    Attributes:
        url: the URL as SQLAlchemy takes it, without the parameters of TLS.
        mode: libpq's `sslmode`; empty when the URL has none: TLS is used when the server offers it.
        tls: the files, where the mode is `require` or stricter.
    """

    url: URL
    mode: str
    tls: TlsFiles | None

    def build_options(self) -> dict[str, Any]:
        """What asyncpg takes for it. New connections use what the files hold at that time.

        Raises:
            CertificateError: a file of certificates can't be used.
        """
        if self.tls:
            return {"ssl": ReloadingContext(self.tls)}
        return {"ssl": self.mode} if self.mode else {}


def parse_database_url(written: str) -> DatabaseAddress:
    """Read `postgresql://user:password@host:port/database`, with libpq's parameters of TLS.

    Raises:
        ValueError: it is no such URL, or its parameters of TLS contradict each other. The text does
            not contain the URL, which may hold a password.
    """
    try:
        url = make_url(written)
    except (ArgumentError, ValueError):
        url = URL.create("none")
    port = 5432 if url.port is None else url.port
    named = url.get_backend_name() == "postgresql" and url.host
    if not named or not 0 < port < 65536:  # noqa: PLR2004 - 16 bits
        raise ValueError("write it like postgresql://user:password@host:5432/database")
    given = {name: value for name in _OF_TLS if isinstance(value := url.query.get(name), str)}
    mode = given.get("sslmode", "")
    tls = _read_tls(mode, given)
    rest = url.difference_update_query(_OF_TLS)
    return DatabaseAddress(rest.set(drivername="postgresql+asyncpg"), mode, tls)


def _read_tls(mode: str, given: Mapping[str, str]) -> TlsFiles | None:
    if mode not in {"", *_OPTIONAL, *_REQUIRED}:
        modes = " ".join((*_OPTIONAL, *_REQUIRED))
        raise ValueError(f"sslmode 须是下列之一。sslmode is one of these: {modes}")
    if mode not in _REQUIRED:
        if unused := sorted(given.keys() - {"sslmode"}):
            names = ", ".join(unused)
            raise ValueError(
                f"{names} 须与 sslmode=require 或更严的一起写。"
                f"{names} needs sslmode=require or a stricter one"
            )
        return None
    root = given.get("sslrootcert", "")
    if mode.startswith("verify") and not root:
        raise ValueError(
            f"sslmode={mode} 须写 sslrootcert：证书文件，或 system。"
            f"sslmode={mode} needs sslrootcert: a file of certificates, or system"
        )
    if root == _SYSTEM and mode != "verify-full":  # as libpq: anyone has a certificate of these
        raise ValueError(
            "sslrootcert=system 须与 sslmode=verify-full 一起写。"
            "sslrootcert=system needs sslmode=verify-full"
        )
    return _make_files(given, root, verify_name=mode == "verify-full")


def _make_files(given: Mapping[str, str], root: str, *, verify_name: bool) -> TlsFiles:
    certificate, key = given.get("sslcert"), given.get("sslkey")
    if key and not certificate:
        raise ValueError("有 sslkey 而没有 sslcert。There is sslkey without sslcert")
    return TlsFiles(
        ca_file=Path(root) if root and root != _SYSTEM else None,
        certificate_file=Path(certificate) if certificate else None,
        key_file=Path(key) if key else None,
        key_password=given.get("sslpassword", ""),
        verify=bool(root),  # as libpq: `require` verifies when an authority is named
        verify_name=verify_name,
    )


def check_database_url(written: str) -> None:
    """Refuse a URL that can't be used, or whose certificates can't.

    Raises:
        ValueError: as `parse_database_url`, or a file of certificates can't be used.
    """
    try:
        parse_database_url(written).build_options()
    except CertificateError as error:
        raise ValueError(error.message) from error
