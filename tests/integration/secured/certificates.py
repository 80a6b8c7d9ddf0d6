"""An authority of the tests, and what it issues, as files."""

from pathlib import Path

import trustme
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)


class Authority:
    """An authority with its certificate in a folder that every account may read."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.ca_file = folder / "ca.pem"
        self._authority = trustme.CA()
        self._authority.cert_pem.write_to_path(str(self.ca_file))

    def issue(self, name: str, *hosts: str, common_name: str | None = None) -> tuple[Path, Path]:
        """`NAME.pem` and `NAME.key`: a certificate with its chain, and its key (PKCS #8)."""
        # Java refuses a certificate whose list of names is empty.
        names = hosts or (f"{name}.example",)
        leaf = self._authority.issue_cert(*names, common_name=common_name)
        certificate, key = self.folder / f"{name}.pem", self.folder / f"{name}.key"
        certificate.write_bytes(b"".join(each.bytes() for each in leaf.cert_chain_pems))
        private = load_pem_private_key(leaf.private_key_pem.bytes(), None)
        # Kafka reads no other form.
        key.write_bytes(private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        return certificate, key
