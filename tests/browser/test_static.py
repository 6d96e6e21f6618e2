"""Notebooks where no kernel runs: reopened in JupyterLab, and as pages of nbconvert's."""

from __future__ import annotations

import base64
import re
import shutil
from pathlib import Path
from typing import Any

import nbformat
import pytest

from .conftest import ARTIFACTS, ROOT, _lab

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

NOTEBOOK = ROOT / "notebooks" / "05-reading-a-system.ipynb"


@pytest.fixture(scope="module")
def html() -> str:
    """The notebook with its committed outputs, as nbconvert makes a page of it."""
    nbconvert = pytest.importorskip("nbconvert")
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    return str(nbconvert.HTMLExporter().from_notebook_node(notebook)[0])


@pytest.mark.parametrize("width", [600, 1000, 1600])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pictures_scale_with_their_place(chromium: Any, html: str, width: int, scheme: str) -> None:
    page = chromium.new_page(viewport={"width": width, "height": 5000}, color_scheme=scheme)
    page.set_content(html)
    pictures = page.locator(".jp-RenderedSVG img").all()
    assert len(pictures) >= 5
    for picture in pictures:
        box, _, wide, high = picture.evaluate(
            "e => { const b = e.getBoundingClientRect(); return [b.width, 0, b.right, b.height]; }"
        )
        assert wide <= width
        assert box >= 0.6 * width
        svg = base64.b64decode(picture.get_attribute("src").split(",", 1)[1]).decode()
        view = re.search(r"viewBox='(\S+) (\S+) (\S+) (\S+)'", svg)
        assert high == pytest.approx(box * float(view[4]) / float(view[3]), rel=0.02)
    ARTIFACTS.mkdir(exist_ok=True)
    page.screenshot(path=ARTIFACTS / f"static-{scheme}-{width}.png")
    page.close()


def test_a_reopened_notebook_shows_the_still_pictures_and_no_error(
    chromium: Any, tmp_path: Path
) -> None:
    # It is not trusted, as any that comes from elsewhere: JupyterLab then takes the PNG.
    stills = ".jp-RenderedSVG img, .jp-RenderedImage img"
    shutil.copy(NOTEBOOK, tmp_path / "notebook.ipynb")
    with _lab(tmp_path) as url:
        page = chromium.new_page(viewport={"width": 1000, "height": 9000})
        page.goto(f"{url}/lab/tree/notebook.ipynb?token=test&reset")
        page.wait_for_selector(stills, timeout=90_000, state="attached")
        page.wait_for_timeout(4000)
        assert page.locator(stills).count() >= 3  # Those in sight.
        assert "Error displaying widget" not in page.locator(".jp-Notebook").inner_text()
        assert page.locator(".workernb").count() == 0
        for output in page.locator(".jp-RenderedSVG, .jp-RenderedImage").all():
            assert output.evaluate("e => e.scrollWidth <= e.clientWidth")
        page.screenshot(path=ARTIFACTS / "reopened.png")
        page.close()
