"""What a proof of notice was asked for, and its manifest, which a hash seals. Pure."""

from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError

from shared.canonical_json import to_canonical_json
from shared.proof.entries import EntryError, read_canonical_object
from shared.proof.hashing import Algorithm, compute_hash

FORMAT: Final = "cuiban-proof"
VERSION: Final = 1
ENTRIES, COVER, MANIFEST = "entries.jsonl", "cover.pdf", "manifest.json"
"""The members of an archive, in this order."""
_UNSEALED = "0" * 64
_Hash = Annotated[str, StringConstraints(pattern="^[0-9a-f]{64}$")]


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class ProofRequest(_Strict):
    """What was asked for, by whom and when; the facts of the first entry.

    Attributes:
        proof_id: a UUID; the subject of the journal's entry about the export.
        timezone: of the office, in which `first` and `last` are days.
        first: the first day of the period, in ISO 8601; empty for all days before `last`.
        last: the last day of the period.
        unit_id: of the only unit, with its name in `unit`; empty for all units.
        obligation_id: of the only obligation; empty for all.
        made_at: an instant in UTC, in ISO 8601.
    """

    format: Literal["cuiban-proof"] = FORMAT
    version: Literal[1] = VERSION
    algorithm: Algorithm
    proof_id: str
    office_id: str
    office: str
    timezone: str
    first: str
    last: str
    unit_id: str = ""
    unit: str = ""
    obligation_id: str = ""
    made_at: str
    made_by: str


class FileDigest(_Strict):
    """The size in bytes and the hash of a member."""

    size: int
    hash: _Hash


class Manifest(_Strict):
    """What an archive holds.

    Attributes:
        request: as in the first entry.
        entries: how many there are.
        head: the hash of the last entry: it stands for all of them.
        files: `entries.jsonl` and `cover.pdf`.
        seal: the hash of the canonical text of the manifest without `seal`; it stands for the
            whole archive.
    """

    request: ProofRequest
    entries: int
    head: _Hash
    files: dict[str, FileDigest]
    seal: _Hash = _UNSEALED


class ManifestError(Exception):
    """A text is not that of a sealed manifest."""


class NewerFormatError(Exception):
    """An archive is of a version that this release does not know."""


def seal_manifest(manifest: Manifest) -> Manifest:
    """A manifest with the seal that it must have."""
    plain = manifest.model_dump(mode="json", exclude={"seal"})
    digest = compute_hash(manifest.request.algorithm, to_canonical_json(plain))
    return manifest.model_copy(update={"seal": digest.hex()})


def write_manifest(manifest: Manifest) -> bytes:
    """The text of a manifest: canonical, and one line feed."""
    return to_canonical_json(manifest.model_dump(mode="json")) + b"\n"


def read_manifest(text: bytes) -> Manifest:
    """The manifest of a text.

    Raises:
        ManifestError: it is none, or another one than was sealed.
    """
    try:
        plain = read_canonical_object(text.removesuffix(b"\n"))
        manifest = Manifest.model_validate_json(to_canonical_json(plain))
    except (EntryError, ValidationError) as error:
        raise ManifestError from error
    if manifest.files.keys() != {ENTRIES, COVER} or write_manifest(seal_manifest(manifest)) != text:
        raise ManifestError
    return manifest


def read_request(facts: object) -> ProofRequest:
    """The request that the first entry states.

    Raises:
        ManifestError: it states none.
        NewerFormatError: it is of a later version.
    """
    match facts:
        case {"format": "cuiban-proof", "version": int(version)} if version > VERSION:
            raise NewerFormatError
        case _:
            pass
    try:
        return ProofRequest.model_validate_json(to_canonical_json(facts))
    except ValidationError as error:
        raise ManifestError from error
