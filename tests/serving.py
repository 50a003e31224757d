"""A Streamlit app served on a free loopback port for as long as a test needs it."""

import http.client
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
APP = ROOT / "app.py"


@dataclass(frozen=True)
class Server:
    """Where a running app answers, the file its output goes to, and its process."""

    port: int
    log_path: Path
    process: subprocess.Popen[bytes]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def log(self) -> str:
        """What the app has printed so far, without colours."""
        return re.sub(r"\x1b\[[\d;]*m", "", self.log_path.read_text(errors="replace"))

    def healthy(self) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("GET", "/_stcore/health")
            return connection.getresponse().status == 200
        except OSError:
            return False
        finally:
            connection.close()


@contextmanager
def serve(
    app: Path = APP, *, timeout_s: float = 60, environment: Mapping[str, str] | None = None
) -> Iterator[Server]:
    """Run the app until the block ends, once it says it is healthy."""
    with tempfile.TemporaryDirectory() as folder:
        port, log_path = free_port(), Path(folder) / "server.log"
        options = {"port": port, "address": "127.0.0.1", "headless": "true"}
        command = [sys.executable, "-m", "streamlit", "run", str(app)]
        command += [f"--server.{name}={value}" for name, value in options.items()]
        variables = {**os.environ, **(environment or {})}
        with (
            log_path.open("wb") as log,
            beside(
                command, cwd=ROOT, stdout=log, stderr=subprocess.STDOUT, env=variables
            ) as process,
        ):
            server = Server(port, log_path, process)
            _wait_until_healthy(server, time.monotonic() + timeout_s)
            yield server


@contextmanager
def beside(command: list[str], **options: Any) -> Iterator[subprocess.Popen[Any]]:
    """Run a process until the block ends, however it ends: none is left running or unwaited."""
    with subprocess.Popen(command, **options) as process:
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()


def free_port() -> int:
    """A port that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_until_healthy(server: Server, deadline: float) -> None:
    while not server.healthy():
        if server.process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"the app did not start:\n{server.log()}")
        time.sleep(0.05)
