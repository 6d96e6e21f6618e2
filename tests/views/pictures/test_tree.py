"""The tree of a request."""

from __future__ import annotations

import html

import pytest

from workernb.views.pictures.tree import TracePicture


async def test_the_tree(system):
    trace = (await system(3)["service-0"].fetch()).trace
    lines = [line.split(" · self")[0] for line in repr(TracePicture(trace)).splitlines()]
    assert lines[0] == "request 1: GET http://service-0.localhost/"
    assert lines[1].startswith("ok · CPU ")
    assert lines[2:] == [
        "service-0 v1: 200",
        "│ · at http://service-0.localhost/",
        "├─SVC1 → service-1 v1: 200",
        "│   · at http://x/",
        "└─SVC2 → service-2 v1: 200",
        "    · at http://x/",
    ]


async def test_what_a_clone_has_buffered(runtime):
    runtime.define(
        "copier",
        "from workers import Response, WorkerEntrypoint\n"
        "class Default(WorkerEntrypoint):\n"
        "    async def fetch(self, request):\n"
        "        async def produce():\n"
        "            yield bytes(5_000)\n"
        "        response = Response(produce())\n"
        "        await response.clone().bytes()\n"
        "        return response\n",
    )
    await (await runtime["copier"].fetch()).bytes()
    text = repr(TracePicture(runtime.traces[-1]))
    assert "  · clones of streams buffered 5,000 bytes" in text.splitlines()


async def test_a_failure_in_the_tree(runtime):
    runtime.define(
        "bad",
        "from workers import WorkerEntrypoint\n"
        "class Default(WorkerEntrypoint):\n"
        "    async def fetch(self, request):\n"
        "        raise ValueError('<b>no</b>')\n",
    )
    with pytest.raises(ValueError, match="no"):
        await runtime["bad"].fetch()
    picture = TracePicture(runtime.traces[-1])
    assert "bad v1: exception (ValueError: <b>no</b>)" in repr(picture)
    assert "· error: Traceback (most recent call last):" in repr(picture)
    assert "<b>no" not in picture.svg()
    assert html.escape("ValueError: <b>no</b>") in picture.svg()


async def test_a_long_trace_is_cut(system, monkeypatch):
    monkeypatch.setattr("workernb.views.pictures.tree.MAX_INVOCATIONS", 2)
    trace = (await system(5)["service-0"].fetch()).trace
    assert repr(TracePicture(trace)).endswith("… and 3 more invocations")


async def test_what_a_worker_did_is_in_the_order_of_time(runtime):
    runtime.define(
        "auth",
        "from workers import Response\ndef on_fetch(request):\n"
        "    print('in auth')\n    return Response('x')",
    )
    runtime.define(
        "gateway",
        "from workers import Response\n"
        "async def on_fetch(request, env, ctx):\n"
        "    print('before')\n"
        "    with ctx.tracing.enter_span('ask'):\n"
        "        await env.AUTH.fetch('http://x/')\n"
        "    print('between')\n"
        "    await env.AUTH.fetch('http://x/')\n"
        "    print('after')\n"
        "    return Response('x')\n",
        services={"AUTH": "auth"},
    )
    trace = (await runtime["gateway"].fetch()).trace
    rows = [line.split(" · self")[0] for line in repr(TracePicture(trace)).splitlines()[3:]]
    rows[1] = rows[1].partition(":")[0]
    assert rows == [
        "│ · before",
        "│ ◦ ask",
        "├─AUTH → auth v1: 200",
        "│   · in auth",
        "│ · between",
        "└─AUTH → auth v1: 200",
        "    · in auth",
        "  · after",
    ]
