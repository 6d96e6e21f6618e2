"""The CPU picture of a request of 10,000 slices: zoomed, moved, and quick at that."""

from __future__ import annotations

from typing import Any

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

HEIGHT = 1200

CELLS = [
    "%load_ext workernb\nimport workernb\n"
    "workernb.get_runtime().limits = workernb.Limits(cpu_ms=None)",
    """%%worker many --quiet --bind FEW=few
import asyncio
from workers import Response, WorkerEntrypoint

class Default(WorkerEntrypoint):
    async def fetch(self, request):
        for number in range(10_500):
            await asyncio.sleep(0)
        return await self.env.FEW.fetch(request)
""",
    """%%worker few --quiet
from workers import Response, WorkerEntrypoint

class Default(WorkerEntrypoint):
    async def fetch(self, request):
        return Response("x")
""",
    "await many.fetch('http://many.localhost/');",
    "%cpu",
]

FRAMES_A_SECOND = """async ([x, y]) => {
    const frame = document.querySelector('.workernb .wb-scroll');
    const canvas = frame.querySelector('.wb-zoom');
    const send = (type, at) => frame.dispatchEvent(
        new PointerEvent(type, { clientX: at, clientY: y, bubbles: true, pointerId: 1 }));
    const painted = () => Number(canvas.dataset.painted);
    send('pointerdown', x);
    const before = painted(), began = performance.now();
    let step = 0;
    while (performance.now() - began < 2000) {
        step += 1;
        send('pointermove', x + 60 * Math.sin(step / 10));
        await new Promise(requestAnimationFrame);
    }
    send('pointerup', x);
    return 1000 * (painted() - before) / (performance.now() - began);
}"""


@pytest.fixture
def playwright_expect() -> Any:
    from playwright.sync_api import expect

    return expect


def axis(page: Any) -> tuple[float, float]:
    box = page.locator(".workernb .wb-scroll [data-lane='0'] [data-part='lane0']").bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def test_it_is_zoomed_and_drags_at_30_frames_a_second(
    page: Any, playwright_expect, screenshot, record_property
) -> None:
    canvas = page.locator(".workernb .wb-zoom")
    playwright_expect(canvas).to_be_hidden()
    x, y = axis(page)
    page.mouse.dblclick(x, y)
    playwright_expect(canvas).to_be_visible()
    rates = [page.evaluate(FRAMES_A_SECOND, [x, y]) for _ in range(3)]
    record_property("frames_a_second", rates)
    print("frames a second, zoomed 4 times:", [round(rate) for rate in rates])
    assert max(rates) >= 30
    for _ in range(3):
        page.mouse.dblclick(x, y)
    screenshot("zoom-deep")


def test_keys_and_the_button(page: Any, playwright_expect, theme, screenshot) -> None:
    canvas, frame = page.locator(".workernb .wb-zoom"), page.locator(".workernb .wb-scroll")
    page.get_by_role("button", name="Whole request").click()
    playwright_expect(canvas).to_be_hidden()
    frame.focus()
    page.keyboard.press("+")
    playwright_expect(canvas).to_be_visible()
    before = int(canvas.get_attribute("data-painted"))
    page.keyboard.press("ArrowRight")
    page.wait_for_function(
        "n => Number(document.querySelector('.wb-zoom').dataset.painted) > n", arg=before
    )
    theme("JupyterLab Dark")
    screenshot("zoom-dark")
    frame.focus()
    page.keyboard.press("0")
    playwright_expect(canvas).to_be_hidden()
