"""What Workers fetched from outside, in the tree and beside what they logged."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import workernb
from workernb.http import Response
from workernb.views.pictures.cpu import CpuPicture
from workernb.views.pictures.fetches import describe_fetch, logs_and_fetches
from workernb.views.pictures.tree import TracePicture

SHOP = """
from workers import Response, WorkerEntrypoint, fetch

class Default(WorkerEntrypoint):
    async def fetch(self, request):
        print("before")
        await fetch("https://example.com/<b>?key=" + self.env.KEY, method="POST")
        print("after")
        await fetch("http://prices.localhost/")
        try:
            await fetch("http://down.test/")
        except OSError as error:
            print(error)
        return Response("x")
"""
PRICES = """
from workers import Response, WorkerEntrypoint

class Default(WorkerEntrypoint):
    async def fetch(self, request):
        return Response("x")
"""


async def world(request):
    if "down" in request.url:
        raise workernb.NetworkError("Network connection lost.")
    return Response("x", status=201)


@pytest.fixture
def shop() -> Iterator[workernb.Handle]:
    runtime = workernb.Runtime(outbound=world)
    runtime.define("prices", PRICES, public=True)
    yield runtime.define("shop", SHOP, secrets={"KEY": "s3cret-key"})
    runtime.close()


async def test_the_tree_has_a_line_for_each(shop):
    picture = TracePicture((await shop.fetch()).trace)
    lines = [line.split(" · self")[0] for line in repr(picture).splitlines()[2:]]
    lines = [line.rsplit(", ", 1)[0] if "wall" in line else line for line in lines]
    assert lines == [
        "shop v1: 200",
        "│ · before",
        "│ · fetch POST https://example.com/%3Cb%3E?key=REDACTED 201",
        "│ · after",
        "└─fetch → prices v1: 200",
        "  · fetch http://down.test/ NetworkError: Network connection lost.",
        "  · Network connection lost.",
    ]
    assert "s3cret-key" not in picture.svg()
    assert "down.test" in picture.svg()


async def test_a_call_by_url_is_named_in_the_cpu_picture(shop):
    assert "fetch → prices v1" in repr(CpuPicture((await shop.fetch()).trace))


async def test_a_fetch_on_one_line(shop):
    trace = (await shop.fetch()).trace
    line = describe_fetch(trace.fetches[0])
    assert line.startswith("fetch POST https://example.com/")
    assert line.endswith(" ms wall")
    assert [type(one).__name__ for one in logs_and_fetches(trace)] == [
        "Log",
        "Fetch",
        "Log",
        "Fetch",
        "Log",
    ]


async def test_many_fetches_are_counted(shop, monkeypatch):
    monkeypatch.setattr("workernb.views.pictures.fetches.MAX_FETCHES", 1)
    picture = TracePicture((await shop.fetch()).trace)
    assert repr(picture).endswith("… and 1 more fetch")
