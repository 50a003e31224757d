"""A Streamlit app served on a free loopback port for as long as a test needs it."""

import http.client
import re
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
APP = ROOT / "app.py"


@dataclass(frozen=True)
class Server:
    """Where a running app answers, and the file its output goes to."""

    port: int
    log_path: Path

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
def serve(app: Path = APP, *, timeout_s: float = 60) -> Iterator[Server]:
    """Run the app until the block ends, once it says it is healthy."""
    with tempfile.TemporaryDirectory() as folder:
        server = Server(_free_port(), Path(folder) / "server.log")
        options = {"port": server.port, "address": "127.0.0.1", "headless": "true"}
        command = [sys.executable, "-m", "streamlit", "run", str(app)]
        command += [f"--server.{name}={value}" for name, value in options.items()]
        with server.log_path.open("wb") as log:
            process = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=subprocess.STDOUT)
        try:
            _wait_until_healthy(server, process, time.monotonic() + timeout_s)
            yield server
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_until_healthy(server: Server, process: subprocess.Popen[bytes], deadline: float) -> None:
    while not server.healthy():
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"the app did not start:\n{server.log()}")
        time.sleep(0.05)
