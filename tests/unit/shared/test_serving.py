"""What a served connection is like."""

import socket

from shared.process.serving import listen


def test_an_answer_is_sent_at_once() -> None:
    """Without TCP_NODELAY the body of each answer waits for the client's delayed acknowledgment."""
    with (
        listen("127.0.0.1", 0, "CUIBAN_HTTP_PORT") as listening,
        socket.create_connection(listening.getsockname()),
    ):
        served, _ = listening.accept()
        with served:
            assert served.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
