"""The notebook on reading a system, in a real JupyterLab: its dashboard, and the editor's buttons.

Each test leaves the shop as the next one expects it, as a reader's clicks do.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from .conftest import execute

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

HEIGHT = 14_000
NOTEBOOK = Path(__file__).resolve().parents[2] / "notebooks" / "05-reading-a-system.ipynb"


@pytest.fixture
def expect() -> Any:
    from playwright.sync_api import expect

    return expect


def printed(page: Any, source: str) -> str:
    """Run code in the notebook's kernel; returns what it prints, or its error."""
    return execute(page, source)["printed"]


def catalog(page: Any) -> str:
    return printed(page, "print(await (await web.fetch('http://web.localhost/')).text())")


def board(page: Any) -> Any:
    """The dashboard: the output of its cell, which exercises follow."""
    return page.locator(".jp-CodeCell").filter(has_text="%dashboard").last


def choose(page: Any, name: str) -> None:
    """Click on a Worker in the dashboard's graph."""
    board(page).locator(f"[data-node='{name}']").first.click()


def test_the_notebook_runs_and_shows_its_pictures(page: Any, expect, screenshot) -> None:
    assert page.locator(".jp-OutputArea-output[data-mime-type*='error']").count() == 0
    expect(board(page).locator("[data-node='web']").first).to_be_visible()
    expect(board(page).locator(".jp-RenderedSVG")).to_be_hidden()
    expect(board(page)).to_contain_text("Bindings of auth")
    expect(board(page)).to_contain_text("SESSION_KEY (secret)")
    screenshot("dashboard")


def test_a_binding_is_replaced_and_the_next_fetch_goes_there(page: Any, expect) -> None:
    assert "tea: 1 EUR" in catalog(page)
    choose(page, "catalog")
    expect(board(page)).to_contain_text("Bindings of catalog")
    board(page).get_by_title("Put PRICES into the form").click()
    form = board(page).locator(".jupyter-widgets.widget-hbox", has_text="Service binding").last
    name = form.locator("input[placeholder='NAME']")
    expect(name).to_have_value("PRICES")
    environment = form.locator("select").nth(1)
    expect(environment.locator("option:checked")).to_have_text("sale")
    environment.select_option("no environment")
    form.get_by_role("button", name="Bind").click()
    expect(board(page).get_by_role("status").last).to_contain_text("PRICES: prices-sale → prices")
    expect(name).to_have_value("")
    assert "tea: 4 EUR" in catalog(page)
    arrow = board(page).locator("[data-from='catalog'][data-to='prices']")
    expect(arrow.first).to_contain_text("PRICES")


def test_the_choices_follow_one_another(page: Any, expect) -> None:
    form = board(page).locator(".jupyter-widgets.widget-hbox", has_text="Service binding").last
    worker, environment = form.locator("select").nth(0), form.locator("select").nth(1)
    worker.select_option("auth")
    expect(environment.locator("option")).to_have_text(["no environment"])
    worker.select_option("prices")
    expect(environment.locator("option")).to_have_text(["no environment", "sale"])


def test_what_is_refused_is_said_in_place(page: Any, expect) -> None:
    form = board(page).locator(".jupyter-widgets.widget-hbox", has_text="Var").last
    form.locator("input[placeholder='NAME']").fill("<img src=x>")
    form.get_by_role("button", name="Set").click()
    said = board(page).get_by_role("alert").last
    expect(said).to_contain_text("'<img src=x>' is no name for a binding")
    assert board(page).locator("img[src='x']").count() == 0


def test_a_binding_is_removed_while_a_cell_awaits(page: Any, expect) -> None:
    page.evaluate(
        """source => { window.jupyterapp.shell.currentWidget.sessionContext.session.kernel
            .requestExecute({ code: source, store_history: false }) }""",
        "import asyncio\nawait asyncio.sleep(3)",
    )
    board(page).get_by_title("Remove PRICES").click()
    expect(board(page)).to_contain_text("Nothing is bound yet.", timeout=10_000)
    assert "PRICES" in printed(page, "await web.fetch()")


def test_a_change_made_elsewhere_is_followed(page: Any, expect) -> None:
    printed(page, "catalog.bindings['PRICES'] = 'prices@sale'")
    expect(board(page)).to_contain_text("PRICES → prices-sale")
    assert "tea: 1 EUR" in catalog(page)


def test_a_secret_is_set_and_never_shown(page: Any, expect) -> None:
    choose(page, "auth")
    form = board(page).locator(".jupyter-widgets.widget-hbox", has_text="Secret").last
    form.locator("input[placeholder='NAME']").fill("SESSION_KEY")
    password = form.locator("input[type='password']")
    password.fill("another-sesame")
    form.get_by_role("button", name="Set").click()
    expect(board(page).get_by_role("status").last).to_contain_text("secret SESSION_KEY")
    expect(password).to_have_value("")
    assert "another-sesame" not in page.content()
    ask = "print((await auth.fetch('http://auth/', headers={'x-session': KEY})).status)"
    assert printed(page, ask.replace("KEY", "'open-sesame'")) == "401\n"
    assert printed(page, ask.replace("KEY", "'another-' + 'sesame'")) == "200\n"


def test_the_dashboard_follows_the_requests(page: Any, expect, screenshot, theme) -> None:
    requests = board(page).locator("select").filter(has_text="always the last one").first
    expect(requests.locator("option:checked")).to_have_text("always the last one")
    expect(requests.locator("option").nth(1)).to_contain_text("GET http://auth/ → 200")
    requests.select_option(index=2)
    expect(board(page)).to_contain_text("GET http://auth/ → 401")
    theme("JupyterLab Dark")
    screenshot("dashboard-dark")
