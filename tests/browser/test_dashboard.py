"""The dashboard in a window of 1,400 × 900: all of it is in sight, and its parts work together."""

from __future__ import annotations

from typing import Any

import pytest

from .conftest import command, execute

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

HEIGHT = 900

WORKER = """%%worker {options} --quiet
from workers import Response, WorkerEntrypoint

class Default(WorkerEntrypoint):
    async def fetch(self, request):
        sum(range(50_000))
        for name in ("AUTH", "PRICES"):
            if hasattr(self.env, name):
                await getattr(self.env, name).fetch(request)
        return Response("an answer")
"""
CELLS = [
    "%load_ext workernb\nimport workernb",
    WORKER.format(options="auth --secret KEY=planted-secret --kv USERS=users"),
    WORKER.format(options="prices --var CURRENCY=EUR"),
    WORKER.format(options="gateway --bind AUTH=auth --bind PRICES=prices --public"),
    "for number in range(5): await gateway.fetch(f'http://gateway.localhost/{number}')",
    "board = workernb.Dashboard()\nboard",
]


@pytest.fixture
def playwright_expect() -> Any:
    from playwright.sync_api import expect

    return expect


@pytest.fixture
def board(page: Any) -> Any:
    page.set_viewport_size({"width": 1400, "height": 900})
    board = page.locator(".workernb-board")
    board.evaluate("e => e.scrollIntoView({ block: 'start' })")
    return board


def test_it_fits(page: Any, board: Any, playwright_expect, screenshot) -> None:
    command(page, "application:toggle-left-area")
    board.evaluate("e => e.scrollIntoView({ block: 'start' })")
    page.wait_for_timeout(500)
    screenshot("dashboard-1400-light")
    box = board.bounding_box()
    assert box["height"] <= 800
    side = board.locator(".workernb-side").bounding_box()
    for node in board.locator("[data-node]").all():
        place = node.bounding_box()
        assert place["x"] + place["width"] <= side["x"]
        assert place["y"] < side["y"] + side["height"]


def test_nothing_glows_and_a_selected_node_is_marked_once(
    page: Any, board: Any, playwright_expect
) -> None:
    playwright_expect(board.locator(".wb-lit")).to_have_count(0)
    board.locator("[data-node='prices']").click()
    playwright_expect(board.locator(".wb-selected")).to_have_count(1)
    playwright_expect(board.locator(".wb-lit")).to_have_count(0)
    playwright_expect(board.locator(".workernb-side")).to_contain_text("CURRENCY")
    playwright_expect(board.locator(".wb-page")).to_be_hidden()


def test_a_request_is_sent(page: Any, board: Any, playwright_expect, screenshot) -> None:
    board.locator("input[placeholder^='gateway/path']").fill("gateway/typed")
    board.get_by_role("button", name="Send").click()
    playwright_expect(board).to_contain_text("200 OK")
    playwright_expect(board.locator("select option", has_text="/typed")).to_have_count(1)
    screenshot("dashboard-1400-sent")


def test_a_split_is_set(page: Any, board: Any, playwright_expect, screenshot) -> None:
    outcome = execute(page, "workernb.get_runtime().change('prices', vars={'CURRENCY': 'CHF'})")
    assert outcome["status"] == "ok", outcome
    board.get_by_role("tab", name="Split").click()
    playwright_expect(board.locator(".workernb-side")).to_contain_text("prices serves")
    screenshot("dashboard-1400-split")


@pytest.mark.parametrize("width", [600, 1000, 1400, 1600])
def test_it_is_looked_at_in_the_dark(
    page: Any, board: Any, theme: Any, screenshot: Any, width: int
) -> None:
    theme("JupyterLab Dark")
    page.set_viewport_size({"width": width, "height": 900 if width > 1000 else 1600})
    board.evaluate("e => e.scrollIntoView({ block: 'start' })")
    page.wait_for_timeout(500)
    screenshot(f"dashboard-{width}-dark")
    for select in board.locator(".widget-dropdown > select").all():
        assert select.evaluate("e => getComputedStyle(e).colorScheme") == "dark"
