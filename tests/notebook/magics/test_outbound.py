"""%outbound: where the Workers' fetch leads without a route, shown and set."""

from __future__ import annotations

import pytest

import workernb
from workernb.http import Response

from ..conftest import worker

WORLD = worker("world", "return Response('world: ' + request.url)")
SHOP = worker("shop", "from workers import fetch\nreturn await fetch('https://example.com/prices')")


async def test_it_is_shown_and_set(shell):
    assert "Outbound is off" in (await shell.ok("%outbound")).text
    assert "Outbound is the internet" in (await shell.ok("%outbound internet")).text
    assert workernb.get_runtime().outbound == "internet"
    assert "Outbound is off" in (await shell.ok("%outbound off")).text
    assert workernb.get_runtime().outbound is None


async def test_a_worker_answers_in_place_of_the_world(shell):
    await shell.ok(WORLD, SHOP)
    shown = await shell.ok("%outbound --to world")
    assert shown.text.strip() == "Outbound is Worker world: it answers each URL without a route."
    shown = await shell.ok("%fetch shop")
    assert "world: https://example.com/prices" in shown.text
    assert "shop" in shown.text


async def test_off_fails_with_one_line_of_help(shell):
    await shell.ok(SHOP, "%outbound off")
    outcome = await shell.run("await shop.fetch()")
    assert "NetworkError: Network connection lost." in outcome.text
    assert "outbound is off. %outbound internet lets it out." in outcome.text


async def test_a_callable_and_a_worker_that_is_gone_are_described(shell):
    async def world(request):
        return Response("x")

    workernb.get_runtime().outbound = world
    assert "world: it answers each URL" in (await shell.ok("%outbound")).text
    await shell.ok(WORLD, "%outbound --to world", "%remove world")
    assert "which is not defined any more" in (await shell.ok("%outbound")).text


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("%outbound --to wrld", "There is no Worker 'wrld'. Did you mean world?"),
        ("%outbound --to world#Defualt", "has no entrypoint 'Defualt'. Did you mean Default?"),
        ("%outbound onn", "%outbound is internet or off, not 'onn'."),
    ],
)
async def test_what_is_refused_changes_nothing(shell, typed, said):
    await shell.ok(WORLD, "%outbound internet")
    assert said in await shell.refused(typed)
    assert workernb.get_runtime().outbound == "internet"


async def test_the_card_says_what_was_fetched(shell):
    async def world(request):
        return Response("x", status=202)

    await shell.ok(SHOP)
    workernb.get_runtime().outbound = world
    shown = await shell.ok("%fetch shop")
    assert "shop fetch https://example.com/prices 202, " in shown.text
    assert " ms wall" in shown.text
