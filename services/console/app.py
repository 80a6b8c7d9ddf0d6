"""The process `python -m services.console.app`: the pages. It holds no database and no broker."""

from services.console.application import create_application
from services.console.client import ApiClient, ApiError, Browser
from services.console.settings import ConsoleSettings
from services.console.shell.context import ConsoleContext, make_context
from shared import logging
from shared.api.accounts import ProviderOut
from shared.metrics import HealthPort
from shared.process.running import run_service, run_until_signalled
from shared.process.serving import listen, serve


def build_health_port(settings: ConsoleSettings, context: ConsoleContext) -> HealthPort:
    """The health port: ready while ingest's API answers."""
    api = ApiClient(context.http, Browser("127.0.0.1", "cuiban-console", ""))

    async def check_api() -> str:
        try:
            await api.list_page(ProviderOut, "/v1/sessions/openid")
        except ApiError as error:
            return f"The API at {settings.api} does not answer as it should ({error})."
        return ""

    return HealthPort(settings.metrics_host, settings.metrics_port, {"api": check_api})


async def run(settings: ConsoleSettings) -> None:
    """Run the console until a signal.

    Raises:
        CuibanError: a port is taken.
    """
    context = make_context(settings)
    health = build_health_port(settings, context)
    try:
        sock = listen(settings.console_host, settings.console_port, "CUIBAN_CONSOLE_PORT")
        logging.log(__name__).info("health.listening", port=await health.start())
        app = create_application(context)
        await run_until_signalled(serve(app, sock, settings.trusted_proxies))
    finally:
        await health.stop()
        await context.tasks.close()
        await context.http.aclose()


def main() -> None:
    """Run the service with the settings of the environment."""
    run_service("console", ConsoleSettings, run)


if __name__ == "__main__":
    main()
