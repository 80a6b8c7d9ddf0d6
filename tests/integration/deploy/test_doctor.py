"""`cuiban doctor` on real engines: what it sees of them, and of gateways with TLS."""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
from aiosmtpd.smtp import SMTP
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from pydantic import SecretStr
from sqlalchemy import text

from deploy.command import run
from deploy.doctor.checking import CheckState, Engine, Finding, HealthCheck, run_checks
from deploy.doctor.command import examine_installation
from deploy.doctor.gateways import check_reach
from deploy.doctor.installation import Installation
from deploy.doctor.mailboxes import check_mailboxes
from deploy.doctor.postgresql import check_migrations, check_server
from services.notifier.settings import NotifierSettings
from shared.clock import read_machine_time
from shared.database.engine import create_engine
from shared.kafka.broker.topic_settings import MESSAGE_BYTES
from shared.metrics import Check, HealthPort
from shared.schemas.topics import TASKS, apply_prefix
from tests.integration.notifier.imap_server import PASSWORD, USER, serve_mailbox
from tests.integration.shared.test_topics import altered

pytestmark = pytest.mark.integration
SettingsFor = Callable[..., Awaitable[NotifierSettings]]
LIMIT = timedelta(minutes=1)
OK, WARNING, FAILED, SKIPPED = CheckState


async def examine(settings: NotifierSettings) -> list[Finding]:
    return await examine_installation(Installation(settings, {}, {}), LIMIT)


async def list_failed(installation: Installation) -> dict[tuple[str, str], Finding]:
    findings = await examine_installation(installation, LIMIT)
    return {(each.check, each.about): each for each in findings if each.state is FAILED}


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
    seen = {(each.check, each.about): each for each in await examine(settings)}
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
        ("mailbox", ""): SKIPPED,
        ("certificate", "portal"): SKIPPED,
        ("secrets", ""): SKIPPED,
    }
    assert "fsync = off" in seen["postgresql-settings", ""].saw
    assert "log-gap" in seen["streams", ""].saw
    assert "metadata.version" in seen["kafka", ""].saw
    disks = [finding for (check, _), finding in seen.items() if check == "disk"]
    assert len(disks) == 2  # of PostgreSQL and of the broker
    assert all("are free" in each.saw for each in disks)


async def test_a_database_that_is_not_there_is_one_failure(make_settings: SettingsFor) -> None:
    settings = await make_settings(NotifierSettings, topics=False)
    url = settings.database_url.get_secret_value().rpartition("/")[0] + "/nowhere"
    engine = create_engine(settings.model_copy(update={"database_url": SecretStr(url)}), "test")
    check = partial(check_server, engine)
    (finding,) = await run_checks([HealthCheck("postgresql", check)], LIMIT)
    (other,) = await run_checks(
        [HealthCheck("migrations", partial(check_migrations, engine), Engine.POSTGRESQL)], LIMIT
    )
    await engine.dispose()
    assert (finding.state, finding.away) == (FAILED, False)
    assert "nowhere" in finding.saw
    assert other.state is SKIPPED


@asynccontextmanager
async def served(**checks: str) -> AsyncIterator[str]:
    """The address of a health port whose checks say these texts."""

    def make_check(words: str) -> Check:
        async def check() -> str:
            return words

        return check

    port = HealthPort("127.0.0.1", 0, {name: make_check(words) for name, words in checks.items()})
    yield f"http://127.0.0.1:{await port.start()}"
    await port.stop()


async def test_the_reasons_of_four_injected_faults_are_found(
    make_settings: SettingsFor, tmp_path: Path
) -> None:
    """A topic that forgets, a process that waits, one that has ended, a secret for everybody."""
    settings = await make_settings(NotifierSettings)
    secret = tmp_path / "token"
    secret.write_text("hush")
    async with served(streams="") as well, served(clock="set it right (NTP)") as waiting:
        health = {"ingest": well, "scheduler": waiting, "notifier": "http://127.0.0.1:9"}
        installation = Installation(settings, health, {}, (secret,))
        secret.chmod(0o600)
        before = await list_failed(installation)
        secret.chmod(0o644)
        values = {"retention_ms": "604800000", "unclean_leader_election_enable": "true"}
        await altered(settings, TASKS.name, max_message_bytes=str(MESSAGE_BYTES), **values)
        failed = await list_failed(installation)
    topic = apply_prefix(TASKS.name, settings.topic_prefix)
    assert before.keys() >= {("readiness", "scheduler"), ("readiness", "notifier")}
    assert ("readiness", "ingest") not in before
    assert failed.keys() - before.keys() == {("topics", topic), ("secrets", str(secret))}
    assert "set it right" in failed["readiness", "scheduler"].saw
    assert "does not answer" in failed["readiness", "notifier"].saw
    assert "retention.ms" in failed["topics", topic].saw
    assert failed["topics", topic].todo == "`cuiban topics --repair` corrects it."
    assert failed["secrets", str(secret)].todo == f"chmod 600 {secret}"
    unclean = [each for each in await examine(settings) if "unclean" in each.saw]
    assert [each.state for each in unclean] == [WARNING]


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


def name_mailbox(place: Path, port: int, **bounces: str) -> NotifierSettings:
    """Settings with a gateway whose bounces arrive at this port."""
    (place / "password").write_text(PASSWORD)
    (place / "keys").write_text("k" * 16)
    values = {"host": "localhost", "port": port, "user": USER, "security": "none", **bounces}
    lines = "".join(f"      {name}: {value}\n" for name, value in values.items())
    (place / "gateways.yaml").write_text(
        "gateways:\n  - name: Mail\n    vendor: smtp\n    host: mail.example\n"
        f"    mail_from: gkb@yanting.example\n    bounces:\n{lines}"
        f"      password: {{file: {place}/password}}\n      keys: {{file: {place}/keys}}\n"
    )
    return NotifierSettings(gateways=place / "gateways.yaml")


async def test_the_mailbox_of_bounces_is_opened_and_stays_as_it_is(
    certificate: Path, tmp_path: Path
) -> None:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    trust = {"security": "tls", "ca_file": str(certificate)}
    async with serve_mailbox(context=context) as served:
        (well,) = await check_mailboxes(name_mailbox(tmp_path, served.port, **trust))
    async with serve_mailbox() as served:
        await served.put(b"Subject: a bounce\r\n\r\n")
        (plain,) = await check_mailboxes(name_mailbox(tmp_path, served.port))
        (elsewhere,) = await check_mailboxes(name_mailbox(tmp_path, served.port, folder="Bounces"))
        (other,) = await check_mailboxes(name_mailbox(tmp_path, served.port, user="nobody"))
        assert await served.list_flags() == [set()]
    (away,) = await check_mailboxes(name_mailbox(tmp_path, served.port))
    (none,) = await check_mailboxes(NotifierSettings())
    assert (well.about, well.state) == ("Mail", WARNING)
    assert "the folder INBOX opens" in well.saw
    assert "9 days are left" in well.todo
    assert (plain.state, none.state) == (OK, SKIPPED)
    assert {each.state for each in (elsewhere, other, away)} == {FAILED}
    assert "select" in elsewhere.saw
    assert "login" in other.saw
    assert "connect" in away.saw
    assert PASSWORD not in str((elsewhere, other, away))
