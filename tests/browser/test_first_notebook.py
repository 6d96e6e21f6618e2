"""The first notebook in a real JupyterLab in real Chromium: run from top to bottom, in both themes.

Screenshots go to artifacts/: they are there to be looked at.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

ROOT = Path(__file__).resolve().parents[2]
ARTIFACTS = ROOT / "artifacts"
NOTEBOOK = "01-gateway-and-auth.ipynb"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A JupyterLab on a copy of the notebook, without its outputs."""
    folder = tmp_path_factory.mktemp("lab")
    shutil.copy(ROOT / "notebooks" / NOTEBOOK, folder)
    subprocess.run(
        [sys.executable, "-m", "jupyter", "nbconvert", "--clear-output", "--inplace", NOTEBOOK],
        cwd=folder,
        check=True,
        capture_output=True,
    )
    port = free_port()
    settings = {
        **os.environ,
        "JUPYTERLAB_SETTINGS_DIR": str(folder / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(folder / "workspaces"),
        "JUPYTER_PREFER_ENV_PATH": "1",
        "PYTHONPATH": str(ROOT),
    }
    options = [
        "--no-browser",
        "--ServerApp.ip=127.0.0.1",
        f"--ServerApp.port={port}",
        "--ServerApp.port_retries=0",
        "--IdentityProvider.token=test",
        f"--ServerApp.root_dir={folder}",
        "--LabApp.expose_app_in_browser=True",
        "--LabApp.news_url=",
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
    ]
    if hasattr(os, "getuid") and os.getuid() == 0:
        options.append("--allow-root")
    with (folder / "lab.log").open("w") as log:
        server = subprocess.Popen(
            [sys.executable, "-m", "jupyterlab", *options], env=settings, stdout=log, stderr=log
        )
    try:
        wait_for_server(f"http://127.0.0.1:{port}/api?token=test", server, folder / "lab.log")
        yield f"http://127.0.0.1:{port}/lab/tree/{NOTEBOOK}?token=test&reset"
    finally:
        server.terminate()
        server.wait(30)


def wait_for_server(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline:
        assert server.poll() is None, log.read_text()
        try:
            urllib.request.urlopen(url, timeout=5).read()
            return
        except OSError:
            time.sleep(0.2)
    pytest.fail(f"JupyterLab did not start: {log.read_text()}")


@pytest.fixture(scope="module")
def page(lab: str) -> Iterator[Any]:
    """The notebook, open in Chromium, with every cell run."""
    playwright = pytest.importorskip("playwright.sync_api")
    chromium = os.environ.get("WORKERNB_CHROMIUM") or shutil.which("chromium")
    if chromium is None:
        pytest.skip("no Chromium here; WORKERNB_CHROMIUM names one")
    quiet = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"]
    quiet += ["--disable-background-networking", "--disable-component-update", "--disable-sync"]
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=chromium, args=quiet)
        page = browser.new_page(viewport={"width": 1280, "height": 7000})
        page.goto(lab)
        page.wait_for_selector(".jp-Notebook .jp-CodeCell", timeout=90_000)
        page.wait_for_selector(".jp-NotebookPanel-toolbar", timeout=30_000)
        page.wait_for_function(KERNEL_IS_IDLE, timeout=60_000)
        command(page, "notebook:run-all-cells")
        try:
            page.wait_for_function(ALL_HAVE_RUN, timeout=60_000)
        finally:
            ARTIFACTS.mkdir(exist_ok=True)
            page.screenshot(path=ARTIFACTS / "first-notebook-run.png")
        yield page
        browser.close()


KERNEL_IS_IDLE = """() => window.jupyterapp?.shell.currentWidget?.sessionContext?.session
    ?.kernel?.status === 'idle'"""
ALL_HAVE_RUN = """() => [...document.querySelectorAll('.jp-CodeCell .jp-InputPrompt')]
    .every(prompt => /\\[\\d+\\]/.test(prompt.textContent))"""


def command(page: Any, name: str, **arguments: str) -> None:
    """Run one of JupyterLab's commands."""
    page.evaluate(
        "([name, args]) => window.jupyterapp.commands.execute(name, args)", [name, arguments]
    )


def test_every_cell_runs_without_an_error(page: Any) -> None:
    assert page.locator(".jp-OutputArea-output[data-mime-type*='error']").count() == 0
    prompts = page.locator(".jp-CodeCell .jp-InputPrompt").all_inner_texts()
    assert prompts == [f"[{number}]:" for number in range(1, len(prompts) + 1)]


def test_the_cards_and_pictures_are_shown(page: Any) -> None:
    text = page.locator(".jp-Notebook").inner_text()
    assert "Welcome. Here is your data." in text
    assert "x-custom-token does not match, request not allowed" in text
    assert "No route leads to auth: it is private." in text
    assert "Call .clone() before the first use" in text
    assert page.locator(".jp-RenderedSVG").count() == 2
    cards = page.locator("div[role='group'][aria-label^='GET http://gateway.localhost/']")
    assert cards.count() >= 3
    box = page.locator(".jp-RenderedSVG").first.bounding_box()
    assert box["width"] > 200
    assert box["height"] > 60


@pytest.mark.parametrize("theme", ["JupyterLab Light", "JupyterLab Dark"])
def test_it_can_be_read_in_both_themes(page: Any, theme: str) -> None:
    ARTIFACTS.mkdir(exist_ok=True)
    command(page, "apputils:change-theme", theme=theme)
    page.wait_for_selector(f"body[data-jp-theme-name='{theme}']", state="attached")
    name = theme.lower().replace(" ", "-")
    page.screenshot(path=ARTIFACTS / f"first-notebook-{name}.png")
    for card in page.locator(".jp-RenderedHTMLCommon div[role='group']").all():
        ink, ground = card.evaluate(
            "e => [getComputedStyle(e).color, getComputedStyle(e).backgroundColor]"
        )
        assert contrast(rgb(ink), rgb(ground)) >= 4.5


def rgb(css: str) -> list[float]:
    return [float(number) / 255 for number in re.findall(r"[\d.]+", css)[:3]]


def contrast(one: list[float], other: list[float]) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def luminance(channels: list[float]) -> float:
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
