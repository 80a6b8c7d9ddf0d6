"""`cuiban proof`: archives that show that a unit was told, and whether one was altered."""

import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from cli import filters
from cli.client import connect
from cli.units import find_unit
from deploy.places import STATE, StateOption
from deploy.terminal.answers import JsonOption, say, show_answer
from deploy.terminal.errors import NO, WrongUseError
from deploy.terminal.language import N_, _
from shared.api.audit import EntryOut
from shared.proof.entries import EntryFlaw
from shared.proof.hashing import Algorithm
from shared.proof.manifest import ProofRequest
from shared.proof.verifying import ArchiveFlaw, FirstFlaw, verify_proof

_FLAWS = {
    EntryFlaw.UNREADABLE: N_("Entry {entry} is not written as an entry: it was altered."),
    EntryFlaw.CUT_OFF: N_("Entry {entry} is cut off, or is not there."),
    EntryFlaw.ALTERED: N_("Entry {entry} was altered, or is of another archive."),
    EntryFlaw.MISSING: N_("Entry {entry} is missing: a later one stands in its place."),
    EntryFlaw.REPEATED: N_("An earlier entry stands in the place of entry {entry}."),
    ArchiveFlaw.FEWER: N_("Entry {entry} and all later ones are missing."),
    ArchiveFlaw.NEWER: N_("The archive is of a later version. A newer release can verify it."),
    ArchiveFlaw.HEADER: N_("{member}, or the header of the zip file before it, was altered."),
    ArchiveFlaw.COVER: N_("{member} is another one than the one that was exported."),
    ArchiveFlaw.MANIFEST: N_("{member} was altered, or belongs to other entries."),
    ArchiveFlaw.END: N_("The end of the zip file was altered, or something was added behind it."),
}
proof = typer.Typer(no_args_is_help=True)
_DATES = ["%Y-%m-%d"]
_File = Annotated[Path, typer.Argument(help="The archive, such as proof.zip.")]


@dataclass(frozen=True, slots=True)
class JournalComparison:
    """What the journal has of an export: the entry's number, None without one; `same` seal."""

    number: int | None
    same: bool


@dataclass(frozen=True, slots=True)
class VerifiedProof:
    """What `cuiban proof verify` found; None for what was not asked, or not reached."""

    valid: bool
    entries: int
    head: str
    seal: str
    request: ProofRequest | None
    flaw: FirstFlaw | None
    as_expected: bool | None = None
    journal: JournalComparison | None = None


@proof.callback()
def _describe() -> None:
    """Prove what a unit was told, with a file that nobody can alter without a trace."""


@proof.command("export")
def export_proof(
    file: _File,
    unit: Annotated[str | None, typer.Option(help="Of this unit alone: its name or id.")] = None,
    obligation: Annotated[
        str | None, typer.Option("--obligation", help="Of this obligation alone: its id.")
    ] = None,
    first: Annotated[
        datetime | None,
        typer.Option("--from", formats=_DATES, help="The first day; else from the beginning."),
    ] = None,
    last: Annotated[
        datetime | None,
        typer.Option("--to", formats=_DATES, help="The last day; else the present one."),
    ] = None,
    algorithm: Annotated[
        Algorithm, typer.Option(help="The hash; sm3 where an office must use it.")
    ] = Algorithm.SHA256,
    as_json: JsonOption = False,
    state: StateOption = STATE,
) -> None:
    """Write an archive of what was owed, sent and answered, with a cover as PDF.

    The journal keeps the seal, which stands for the whole archive. Note it down elsewhere, too.
    """
    api = connect(state)
    query = filters.make_query(
        {"from": first, "to": last, "obligation_id": obligation, "algorithm": algorithm.value}
    )
    if unit is not None:
        query["unit_id"] = find_unit(api, unit).unit_id
    api.download("/v1/proof.zip", file, **query)
    verified = _verify(file)
    show_answer(verified, as_json, _show)
    if not verified.valid:
        raise typer.Exit(NO)


