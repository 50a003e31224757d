"""Two servers behind nginx: visitors keep theirs, and lose only it when it dies."""

import http.client
import os
import re
import shutil
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.chromium import visit, wait_until_finished
from tests.serving import ROOT, Server, beside, free_port, serve

CONFIGURATION = ROOT / ".deploy" / "nginx.conf"
SECRET = {"STREAMLIT_SERVER_COOKIE_SECRET": "0123456789abcdef" * 4}


@contextmanager
def nginx(folder: Path, ports: list[int]) -> Iterator[int]:
    """The kept configuration in front of these ports; the port it listens on."""
    program = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
    if program is None:
        missing = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
        missing("no nginx: apt-get install nginx-light")
    listening = free_port()
    text = CONFIGURATION.read_text().replace("listen 8080", f"listen 127.0.0.1:{listening}")
    for kept, port in zip((8501, 8502), ports, strict=True):
        text = text.replace(f"server 127.0.0.1:{kept} ", f"server 127.0.0.1:{port} ")
    (folder / "nginx.conf").write_text(text)
    command = [program, "-p", str(folder), "-e", "start.log", "-c", "nginx.conf"]
    with beside([*command, "-g", "daemon off;"]) as process:
        deadline = time.monotonic() + 30
        while not status(listening):
            assert process.poll() is None and time.monotonic() < deadline
            time.sleep(0.05)
        yield listening


def answer(port: int, path: str, **headers: str) -> tuple[int, dict[str, str]]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request(
            "GET", path, headers={k.replace("_", "-"): v for k, v in headers.items()}
        )
        found = connection.getresponse()
        return found.status, {name.lower(): value for name, value in found.getheaders()}
    finally:
        connection.close()


def status(port: int) -> bool:
    try:
        return answer(port, "/_stcore/health")[0] == 200
    except OSError:
        return False


@pytest.fixture
def replicas(tmp_path: Path) -> Iterator[tuple[int, list[Server]]]:
    """The proxy's port and the servers behind it."""
    with ExitStack() as stack:
        servers = [stack.enter_context(serve(environment=SECRET)) for _ in range(2)]
        yield stack.enter_context(nginx(tmp_path, [each.port for each in servers])), servers


def connected(server: Server) -> bool:
    """Whether a visitor's session is on this server."""
    with closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)) as connection:
        connection.request("GET", "/_stcore/metrics")
        text = connection.getresponse().read().decode()
    match = re.search(r"^active_sessions\S* (\d+)", text, re.MULTILINE)
    assert match is not None, text[:2000]
    return int(match[1]) > 0


def test_scripts_come_compressed_and_a_seat_is_given(replicas: tuple[int, list[Server]]) -> None:
    proxy, _ = replicas
    _, page = answer(proxy, "/")
    assert re.match(r"seat=[0-9a-f]{32}; ", page["set-cookie"])
    assert page["x-content-type-options"] == "nosniff"
    asset = next((ROOT / ".venv").glob("lib/*/site-packages/streamlit/static/static/js/index.*.js"))
    _, script = answer(proxy, f"/static/js/{asset.name}", accept_encoding="gzip")
    assert script["content-encoding"] == "gzip"


def test_when_a_server_dies_its_visitors_go_on_at_the_other(
    browser: Browser, replicas: tuple[int, list[Server]]
) -> None:
    proxy, servers = replicas
    context = browser.new_context(base_url=f"http://127.0.0.1:{proxy}")
    page = context.new_page()
    visit(page, "/?v=resnet18")
    page.get_by_role("textbox", name="Variant as text").fill("resnet34,ordering=v2")
    page.get_by_role("textbox", name="Variant as text").press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("ResNet-34 v2")
    wait_until_finished(page)
    mine = [server for server in servers if connected(server)]
    assert len(mine) == 1

    mine[0].process.kill()
    other = next(server for server in servers if server is not mine[0])
    deadline = time.monotonic() + 60
    while not connected(other):
        assert time.monotonic() < deadline
        page.wait_for_timeout(200)
    # The page comes back by itself, and the other server draws it from its link.
    page.get_by_text("equal to the analysis").wait_for(timeout=120_000)
    wait_until_finished(page)
    expect(page.get_by_role("heading", level=1)).to_have_text("ResNet-34 v2")
    expect(page).to_have_url(re.compile("v=resnet34v2"))
    deadline = time.monotonic() + 60
    while page.get_by_role("heading", level=1).inner_text() != "ResNet-50":
        assert (
            time.monotonic() < deadline
        )  # what is typed before the other server has drawn is lost
        page.get_by_role("textbox", name="Variant as text").fill("resnet50")
        page.get_by_role("textbox", name="Variant as text").press("Enter")
        page.wait_for_timeout(3000)
    context.close()
