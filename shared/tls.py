"""TLS of clients: contexts that read their certificates again when the files change."""

import ssl
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from typing_extensions import override

from shared.errors import CuibanError
from shared.logging import log

_Stamp = tuple[tuple[int, int, int], ...]
"""Of each file: time of its last change, bytes, and number (inode)."""


class CertificateError(CuibanError):
    """A file of certificates or keys can't be used."""


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """The files of a client's TLS, in PEM format, and what is verified.

    Attributes:
        ca_file: the authorities that are trusted; without it those of the system.
        with_system: trust those of the system beside `ca_file`.
        certificate_file: the client's own certificate, followed by its chain.
        key_file: its key; without it the key stands in `certificate_file`.
        key_password: of an encrypted key.
        verify: whether the server must have a certificate of a trusted authority.
        verify_name: whether that certificate must be made out to the server's name or address.
    """

    ca_file: Path | None = None
    with_system: bool = False
    certificate_file: Path | None = None
    key_file: Path | None = None
    key_password: str = field(default="", repr=False)
    verify: bool = True
    verify_name: bool = True

    def list_files(self) -> list[Path]:
        """The files that are read."""
        return [file for file in (self.ca_file, self.certificate_file, self.key_file) if file]


class ReloadingContext(ssl.SSLContext):
    """A context for a client's connections: each new one uses what the files hold at that time.

    The event loops and HTTP clients take a connection's TLS from a context by `wrap_bio` or
    `wrap_socket`; both are passed on to a context that is built anew when a file has changed. While
    new files can't be used, such as a certificate whose key is not there yet, the former ones stay.

    Raises:
        CertificateError: a file can't be used. Only when it is made.
    """

    def __new__(cls, files: TlsFiles) -> Self:
        """A client's context; OpenSSL must know the protocol here."""
        del files
        return super().__new__(cls, ssl.PROTOCOL_TLS_CLIENT)

    def __init__(self, files: TlsFiles) -> None:
        self._files = files
        self._stamp = _read_stamp(files)
        self._current = build_context(files)

    @override
    def wrap_bio(self, *arguments: Any, **options: Any) -> ssl.SSLObject:
        return self._renew().wrap_bio(*arguments, **options)

    @override
    def wrap_socket(self, *arguments: Any, **options: Any) -> ssl.SSLSocket:
        return self._renew().wrap_socket(*arguments, **options)

    def _renew(self) -> ssl.SSLContext:
        """The context of the files as they are now."""
        stamp = _read_stamp(self._files)
        if stamp != self._stamp:
            try:
                self._current = build_context(self._files)
            except CertificateError as error:
                log(__name__).error("tls.unusable", wrong=error.message, used="the former files")
            else:
                self._stamp = stamp
                log(__name__).info("tls.reloaded", files=list(map(str, self._files.list_files())))
        return self._current


def build_context(files: TlsFiles) -> ssl.SSLContext:
    """A client's context: TLS 1.2 or newer, with what the files hold.

    Raises:
        CertificateError: a file can't be used; it names the file, and no content.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.check_hostname = files.verify and files.verify_name
    context.verify_mode = ssl.CERT_REQUIRED if files.verify else ssl.CERT_NONE
    if files.verify and (files.with_system or files.ca_file is None):
        context.load_default_certs(ssl.Purpose.SERVER_AUTH)
    if files.verify and files.ca_file:
        try:
            context.load_verify_locations(files.ca_file)
        except OSError as error:  # no such file, or no certificate in it
            reason = _describe(error)
            raise CertificateError(
                f"受信任的证书 {files.ca_file} 不能用：{reason}。"
                f"The trusted certificates {files.ca_file} can't be used: {reason}."
            ) from error
    if files.certificate_file:
        _load_own_certificate(context, files, files.certificate_file)
    return context


def _load_own_certificate(context: ssl.SSLContext, files: TlsFiles, certificate: Path) -> None:
    key = files.key_file or certificate
    try:
        # Always with a password: without one OpenSSL would ask at the terminal.
        context.load_cert_chain(certificate, key, files.key_password)
    except (OSError, ValueError) as error:  # ValueError: a password that is too long
        reason = _describe(error)
        raise CertificateError(
            f"客户端证书 {certificate} 和私钥 {key} 不能用：{reason}。"
            f"The client's certificate {certificate} with the key {key} can't be used: {reason}."
        ) from error


def _describe(error: Exception) -> str:
    """OpenSSL's reason, or the operating system's, in a few words."""
    reason = getattr(error, "reason", None) or getattr(error, "strerror", None)
    return str(reason or type(error).__name__)


def _read_stamp(files: TlsFiles) -> _Stamp:
    stamps = []
    for file in files.list_files():
        try:
            state = file.stat()
        except OSError:  # `build_context` says what is wrong
            stamps.append((0, 0, 0))
        else:
            stamps.append((state.st_mtime_ns, state.st_size, state.st_ino))
    return tuple(stamps)
