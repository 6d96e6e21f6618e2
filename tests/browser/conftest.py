"""A real JupyterLab in real Chromium, on a copy of a notebook, all of whose cells are run.

A test module names its notebook (NOTEBOOK, a path) or its cells (CELLS, their sources), and gets
the open notebook as `page`. Screenshots go to artifacts/: they are there to be looked at.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import nbformat
import pytest

ROOT = Path(__file__).resolve().parents[2]
ARTIFACTS = ROOT / "artifacts"

KERNEL_IS_IDLE = """() => window.jupyterapp?.shell.currentWidget?.sessionContext?.session
    ?.kernel?.status === 'idle'"""
ALL_HAVE_RUN = """() => [...document.querySelectorAll('.jp-CodeCell .jp-InputPrompt')]
    .every(prompt => /\\[\\d+\\]/.test(prompt.textContent))"""


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """Chromium, driven by Playwright."""
    playwright = pytest.importorskip("playwright.sync_api")
    path = os.environ.get("WORKERNB_CHROMIUM") or shutil.which("chromium")
    if path is None:
        pytest.skip("no Chromium here; WORKERNB_CHROMIUM names one")
    quiet = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"]
    quiet += ["--disable-background-networking", "--disable-component-update", "--disable-sync"]
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=path, args=quiet)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def page(
    request: pytest.FixtureRequest, chromium: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Any]:
    """The module's notebook, open in JupyterLab, with every cell run."""
    folder = tmp_path_factory.mktemp("lab")
    notebook = _notebook(request.module)
    nbformat.write(notebook, folder / "notebook.ipynb")
    with _lab(folder) as url:
        page = chromium.new_page(viewport={"width": 1280, "height": request.module.HEIGHT})
        page.goto(f"{url}/lab/tree/notebook.ipynb?token=test&reset")
        page.wait_for_selector(".jp-Notebook .jp-CodeCell", timeout=90_000)
        page.wait_for_selector(".jp-NotebookPanel-toolbar", timeout=30_000)
        page.wait_for_function(KERNEL_IS_IDLE, timeout=60_000)
        command(page, "notebook:run-all-cells")
        try:
            page.wait_for_function(ALL_HAVE_RUN, timeout=60_000)
        finally:
            ARTIFACTS.mkdir(exist_ok=True)
            page.screenshot(path=ARTIFACTS / f"{request.module.__name__.split('.')[-1]}.png")
        yield page
        page.close()


def _notebook(module: Any) -> Any:
    """Return a module's notebook, without outputs."""
    if hasattr(module, "CELLS"):
        kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
        cells = [nbformat.v4.new_code_cell(source) for source in module.CELLS]
        return nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel})
    notebook = nbformat.read(module.NOTEBOOK, as_version=4)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    return notebook


@contextmanager
def _lab(folder: Path) -> Iterator[str]:
    """Run a JupyterLab in a folder; gives its URL."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
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
        _wait_for(f"http://127.0.0.1:{port}/api?token=test", server, folder / "lab.log")
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(30)


def _wait_for(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline:
        assert server.poll() is None, log.read_text()
        try:
            urllib.request.urlopen(url, timeout=5).read()
            return
        except OSError:
            time.sleep(0.2)
    pytest.fail(f"JupyterLab did not start: {log.read_text()}")


def command(page: Any, name: str, **arguments: str) -> None:
    """Run one of JupyterLab's commands."""
    page.evaluate(
        "([name, args]) => window.jupyterapp.commands.execute(name, args)", [name, arguments]
    )


@pytest.fixture
def lab_command(page: Any) -> Any:
    """Run one of JupyterLab's commands: `lab_command(name, argument=…)`."""
    return lambda name, **arguments: command(page, name, **arguments)


@pytest.fixture
def theme(page: Any) -> Any:
    """Switch to a theme: `theme("JupyterLab Dark")`."""

    def switch(name: str) -> None:
        command(page, "apputils:change-theme", theme=name)
        page.wait_for_selector(f"body[data-jp-theme-name='{name}']", state="attached")
        page.wait_for_selector("#jupyterlab-splash", state="detached")

    return switch


@pytest.fixture
def screenshot(page: Any) -> Any:
    """Keep a picture of the page to be looked at: `screenshot("graph-dark")`."""

    def keep(name: str) -> None:
        ARTIFACTS.mkdir(exist_ok=True)
        page.screenshot(path=ARTIFACTS / f"{name}.png")

    return keep


EXECUTE = """source => {
    const kernel = window.jupyterapp.shell.currentWidget.sessionContext.session.kernel;
    const future = kernel.requestExecute({ code: source, store_history: false });
    const outcome = { status: "", printed: "" };
    future.onIOPub = message => {
        if (message.header.msg_type === "stream") outcome.printed += message.content.text;
        if (message.header.msg_type === "error") outcome.printed += message.content.evalue;
    };
    const replied = new Promise(resolve => {
        future.onReply = message => {
            outcome.status = message.content.status;
            // What it printed may come after; that it is idle may never come (ipykernel 7.4).
            setTimeout(resolve, 500);
        };
    });
    return Promise.race([future.done, replied]).then(() => outcome);
}"""


def execute(page: Any, source: str) -> dict[str, str]:
    """Run code in the notebook's kernel; returns its status, and what it prints or its error."""
    outcome: dict[str, str] = page.evaluate(EXECUTE, source)
    return outcome
