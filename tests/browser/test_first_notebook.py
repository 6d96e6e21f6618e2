"""The first notebook in a real JupyterLab in real Chromium: run from top to bottom, in both themes.

Screenshots go to artifacts/: they are there to be looked at.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

NOTEBOOK = Path(__file__).resolve().parents[2] / "notebooks" / "01-gateway-and-auth.ipynb"
HEIGHT = 7000


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
    assert page.locator(".workernb svg").count() == 2
    cards = page.locator("div[role='group'][aria-label^='GET http://gateway.localhost/']")
    assert cards.count() >= 3
    box = page.locator(".workernb svg").first.bounding_box()
    assert box["width"] > 200
    assert box["height"] > 60


@pytest.mark.parametrize("name", ["JupyterLab Light", "JupyterLab Dark"])
def test_it_can_be_read_in_both_themes(page: Any, name: str, theme: Any, screenshot: Any) -> None:
    theme(name)
    screenshot("first-notebook-" + name.lower().replace(" ", "-"))
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
