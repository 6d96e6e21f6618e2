"""Where a public Worker is said to be: a link only while a port is open that it leads to."""

from __future__ import annotations

import re

import pytest

from .conftest import cell

LINK = re.compile(r"https?://\S*localhost\S*")


@pytest.fixture
async def served(shell):
    await shell.ok(cell("web --public -q"), cell("api -q --route example.com/api/*"))
    yield shell
    await shell.run("%serve --stop")


def links(outcome) -> list[str]:
    """Return what a front end makes a link of: in streams, plain text and HTML."""
    html = [shown.get("text/html", "") for shown in outcome.displays]
    return [*LINK.findall(outcome.stdout), *re.findall(r'href="([^"]*)"', "".join(html))]


async def test_no_text_is_a_link_until_a_port_is_open(served):
    defined = await served.ok(cell("web --public"))
    assert "public: web.localhost/" in defined.stdout
    fetched = await served.ok("%fetch web")
    assert "web is public: web.localhost/" in fetched.text
    assert links(defined) == links(fetched) == []


async def test_it_is_one_as_soon_as_a_port_is_open(served):
    url = (await served.ok("door = %serve\ndoor.links()[0][1]")).result
    assert re.fullmatch(r"http://web\.localhost:\d+/", url)
    assert links(await served.ok(cell("web --public"))) == [url]
    fetched = await served.ok("%fetch web")
    assert links(fetched) == [url]
    assert f"web is public: {url}" in fetched.text
    elsewhere = await served.ok("%fetch api")
    assert "api is public: example.com/api/" in elsewhere.text
    assert links(elsewhere) == []
    await served.ok("%serve --stop")
    assert links(await served.ok("%fetch web")) == []
