"""The variables that our processes read."""

from deploy.prepare import FoundingSettings
from services.console.settings import ConsoleSettings
from services.ingest.settings import IngestSettings
from services.notifier.settings import NotifierSettings
from services.scheduler.settings import SchedulerSettings

_ALL = (IngestSettings, SchedulerSettings, NotifierSettings, ConsoleSettings, FoundingSettings)


def list_variables() -> set[str]:
    """Every `CUIBAN_…` that a service, the console, the preparation or the doctor reads."""
    fields = {name for settings in _ALL for name in settings.model_fields}
    return {f"CUIBAN_{name.upper()}" for name in fields} | {"CUIBAN_SECRETS_DIR", "CUIBAN_HEALTH"}
