"""A notebook's pictures: of their moment, live by a switch, still without their kernel."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from .conftest import command, execute

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

HEIGHT = 2600

WORKER = """%%worker {options} --quiet
from workers import Response, WorkerEntrypoint

class Default(WorkerEntrypoint):
    async def fetch(self, request):
        sum(range(50_000))
        if hasattr(self.env, "AUTH"):
            await self.env.AUTH.fetch(request)
        return Response("x")
"""
CELLS = [
    "%load_ext workernb\nimport workernb",
    WORKER.format(options="auth --secret KEY=planted-secret"),
    WORKER.format(options="gateway --bind AUTH=auth --public"),
    "await gateway.fetch('http://gateway.localhost/one');",
    "%graph",
    "for number in range(6): await gateway.fetch('http://gateway.localhost/two')",
    "%graph --live",
    "%cpu",
    "%bindings gateway",
    "%dashboard",
]


@pytest.fixture
def playwright_expect() -> Any:
    from playwright.sync_api import expect

    return expect


def run(page: Any, source: str) -> None:
    outcome = execute(page, source)
    assert outcome["status"] == "ok", outcome["printed"]


def shown(page: Any, number: int) -> Any:
    return page.locator(".workernb-stage").nth(number)


def test_a_picture_shows_the_moment_of_its_cell(page: Any, playwright_expect) -> None:
    playwright_expect(page.locator(".workernb-stage")).to_have_count(5)
    playwright_expect(shown(page, 0).locator("[data-from='gateway']")).to_contain_text("1×")
    playwright_expect(shown(page, 1).locator("[data-from='gateway']")).to_contain_text("7×")
    playwright_expect(shown(page, 0)).to_contain_text(re.compile(r"as of \d+:\d\d"))
    run(page, "await gateway.fetch('http://gateway.localhost/three')")
    playwright_expect(shown(page, 1).locator("[data-from='gateway']")).to_contain_text("8×")
    playwright_expect(shown(page, 0).locator("[data-from='gateway']")).to_contain_text("1×")


def test_the_switch_makes_it_live_and_stops_it(page: Any, playwright_expect) -> None:
    switch, arrow = (
        shown(page, 0).get_by_role("switch"),
        shown(page, 0).locator("[data-from='gateway']"),
    )
    switch.click()
    playwright_expect(switch).to_have_attribute("aria-checked", "true")
    playwright_expect(arrow).to_contain_text("8×")
    run(page, "await gateway.fetch('http://gateway.localhost/four')")
    playwright_expect(arrow).to_contain_text("9×")
    switch.click()
    playwright_expect(switch).to_have_attribute("aria-checked", "false")
    run(page, "await gateway.fetch('http://gateway.localhost/five')")
    playwright_expect(shown(page, 1).locator("[data-from='gateway']")).to_contain_text("10×")
    playwright_expect(arrow).to_contain_text("9×")


def test_a_still_picture_that_is_shown_is_out_of_sight(page: Any, playwright_expect) -> None:
    for still in page.locator(".jp-RenderedSVG").all():
        playwright_expect(still).to_be_hidden()


@pytest.mark.parametrize("width", [600, 1000, 1600])
@pytest.mark.parametrize("name", ["JupyterLab Light", "JupyterLab Dark"])
def test_it_is_looked_at(page: Any, name: str, width: int, theme: Any, screenshot: Any) -> None:
    page.set_viewport_size({"width": width, "height": HEIGHT})
    command(page, "application:toggle-left-area") if width == 600 and "Light" in name else None
    theme(name)
    page.wait_for_timeout(500)
    screenshot(f"stills-{name.rsplit(maxsplit=1)[-1].lower()}-{width}")


def test_no_output_has_a_widget_view(page: Any) -> None:
    notebook = page.evaluate(
        "() => JSON.stringify(window.jupyterapp.shell.currentWidget.model.toJSON())"
    )
    outputs = [o for cell in json.loads(notebook)["cells"] for o in cell.get("outputs", [])]
    kinds = {kind for output in outputs for kind in output.get("data", {})}
    assert "image/svg+xml" in kinds
    assert not [kind for kind in kinds if "widget" in kind]


def test_after_a_restart_the_stills_are_back_and_say_so(
    page: Any, playwright_expect, screenshot
) -> None:
    page.evaluate(
        "() => window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart()"
    )
    playwright_expect(page.locator(".workernb-stage")).to_have_count(0, timeout=20_000)
    playwright_expect(page.locator(".workernb-gone")).to_have_count(5)
    playwright_expect(page.locator(".workernb-gone").first).to_contain_text("Run the cell again")
    for still in page.locator(".jp-RenderedSVG").all():
        playwright_expect(still).to_be_visible()
    screenshot("stills-after-restart")
