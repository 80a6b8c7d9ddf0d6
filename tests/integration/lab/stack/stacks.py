"""Services that a stack may run, and what is left of it."""

import sys
import time
from collections.abc import Callable

from lab.stack.processes import Identity, find_marked
from lab.stack.record import ServiceCommand
from lab.stack.stack import Stack

SERVICE = """
import os, subprocess, sys
from http.server import BaseHTTPRequestHandler, HTTPServer
class Healthy(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(os.environ["GREETING"].encode())
    def log_message(self, *_):
        pass
grandchild = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
HTTPServer(("127.0.0.1", int(os.environ["CUIBAN_METRICS_PORT"])), Healthy).serve_forever()
"""


def service(name: str, body: str = SERVICE) -> ServiceCommand:
    return ServiceCommand(name=name, argv=(sys.executable, "-c", body))


def quiet(_: str) -> None:
    pass


def wait_until(holds: Callable[[], bool], seconds: float = 120) -> None:
    until = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < until, "waited in vain"
        time.sleep(0.02)


def left_over(stack: Stack) -> list[Identity]:
    return [each for each in find_marked(stack.state) if each.find_process() is not None]
