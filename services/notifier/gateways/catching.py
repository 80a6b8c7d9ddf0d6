"""States which mail server keeps every mail and delivers none."""

from services.notifier.gateways.building import load_file
from services.notifier.gateways.email import parse_smtp_url
from services.notifier.gateways.vendors.smtp import Smtp
from services.notifier.settings import NotifierSettings


def describe_caught_mail(settings: NotifierSettings) -> str:
    """A line that says that mails reach nobody; empty unless a gateway is the catcher.

    Raises:
        CuibanError: the file of gateways or the server's address is not valid.
    """
    catcher = settings.mail_catcher.lower()
    if not catcher or catcher not in _list_mail_servers(settings):
        return ""
    return (
        f"邮件都留在 {catcher}，不会送到任何人；用 CUIBAN_SMTP_URL 或网关文件指明邮件服务器。"
        f"Mails stay at {catcher} and reach nobody; name a mail server with CUIBAN_SMTP_URL or in "
        "the file of gateways."
    )


async def check_mail(settings: NotifierSettings) -> str:
    """As `describe_caught_mail`, for the readiness check."""
    return describe_caught_mail(settings)


def _list_mail_servers(settings: NotifierSettings) -> set[str]:
    """The mail servers that get messages, as `host:port` in small letters."""
    file = load_file(settings.gateways) if settings.gateways else None
    named = [each for each in file.gateways if isinstance(each, Smtp)] if file else []
    if named:
        return {f"{each.host}:{each.get_port()}".lower() for each in named}
    url = settings.smtp_url.get_secret_value()
    if not url:
        return set()
    server = parse_smtp_url(url)
    return {f"{server.host}:{server.port}".lower()}
