"""The page in a real browser: no error on its console, no request to another machine."""

import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlparse

import pytest

from nearedge.app._examples import EXAMPLES

pytest.importorskip("playwright", reason="needs the extra app-test: make test-app")
from playwright.sync_api import Browser, FilePayload, Page, expect, sync_playwright

pytestmark = pytest.mark.browser

CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
QUIET = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
LONG = 120_000
"""ms; the machine may be busy."""


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "nearedge", "app", "--no-browser", "--port", str(port)]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment
    ) as server:
        assert server.stdout is not None
        while "started" not in (line := server.stdout.readline()):
            assert line, "the server ended"
        yield f"http://127.0.0.1:{port}"
        server.send_signal(signal.SIGINT)
        server.wait(30)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield chromium
        chromium.close()


@pytest.fixture(params=[1400, 400], ids=["desk", "phone"])
def page(address: str, browser: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    """Open the page; say at the end that nothing went wrong behind it."""
    page = browser.new_page(viewport={"width": request.param, "height": 900})
    page.set_default_timeout(LONG)
    errors: list[str] = []
    hosts: set[str] = set()
    page.on("console", lambda said: errors.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("request", lambda asked: hosts.add(urlparse(asked.url).hostname or "here"))
    page.on("websocket", lambda opened: hosts.add(urlparse(opened.url).hostname or "here"))
    page.goto(address)
    page.get_by_text("Drop a file above").wait_for()
    yield page
    # Nothing is to be scrolled sideways.
    assert page.evaluate("document.documentElement.scrollWidth") <= request.param
    page.close()
    assert errors == []
    # Blobs and data lie within the page.
    assert hosts - {"here"} == {"127.0.0.1"}


def drop(page: Page, *files: tuple[str, bytes]) -> None:
    given: list[FilePayload] = [
        {"name": name, "mimeType": "text/plain", "buffer": content} for name, content in files
    ]
    page.locator("input[type=file]").set_input_files(given)


def made(example: str) -> list[tuple[str, bytes]]:
    return [(given.name, given.content or b"") for given in EXAMPLES[example]()]


def test_a_good_file_is_answered(page: Page) -> None:
    drop(page, *made("Fe K of hematite"))
    page.get_by_role("heading", name="Fe has 6 neighbours").wait_for()
    page.get_by_role("heading", name="Take along").wait_for()
    for heading in ("The spectrum", "The best fit", "Why", "The nearest spectra it knows"):
        page.get_by_role("heading", name=heading).wait_for()
    expect(page.locator(".js-plotly-plot")).to_have_count(6, timeout=LONG)


def test_e0_is_changed_by_keyboard(page: Page) -> None:
    drop(page, *made("Fe K of hematite"))
    page.get_by_text("E0, and the lines before and after the edge").click()
    box = page.get_by_role("spinbutton", name="E0 (eV)")
    box.fill("7121.5")
    box.press("Enter")
    page.locator(".js-plotly-plot").first.get_by_text("E0 7121.5 eV").wait_for()


def test_a_bad_file_says_why(page: Page) -> None:
    drop(page, ("empty.dat", b""), ("letter.dat", b"Dear <b>colleague</b>, no table here\n"))
    for name in ("empty.dat", "letter.dat"):
        page.get_by_role("alert").filter(has_text=f"{name}: holds no table").wait_for()


def test_another_edge_is_refused_loudly(page: Page) -> None:
    ((_, content),) = made("Fe K of hematite")
    rows = [line.split() for line in content.decode().splitlines() if line[0] != "#"]
    moved = "".join(f"{float(energy) + 4000:.3f} {mu}\n" for energy, mu in rows)
    drop(page, ("ge.dat", f"# energy mu\n{moved}".encode()))
    page.get_by_role("alert").get_by_text("The model does not apply:").wait_for()


def test_a_batch_is_taken_along(page: Page, tmp_path: Path) -> None:
    drop(page, *made("A batch, Ti to Zn"), ("empty.dat", b""))
    page.get_by_role("heading", name="9 spectra, 9 to which the model applies").wait_for()
    page.get_by_role("heading", name="Take along").wait_for()
    with page.expect_download() as waiting:
        page.get_by_role("button", name="CSV", exact=True).click()
    waiting.value.save_as(tmp_path / "answers.csv")
    lines = (tmp_path / "answers.csv").read_text(encoding="utf-8").splitlines()
    assert len(lines) == 1 + 9
    assert lines[0].startswith("file,label,absorber,edge")


def test_a_map_has_pixels_to_click(page: Page) -> None:
    drop(page, *made("A stack of images"))
    page.get_by_role("button", name="Maps (HDF5, PNG)").wait_for()
    chart = page.locator(".js-plotly-plot").first
    chart.scroll_into_view_if_needed()
    page.get_by_text("row 12, column 18").wait_for()
    box = chart.bounding_box()
    assert box is not None
    chart.click(position={"x": 0.3 * box["width"], "y": 0.5 * box["height"]})
    page.get_by_text("row 12, column 18").wait_for(state="detached")
    assert page.get_by_text("row ").first.is_visible()


def test_two_people_see_their_own(address: str, browser: Browser) -> None:
    pages = [browser.new_page(), browser.new_page()]
    for page, example in zip(pages, ("Fe K of hematite", "O K of Li₃FeO₃.₅"), strict=True):
        page.set_default_timeout(LONG)
        page.goto(address)
        page.get_by_text("Drop a file above").wait_for()
        page.get_by_role("button", name=example).click()
    for page, element in zip(pages, ("Fe", "O"), strict=True):
        page.get_by_role("heading", name=f"{element} has").wait_for()
        page.close()
