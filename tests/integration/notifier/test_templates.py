"""Messages are written by the templates of their office, and never lost to one."""

import pytest
from prometheus_client import REGISTRY
from structlog.testing import capture_logs

from services.notifier.app import make_link_mails
from shared.messages.templates.builtin import BUILT_IN
from shared.rules.book import How
from shared.schemas.office_events import TemplatePublished
from shared.schemas.templates import STANDARD, TemplateKind, TemplateParts
from tests.integration.notifier.test_links import LINK, SET, make_request, read_parts
from tests.integration.notifier.world import (
    OFFICE,
    World,
    make_reminder,
    make_unit,
    wait_until,
)

pytestmark = pytest.mark.integration
MAIL, SMS = TemplateKind.DIGEST_MAIL, TemplateKind.DIGEST_SMS
OWN = TemplateParts(
    subject="本办：{{ subject }}",
    text="{{ unit }}你好\n{% if door %}{{ door.address }}{% endif %}",
    html="<p>{{ unit }}你好{% if door %}<a href='{{ door.address }}'>办理</a>{% endif %}</p>",
)


def publish(
    kind: TemplateKind, parts: TemplateParts | None, number: int = 1, name: str = STANDARD
) -> TemplatePublished:
    return TemplatePublished(office_id=OFFICE, kind=kind, name=name, number=number, parts=parts)


def count_failures(kind: TemplateKind) -> float:
    return REGISTRY.get_sample_value("cuiban_template_failures_total", {"kind": kind}) or 0.0


async def test_the_newest_version_of_the_offices_template_writes_mail_and_message(
    world: World,
) -> None:
    code = "{% if door %}{{ door.address }} 办理码{{ door.secret }}{% endif %}"
    await world.tell(
        publish(MAIL, OWN, 2),
        publish(MAIL, BUILT_IN[MAIL], 1),
        publish(SMS, TemplateParts(text="{{ unit }}有事\n要办{{ when }}" + code)),
        make_unit(),
        make_reminder(),
    )
    world.start(**SET)
    await wait_until(lambda: world.mail.mails and world.sms.posts)
    (mail,) = world.mail.mails
    text, html = read_parts(mail)
    assert text.startswith("县教体局你好")
    assert LINK.findall(text) == LINK.findall(html) != []
    sms = world.sms.posts[0][1]["data"]["text"]
    assert sms.startswith("【盐亭政务公开】县教体局有事 要办最近12月31日到期")


async def test_the_built_in_template_is_used_again_when_the_office_goes_back(
    world: World,
) -> None:
    await world.tell(
        publish(MAIL, OWN, 1),
        publish(MAIL, None, 2),
        make_unit(),
        make_reminder(channels=("email",)),
    )
    world.start()
    await wait_until(lambda: world.mail.mails)
    assert "现将有关事项提醒如下" in read_parts(world.mail.mails[0])[0]


@pytest.mark.parametrize(
    "broken",
    [
        OWN.model_copy(update={"text": "{{ nothing }}"}),
        OWN.model_copy(update={"text": "{% for i in range(9) %}{% endfor %}"}),
        OWN.model_copy(update={"text": "没有链接"}),
    ],
    ids=["unknown name", "forbidden", "no link"],
)
async def test_a_template_that_fails_is_told_and_the_mail_is_sent_by_the_built_in_one(
    world: World, broken: TemplateParts
) -> None:
    before = count_failures(MAIL)
    await world.tell(publish(MAIL, broken, 7), make_unit(), make_reminder(channels=("email",)))
    with capture_logs() as logs:
        world.start(**SET)
        await wait_until(lambda: world.mail.mails)
    assert "现将有关事项提醒如下" in read_parts(world.mail.mails[0])[0]
    assert count_failures(MAIL) == before + 1
    (told,) = [each for each in logs if each["event"] == "template.failed"]
    assert (told["kind"], told["template"], told["version"]) == (MAIL, STANDARD, 7)


async def test_a_link_that_was_asked_for_comes_by_the_offices_template(world: World) -> None:
    await world.tell(publish(TemplateKind.LINK_MAIL, OWN), make_unit())
    await world.tell(make_request())
    settings = world.settings.model_copy(update=SET)
    mails = make_link_mails(settings, world.engine, world.clock)
    assert mails is not None
    assert await mails.send_next()
    await mails.gateway.close()
    text, html = read_parts(world.mail.mails[0])
    assert text.startswith("县教体局你好")
    assert LINK.findall(text) == LINK.findall(html) != []


async def test_a_rule_has_its_messages_written_by_the_template_that_it_names(
    world: World,
) -> None:
    named = OWN.model_copy(update={"subject": "年底：{{ subject }}"})
    how = How(template="年底")
    reminder = make_reminder().model_copy(update={"rule_id": "年底催办", "how": how})
    await world.tell(publish(MAIL, OWN), publish(MAIL, named, name="年底"), make_unit(), reminder)
    world.start()
    await wait_until(lambda: world.mail.mails and world.sms.posts)
    assert world.mail.subjects[0].startswith("年底：")
    assert "1项任务待办" in world.sms.posts[0][1]["data"]["text"], (
        "there is none for short messages"
    )
