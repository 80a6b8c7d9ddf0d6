"""A client's context uses the certificates that its files hold when a connection begins."""

import ssl
from contextlib import suppress
from pathlib import Path

import pytest
import trustme

from shared.tls import CertificateError, ReloadingContext, TlsFiles, build_context

NAME = "engine.example"


def make_server(
    authority: trustme.CA, *hosts: str, asks: trustme.CA | None = None
) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*(hosts or (NAME,))).configure_cert(context)
    if asks:
        asks.configure_trust(context)
        context.verify_mode = ssl.CERT_REQUIRED
    return context


def shake_hands(client: ssl.SSLContext, server: ssl.SSLContext, name: str = NAME) -> None:
    """A handshake in memory; raises what either side refuses."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    ours = client.wrap_bio(to_client, to_server, server_hostname=name)
    theirs = server.wrap_bio(to_server, to_client, server_side=True)
    for _ in range(3):
        for side in (ours, theirs):
            with suppress(ssl.SSLWantReadError):
                side.do_handshake()
    assert ours.version() == theirs.version() == "TLSv1.3"


def write(folder: Path, authority: trustme.CA, leaf: trustme.LeafCert | None = None) -> TlsFiles:
    """The files of a client: its authority, and perhaps a certificate with its key."""
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    if leaf is None:
        return TlsFiles(ca_file=folder / "ca.pem")
    leaf.cert_chain_pems[0].write_to_path(str(folder / "own.pem"))
    leaf.private_key_pem.write_to_path(str(folder / "own.key"))
    return TlsFiles(
        ca_file=folder / "ca.pem",
        certificate_file=folder / "own.pem",
        key_file=folder / "own.key",
    )


def test_only_the_named_authority_is_trusted_for_the_name(tmp_path: Path) -> None:
    ours, other = trustme.CA(), trustme.CA()
    context = ReloadingContext(write(tmp_path, ours))
    shake_hands(context, make_server(ours))
    with pytest.raises(ssl.SSLCertVerificationError, match="local issuer"):
        shake_hands(context, make_server(other))
    with pytest.raises(ssl.SSLCertVerificationError, match="Hostname mismatch"):
        shake_hands(context, make_server(ours, "other.example"))


def test_without_a_name_or_an_authority_less_is_verified(tmp_path: Path) -> None:
    ours = trustme.CA()
    file = write(tmp_path, ours).ca_file
    shake_hands(build_context(TlsFiles(file, verify_name=False)), make_server(ours, "x.example"))
    shake_hands(build_context(TlsFiles(verify=False)), make_server(ours, "x.example"))


def test_a_new_authority_replaces_the_old_one(tmp_path: Path) -> None:
    old, new = trustme.CA(), trustme.CA()
    context = ReloadingContext(write(tmp_path, old))
    write(tmp_path, new)
    shake_hands(context, make_server(new))
    with pytest.raises(ssl.SSLCertVerificationError):
        shake_hands(context, make_server(old))


def test_a_new_own_certificate_is_shown(tmp_path: Path) -> None:
    server_side, old, new = trustme.CA(), trustme.CA(), trustme.CA()
    context = ReloadingContext(write(tmp_path, server_side, old.issue_cert("me@x.example")))
    server = make_server(server_side, asks=new)
    with pytest.raises(ssl.SSLError):
        shake_hands(context, server)
    write(tmp_path, server_side, new.issue_cert("me@x.example"))
    shake_hands(context, server)


def test_files_that_do_not_fit_yet_leave_the_former_ones_in_use(tmp_path: Path) -> None:
    authority = trustme.CA()
    context = ReloadingContext(write(tmp_path, authority, authority.issue_cert("me@x.example")))
    server = make_server(authority, asks=authority)
    renewed = authority.issue_cert("me@x.example")
    renewed.cert_chain_pems[0].write_to_path(str(tmp_path / "own.pem"))
    shake_hands(context, server)
    (tmp_path / "ca.pem").unlink()
    shake_hands(context, server)
    write(tmp_path, authority, renewed)
    shake_hands(context, server)


@pytest.mark.parametrize("content", [None, "", "no certificate"])
def test_a_file_that_is_none_is_refused_with_its_name(tmp_path: Path, content: str | None) -> None:
    file = tmp_path / "ca.pem"
    if content is not None:
        file.write_text(content)
    with pytest.raises(CertificateError, match=r"ca\.pem 不能用.*ca\.pem can't be used"):
        ReloadingContext(TlsFiles(ca_file=file))


def test_a_key_that_is_not_the_certificates_is_refused(tmp_path: Path) -> None:
    authority = trustme.CA()
    files = write(tmp_path, authority, authority.issue_cert("me@x.example"))
    authority.issue_cert("me@x.example").private_key_pem.write_to_path(str(files.key_file))
    with pytest.raises(CertificateError, match=r"own\.pem with the key .*own\.key can't be used"):
        build_context(files)
