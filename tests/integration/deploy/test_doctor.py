"""`cuiban doctor` on real engines: what it sees of them, and of gateways with TLS."""

import asyncio
import json
import ssl
from collections.abc import Awaitable, Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from aiosmtpd.smtp import SMTP
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from sqlalchemy import text

from deploy.command import run
from deploy.doctor.checking import CheckState, Finding
from deploy.doctor.command import examine_installation
from deploy.doctor.gateways import check_reach
from deploy.doctor.installation import Installation
from deploy.terminal.language import use_language
from services.notifier.settings import NotifierSettings
from shared.clock import read_machine_time
from shared.database.engine import create_engine
from shared.schemas.topics import TASKS, apply_prefix
from tests.integration.shared.test_topics import altered

pytestmark = pytest.mark.integration
SettingsFor = Callable[..., Awaitable[NotifierSettings]]
LIMIT = timedelta(minutes=1)
OK, WARNING, FAILED, SKIPPED = CheckState


@pytest.fixture(autouse=True)
def _in_english() -> Iterator[None]:
    use_language("en")
    yield
    use_language("en")


async def examine(settings: NotifierSettings) -> dict[tuple[str, str], Finding]:
    findings = await examine_installation(Installation(settings, {}, {}), LIMIT)
    return {(each.check, each.about): each for each in findings}


async def test_what_is_well_and_what_is_not_is_seen(make_settings: SettingsFor) -> None:
    settings = await make_settings(NotifierSettings, "notifier")
    engine = create_engine(settings, "cuiban-notifier")
    async with engine.begin() as db:  # a stopped partition, and a process of the notifier
        await db.execute(
            text(
                "INSERT INTO notifier.positions (consumer, topic, partition, next_offset, "
                "stopped_for, stopped_at) "
                "VALUES ('notifier-reminders', 't', 0, 7, 'log-gap', now())"
            )
        )
    seen = await examine(settings)
    await engine.dispose()
    assert {place: finding.state for place, finding in seen.items() if place[0] != "disk"} == {
        ("postgresql", ""): OK,
        ("postgresql-settings", ""): FAILED,  # the tests' database runs without fsync
        ("postgresql-connections", ""): OK,
        ("migrations", "ingest"): FAILED,
        ("migrations", "scheduler"): FAILED,
        ("migrations", "notifier"): OK,
        ("certificate", "PostgreSQL"): SKIPPED,
        ("certificate", "Kafka"): SKIPPED,
        ("processes", "ingest"): FAILED,
        ("processes", "scheduler"): FAILED,
        ("processes", "notifier"): OK,
        ("streams", ""): FAILED,
        ("outbox", "notifier"): OK,
        ("circuits", ""): SKIPPED,
        ("clock", "PostgreSQL"): OK,
        ("kafka", ""): OK,
        ("topics", ""): OK,
        ("replicas", ""): OK,
        ("clock", "Kafka"): OK,
        ("readiness", ""): SKIPPED,
        ("gateways", "email"): WARNING,
        ("gateways", "sms"): WARNING,
        ("gateway", ""): SKIPPED,
        ("certificate", "portal"): SKIPPED,
        ("secrets", ""): SKIPPED,
    }
    assert "fsync = off" in seen["postgresql-settings", ""].saw
    assert "log-gap" in seen["streams", ""].saw
    assert "metadata.version" in seen["kafka", ""].saw
    disks = [finding for (check, _), finding in seen.items() if check == "disk"]
    assert len(disks) == 2  # of PostgreSQL and of the broker
    assert all("are free" in each.saw for each in disks)


async def test_a_topic_that_would_lose_events_is_named_with_the_command(
    make_settings: SettingsFor,
) -> None:
    settings = await make_settings(NotifierSettings)
    values = {"retention_ms": "604800000", "unclean_leader_election_enable": "true"}
    await altered(settings, TASKS.name, **values)
    findings = await examine_installation(Installation(settings, {}, {}), LIMIT)
    topic = apply_prefix(TASKS.name, settings.topic_prefix)
    about = [each for each in findings if (each.check, each.about) == ("topics", topic)]
    assert [each.state for each in about if "retention.ms" in each.saw] == [FAILED]
    assert [each.state for each in about if "unclean" in each.saw] == [WARNING]
    assert all("cuiban topics --repair" in each.todo for each in about)


def test_when_nothing_answers_the_status_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CUIBAN_DATABASE_URL", "postgresql://nobody@127.0.0.1:9/none")
    monkeypatch.setenv("CUIBAN_KAFKA", "127.0.0.1:9")
    assert run(["--lang", "en", "doctor", "--json"]) == 3
    findings = json.loads(capsys.readouterr().out)
    states = {each["check"]: each["state"] for each in findings if each["check"] != "disk"}
    assert states["postgresql"] == states["kafka"] == "failed"
    assert states["migrations"] == states["topics"] == states["clock"] == "skipped"
    assert all(each["todo"] for each in findings if each["state"] == "failed")


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate for localhost and its key, in one file; valid for ten days."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = read_machine_time()
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=10))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path / "certificate.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    path.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return path


class _Refusing:
    """A mail server's handler: a mail would be a fault of the doctor."""

    async def handle_MAIL(self, *_: object) -> str:  # noqa: N802 - aiosmtpd's name
        raise AssertionError("a mail was begun")


async def test_a_mail_server_is_asked_for_its_certificate_and_gets_no_mail(
    certificate: Path,
) -> None:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    server = await asyncio.get_running_loop().create_server(
        lambda: SMTP(_Refusing(), tls_context=context, hostname="localhost"), "127.0.0.1", 0
    )
    url = f"smtp://localhost:{server.sockets[0].getsockname()[1]}"
    (trusted,) = await check_reach(NotifierSettings(smtp_url=url, smtp_ca_file=certificate))
    (untrusted,) = await check_reach(NotifierSettings(smtp_url=url))
    server.close()
    assert (trusted.about, trusted.state) == ("smtp", WARNING)
    assert "9 days are left" in trusted.todo
    assert untrusted.state is FAILED
    assert "not trusted" in untrusted.saw


async def test_a_platform_that_does_not_answer_is_named_without_its_secrets() -> None:
    settings = NotifierSettings(sms_url="https://127.0.0.1:9/send?key=hush")
    (finding,) = await check_reach(settings)
    assert (finding.about, finding.state) == ("webhook", FAILED)
    assert "127.0.0.1:9" in finding.saw
    assert "hush" not in finding.saw + finding.todo
