"""The two widgets in a real JupyterLab: live, replayed, chosen, silent, in both themes."""

from __future__ import annotations

import re
from typing import Any

import pytest

from .conftest import execute

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

HEIGHT = 2200

WORKER = """%%worker {options} --quiet
import asyncio
from workers import Response, WorkerEntrypoint

class Default(WorkerEntrypoint):
    async def fetch(self, request):
        sum(range(50_000))
        if hasattr(self.env, "AUTH"):
            await self.env.AUTH.fetch(request)
        if "wait" in request.url:
            await asyncio.sleep(60)
        await asyncio.sleep(0.002)
        return Response("x")
"""
CELLS = [
    "%load_ext workernb\nimport asyncio, time, traitlets, workernb",
    WORKER.format(options="auth --secret KEY=planted-secret"),
    WORKER.format(options="gateway --bind AUTH=auth --public"),
    "await gateway.fetch('http://gateway.localhost/one')\n"
    "await gateway.fetch('http://gateway.localhost/two');",
    "%graph --live",
    "cpu = workernb.CpuView(live=True)\ngraph = workernb.GraphView(live=True)\n"
    "link = traitlets.dlink((cpu, 'holder'), (graph, 'lit'))\n"
    "import ipywidgets\nipywidgets.VBox([graph, cpu])",
    "%trace",
]


def run(page: Any, source: str) -> None:
    """Run code in the notebook's kernel, which must work."""
    outcome = execute(page, source)
    assert outcome["status"] == "ok", outcome["printed"]


def begin(page: Any, source: str) -> None:
    """Run code in the notebook's kernel, and do not wait."""
    page.evaluate(
        """source => { window.jupyterapp.shell.currentWidget.sessionContext.session.kernel
            .requestExecute({ code: source, store_history: false }) }""",
        source,
    )


def part(page: Any, name: str) -> Any:
    return page.locator(".workernb").first.locator(f"[data-part='{name}']")


def arrow(page: Any, source: str, target: str) -> Any:
    return page.locator(f".workernb [data-from='{source}'][data-to='{target}']").first


def node(page: Any, name: str) -> Any:
    return page.locator(f".workernb [data-node='{name}']").first


@pytest.fixture
def playwright_expect() -> Any:
    from playwright.sync_api import expect

    return expect


def test_the_graph_is_there_and_its_still_is_out_of_sight(page: Any, playwright_expect) -> None:
    playwright_expect(node(page, "gateway")).to_be_visible()
    playwright_expect(arrow(page, "gateway", "auth")).to_contain_text("AUTH")
    stills = page.locator(".jp-RenderedSVG")
    playwright_expect(stills).to_have_count(2)
    playwright_expect(stills.first).to_be_hidden()
    playwright_expect(stills.nth(1)).to_be_visible()
    assert page.locator(".jp-OutputArea-output[data-mime-type*='error']").count() == 0


def test_requests_are_counted_as_they_happen(page: Any, playwright_expect) -> None:
    playwright_expect(arrow(page, "gateway", "auth")).to_contain_text("2×")
    run(page, "for n in range(5): await gateway.fetch('http://gateway.localhost/three')")
    playwright_expect(arrow(page, "gateway", "auth")).to_contain_text("7×")
    playwright_expect(node(page, "auth")).to_contain_text("7 requests")


def test_an_arrow_pulses_while_a_cell_awaits(page: Any, playwright_expect, screenshot) -> None:
    begin(
        page,
        "task = asyncio.ensure_future(gateway.fetch('http://x/wait'))\n"
        "await asyncio.wait([task], timeout=5)\n"
        "task.cancel()",
    )
    playwright_expect(arrow(page, "gateway", "auth")).to_have_class(re.compile("wb-busy"))
    playwright_expect(node(page, "auth")).to_have_class(re.compile("wb-busy"))
    screenshot("widgets-under-way")
    playwright_expect(arrow(page, "gateway", "auth")).not_to_have_class(
        re.compile("wb-busy"), timeout=10_000
    )
    playwright_expect(arrow(page, "gateway", "auth")).to_contain_text("failed")


def test_a_new_worker_appears_and_moves_nobody(page: Any, playwright_expect) -> None:
    before = node(page, "gateway").locator("rect").first.get_attribute("x")
    run(
        page, "workernb.get_runtime().define('mail', '', services={'GATE': 'gateway'}, public=True)"
    )
    playwright_expect(node(page, "mail")).to_be_visible()
    assert node(page, "gateway").locator("rect").first.get_attribute("x") == before


