"""Service bindings: `env.AUTH.fetch`."""

from __future__ import annotations

import pytest

import workernb

from ..conftest import fetch_text, respond


async def test_a_call_can_be_closed(define):
    define("auth", "return Response('x')")
    handle = define(
        "gateway",
        """
        self.env.AUTH.fetch(request).close()
        stepped = self.env.AUTH.fetch("http://x/")
        stepped.throw  # A coroutine has one.
        stepped.close()
        return Response("x")
        """,
        AUTH="auth",
    )
    response = await handle.fetch()
    assert response.trace.logs == []


async def test_a_failed_call_fails_where_it_is_awaited(define, auth):
    handle = define(
        "gateway",
        """
        results = await asyncio.gather(
            self.env.AUTH.fetch("/rel"), self.env.AUTH.fetch(request), return_exceptions=True
        )
        return Response.from_json([str(getattr(r, "status", r)) for r in results])
        """,
        AUTH="auth",
    )
    assert await (await handle.fetch()).json() == ["Fetch API cannot load: /rel", "200"]


async def test_a_request_built_by_a_handler_goes_over_the_binding(define):
    define(
        "auth",
        "return Response(f'{request.method} {request.url} {request.headers[\"a\"]} '"
        " + await request.text())",
    )
    handle = define(
        "gateway",
        """
        one = await self.env.AUTH.fetch(
            "http://auth/x#part", method="POST", headers={"A": "b"}, body="c"
        )
        mine = Request("http://auth/x", method="POST", headers={"A": "b"}, body="c")
        mine.headers.set("a", "d")
        two = self.env.AUTH.fetch(mine)
        mine.headers.set("a", "too late")
        return Response(await one.text() + "; " + await (await two).text())
        """,
        AUTH="auth",
    )
    assert await (await handle.fetch()).text() == ("POST http://auth/x b c; POST http://auth/x d c")


async def test_fetch_takes_one_positional_argument(define, auth):
    handle = define("gateway", "return await self.env.AUTH.fetch(request, {})", AUTH="auth")
    with pytest.raises(TypeError) as caught:
        await handle.fetch()
    assert str(caught.value) == "fetch() takes 1 positional argument but 2 were given"


async def test_a_binding_finds_its_target_when_it_is_called(define, runtime):
    gateway = define("gateway", "return await self.env.ECHO.fetch(request)", ECHO="echo")
    define("echo", respond("later"))
    assert await fetch_text(gateway) == "later"
    define("echo", respond("changed"))
    assert await fetch_text(gateway) == "changed"


async def test_a_binding_can_name_environment_and_entrypoint(runtime, define):
    runtime.define(
        "auth",
        "from workers import Response, WorkerEntrypoint\n"
        "class Admin(WorkerEntrypoint):\n"
        "    async def fetch(self, request):\n"
        "        return Response('admin')\n",
        environment="staging",
    )
    handle = define(
        "gateway", "return await self.env.ADMIN.fetch(request)", ADMIN="auth@staging#Admin"
    )
    assert await fetch_text(handle) == "admin"


async def test_fetching_while_the_module_loads_is_refused(runtime, define):
    define("auth", "return Response('x')")
    runtime.define(
        "gateway",
        "from workers import Response, WorkerEntrypoint, env\n"
        "CALL = env.AUTH.fetch('http://auth/')\n"
        "class Default(WorkerEntrypoint):\n"
        "    async def fetch(self, request):\n"
        "        return await CALL\n",
        services={"AUTH": "auth"},
    )
    with pytest.raises(workernb.GlobalScopeError) as caught:
        await runtime["gateway"].fetch()
    assert str(caught.value).startswith("Disallowed operation called within global scope.")
