"""The check of files with secrets: only their owner may read them."""

import stat
from collections.abc import Iterator, Sequence
from pathlib import Path

import yaml

from deploy.doctor.checking import CheckState, Finding, Report
from deploy.terminal.language import _
from shared.database_url import parse_database_url
from shared.settings import Settings


async def check_secrets(files: Sequence[Path], gateways: Path | None) -> Report:
    """Who may read the files with secrets: the named ones, and those that the gateways' file names.

    A file that is not there is left out: the other checks tell whether it is missed.
    """
    named = [*files, *(list_secret_files(gateways) if gateways else ())]
    there = [path for path in dict.fromkeys(named) if path.is_file()]
    findings = [_judge(path, stat.S_IMODE(path.stat().st_mode)) for path in there]
    if findings:
        return findings
    return [Finding("secrets", "", CheckState.SKIPPED, _("No file with a secret is known."))]


def list_engine_secrets(settings: Settings) -> list[Path]:
    """The files of passwords and keys with which a service signs in to Kafka and PostgreSQL."""
    address = parse_database_url(settings.database_url.get_secret_value())
    password_file = address.url.query.get("passfile")
    of_tls = [files for files in (settings.get_kafka_tls(), address.tls) if files]
    named = [
        *(files.key_file or files.certificate_file for files in of_tls),
        settings.kafka_sasl_password_file,
        settings.kafka_ssl_key_password_file,
        Path(password_file) if isinstance(password_file, str) else None,
    ]
    return [file for file in named if file]


def list_secret_files(gateways: Path) -> list[Path]:
    """The files that `{file: PATH}` names in a file of gateways; none when it can't be read."""
    try:
        content = yaml.safe_load(gateways.read_text(encoding="utf-8", errors="replace"))
    except (OSError, yaml.YAMLError):
        return []
    return [Path(each) for each in _find_files(content)]


def _find_files(content: object) -> Iterator[str]:
    match content:
        case {"file": str(path), **rest} if not rest:
            yield path
        case dict():
            for value in content.values():
                yield from _find_files(value)
        case list():
            for value in content:
                yield from _find_files(value)
        case _:
            pass


def _judge(path: Path, mode: int) -> Finding:
    saw = _("mode {mode:04o}").format(mode=mode)
    todo = f"chmod 600 {path}"
    if mode & stat.S_IRWXO:
        who = _("everybody on this machine may open it.")
        return Finding("secrets", str(path), CheckState.FAILED, f"{saw}: {who}", todo)
    if mode & (stat.S_IWGRP | stat.S_IRGRP):
        who = _("its group may open it.")
        return Finding("secrets", str(path), CheckState.WARNING, f"{saw}: {who}", todo)
    return Finding("secrets", str(path), CheckState.OK, saw)