@proof.command("verify")
def show_verification(
    file: _File,
    expect: Annotated[
        str | None, typer.Option(help="A seal that was noted earlier: is it that of this file?")
    ] = None,
    journal: Annotated[
        bool, typer.Option("--journal", help="Compare the seal with the journal's, over the API.")
    ] = False,
    as_json: JsonOption = False,
    state: StateOption = STATE,
) -> None:
    """Prove that an archive is as it was exported. It needs nothing but the file.

    Ends with status 1, and names the first entry that is wrong. Whether somebody wrote a whole
    other archive, only `--expect` or `--journal` can tell.
    """
    if expect and not re.fullmatch("[0-9a-fA-F]{64}", expect):
        raise WrongUseError(
            _("A seal has 64 hexadecimal characters."),
            _("Give it as `cuiban proof export` printed it."),
        )
    verified = _verify(file, expect=expect, state=state if journal else None)
    show_answer(verified, as_json, _show)
    if not verified.valid:
        raise typer.Exit(NO)


def _verify(file: Path, *, expect: str | None = None, state: Path | None = None) -> VerifiedProof:
    """What a file shows; with `state` also what the journal of the API that runs there has.

    Raises:
        WrongUseError: the file can't be read.
    """
    try:
        with file.open("rb") as opened:
            read = verify_proof(opened)
    except OSError as error:
        message = _("{file} can't be read: {reason}.")
        raise WrongUseError(message.format(file=file, reason=error.strerror)) from error
    seal = read.manifest.seal if read.manifest else ""
    as_expected = None if expect is None else expect.lower() == seal
    compared = None
    if state is not None and read.request is not None:
        compared = _compare(state, read.request, seal)
    return VerifiedProof(
        valid=read.flaw is None and as_expected is not False and (not compared or compared.same),
        entries=read.entries,
        head=read.head.hex(),
        seal=seal if read.flaw is None else "",
        request=read.request,
        flaw=read.flaw,
        as_expected=as_expected,
        journal=compared,
    )


def _compare(state: Path, request: ProofRequest, seal: str) -> JournalComparison:
    query = {"action": "proof.exported", "subject": request.proof_id}
    entries = connect(state).list_models(EntryOut, "/v1/journal", **query)
    exported = next(iter(entries), None)
    if exported is None:
        return JournalComparison(None, same=False)
    return JournalComparison(exported.number, same=bool(seal) and exported.after["seal"] == seal)


def _show(verified: VerifiedProof) -> None:
    if verified.request is not None:
        _show_request(verified.request)
    say(_("{entries} entries are in order.").format(entries=verified.entries))
    if verified.flaw is not None:
        text = _(_FLAWS[verified.flaw.kind])
        say(text.format(entry=verified.flaw.entry, member=verified.flaw.member), "red")
        return
    say(_("head {head}").format(head=verified.head))
    say(_("seal {seal}").format(seal=verified.seal))
    if verified.as_expected is False:
        say(_("The noted seal is another one: this is not the archive of which it was."), "red")
    if verified.journal is not None:
        _show_comparison(verified.journal)
    elif not verified.as_expected:
        say(
            _(
                "The file is whole. It cannot show that nobody wrote a whole other one: compare "
                "the seal with a noted one (--expect), or with the journal (--journal)."
            )
        )


def _show_request(request: ProofRequest) -> None:
    text = _("{office}, {unit}: {first} to {last}, exported {at} by {actor}.")
    say(
        text.format(
            office=request.office,
            unit=request.unit or _("all units"),
            first=request.first or "…",
            last=request.last,
            at=request.made_at[:16].replace("T", " ") + "Z",
            actor=request.made_by,
        )
    )


def _show_comparison(compared: JournalComparison) -> None:
    if compared.number is None:
        say(_("The journal has no export of this number: this archive is not from here."), "red")
    elif compared.same:
        text = _("Entry {number} of the journal has the same seal.")
        say(text.format(number=compared.number))
    else:
        text = _("Entry {number} of the journal has another seal: this is another archive.")
        say(text.format(number=compared.number), "red")