def test_the_replay_lights_who_holds_the_thread(page: Any, playwright_expect, screenshot) -> None:
    run(page, "cpu.request = workernb.get_runtime().traces[0]")
    playwright_expect(page.locator(".wb-now")).to_contain_text("press Replay")
    slider = page.locator(".wb-slider")
    lit = page.locator(".workernb .wb-lit")
    box = slider.bounding_box()
    page.mouse.move(box["x"] + 6, box["y"] + box["height"] / 2)
    page.mouse.down()
    seen = set()
    for step in range(0, 101, 2):
        page.mouse.move(box["x"] + 6 + step / 100 * (box["width"] - 12), box["y"] + 8)
        page.wait_for_timeout(60)
        seen |= {one.get_attribute("data-node") for one in lit.all()}
    page.mouse.up()
    assert seen == {"gateway", "auth"}
    assert slider.input_value() == "1000"
    screenshot("widgets-replayed")


def test_the_replay_runs_by_itself_and_with_the_keyboard(page: Any, playwright_expect) -> None:
    slider, play = page.locator(".wb-slider"), page.locator(".wb-replay .wb-button")
    slider.focus()
    page.keyboard.press("Home")
    playwright_expect(page.locator(".wb-now")).to_contain_text("0.00 ms")
    page.keyboard.press("ArrowRight")
    playwright_expect(slider).to_have_value("1")
    play.click()
    playwright_expect(play).to_contain_text("Pause")
    playwright_expect(play).to_contain_text("Replay", timeout=20_000)
    assert slider.input_value() == "1000"


def test_a_request_is_chosen_from_the_stack(page: Any, playwright_expect) -> None:
    rows = page.locator(".workernb [data-request]")
    number = rows.first.get_attribute("data-request")
    rows.first.focus()
    page.keyboard.press("Enter")
    playwright_expect(
        page.locator(f".workernb [data-request='{number}'] rect").first
    ).to_have_class(re.compile("f-box"))
    run(page, f"assert cpu.trace.number == {number}")


def test_a_node_is_chosen_with_mouse_and_keyboard(page: Any, playwright_expect) -> None:
    chosen = page.locator(".workernb [data-node='auth']").last
    chosen.click()
    playwright_expect(chosen).to_have_attribute("aria-pressed", "true")
    run(page, "await asyncio.sleep(0.2); assert graph.selected == 'auth', graph.selected")
    chosen.focus()
    page.keyboard.press("Enter")
    playwright_expect(chosen).to_have_attribute("aria-pressed", "false")


def test_a_node_shows_its_neighbours(page: Any, playwright_expect) -> None:
    node(page, "auth").hover()
    playwright_expect(node(page, "gateway")).to_have_class(re.compile("wb-near"))
    playwright_expect(node(page, "mail")).not_to_have_class(re.compile("wb-near"))
    page.mouse.move(5, 5)


@pytest.mark.parametrize("name", ["JupyterLab Light", "JupyterLab Dark"])
def test_it_can_be_read_in_both_themes(page: Any, name: str, theme: Any, screenshot: Any) -> None:
    theme(name)
    screenshot("widgets-" + name.lower().replace(" ", "-"))
    pairs = page.evaluate(
        """() => [...document.querySelectorAll('.workernb svg text')].map(text => {
            const card = text.closest('svg').querySelector('.f-card');
            return [getComputedStyle(text).fill, getComputedStyle(card).fill];
        })"""
    )
    assert len(pairs) > 20
    for ink, ground in pairs:
        assert contrast(rgb(ink), rgb(ground)) >= 4.5


def test_no_secret_is_in_the_page(page: Any) -> None:
    pictures = page.locator(".jp-OutputArea").evaluate_all("all => all.map(e => e.innerHTML)")
    assert "planted-secret" not in "".join(pictures)


def test_a_kernel_that_is_busy_or_gone_is_said_to_be(
    page: Any, playwright_expect, screenshot
) -> None:
    silence = page.locator(".wb-silence").first
    playwright_expect(silence).to_be_hidden()
    begin(page, "time.sleep(6)")
    playwright_expect(silence).to_contain_text("No news from the kernel", timeout=10_000)
    playwright_expect(silence).to_be_hidden(timeout=15_000)
    page.evaluate(
        "() => window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart()"
    )
    gone = page.locator(".workernb-gone")
    playwright_expect(gone).to_contain_text("The kernel was restarted", timeout=20_000)
    dead = page.locator(".workernb .wb-silence:visible")
    playwright_expect(dead).to_have_count(2)  # Those that a box of the notebook's own shows.
    playwright_expect(dead.first).to_contain_text("The kernel was restarted")
    for control in page.locator(".workernb button, .workernb input").all():
        playwright_expect(control).to_be_disabled()
    screenshot("widgets-after-restart")


def rgb(css: str) -> list[float]:
    return [float(number) / 255 for number in re.findall(r"[\d.]+", css)[:3]]


def contrast(one: list[float], other: list[float]) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def luminance(channels: list[float]) -> float:
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
