"""Begins to trace a process, where its settings name a receiver of spans."""

from shared.tracing.spans import use_tracer


def start_tracing(service: str, endpoint: str) -> None:
    """Trace from now on, and send the spans to `endpoint`; do nothing when that is empty.

    Args:
        service: as `ingest`.
        endpoint: the base address of a receiver of OTLP over HTTP.
    """
    if not endpoint:
        return
    # Imported here, so that a service that does not trace starts without it.
    from shared.tracing.exporting import OtlpTracer  # noqa: PLC0415

    use_tracer(OtlpTracer(service, endpoint))
