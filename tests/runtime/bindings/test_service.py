"""Service bindings, `env.AUTH.fetch`, and what else stands on `env`."""

from __future__ import annotations

import pytest

import workernb

from ..conftest import FORWARD, fetch_text, respond, worker


async def test_a_call_can_be_closed_instead_of_awaited(define):
    define("auth")
    handle = define(
        "gateway",
        """
        self.env.AUTH.fetch(request).close()
        call = self.env.AUTH.fetch("http://x/")
        call.throw  # As every coroutine has.
        call.close()
        return Response("x")
        """,
        AUTH="auth",
    )
    response = await handle.fetch()
    assert response.trace.logs == []


async def test_an_invalid_call_raises_where_it_is_awaited(define, auth):
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


async def test_a_request_is_sent_as_it_was_when_the_call_was_made(define):
    define(
        "auth",
        "return Response(f'{request.method} {request.url} {request.headers[\"a\"]} '"
        " + await request.text())",
    )
    handle = define(
        "gateway",
        """
        first = await self.env.AUTH.fetch(
            "http://auth/x#part", method="POST", headers={"A": "b"}, body="c"
        )
        request = Request("http://auth/x", method="POST", headers={"A": "b"}, body="c")
        request.headers.set("a", "d")
        second = self.env.AUTH.fetch(request)
        request.headers.set("a", "too late")
        return Response(await first.text() + "; " + await (await second).text())
        """,
        AUTH="auth",
    )
    assert await fetch_text(handle) == "POST http://auth/x b c; POST http://auth/x d c"


async def test_fetch_takes_one_positional_argument(define, auth):
    handle = define("gateway", "return await self.env.AUTH.fetch(request, {})", AUTH="auth")
    with pytest.raises(TypeError) as caught:
        await handle.fetch()
    assert str(caught.value) == "fetch() takes 1 positional argument but 2 were given"


async def test_a_binding_looks_up_its_target_at_each_call(define, runtime):
    gateway = define("gateway", FORWARD, AUTH="auth")
    define("auth", respond("later"))
    assert await fetch_text(gateway) == "later"
    define("auth", respond("changed"))
    assert await fetch_text(gateway) == "changed"


async def test_a_binding_to_an_entrypoint_in_an_environment(runtime, define):
    admin = worker(respond("admin")).replace("Default", "Admin")
    runtime.define("auth", admin, environment="staging")
    handle = define(
        "gateway", "return await self.env.ADMIN.fetch(request)", ADMIN="auth@staging#Admin"
    )
    assert await fetch_text(handle) == "admin"


async def test_fetching_while_the_module_loads_is_refused(runtime, define):
    define("auth")
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


async def test_env_has_bindings_vars_and_secrets(define):
    handle = define(
        "worker",
        "return Response.from_json([self.env.TEXT, self.env.JSON, self.env.KEY, repr(self.env)])",
        vars={"TEXT": "hello", "JSON": {"a": [1, None]}},
        secrets={"KEY": "s3cret-value"},
        AUTH="auth#Admin",
    )
    text, json, key, shown = await (await handle.fetch()).json()
    assert (text, json, key) == ("hello", {"a": [1, None]}, "s3cret-value")
    assert "s3cret-value" not in shown
    assert "KEY=<secret>" in shown
    assert "AUTH=<service binding to auth#Admin>" in shown


async def test_a_missing_binding_names_the_nearest(define):
    handle = define("worker", "return await self.env.AUHT.fetch(request)", AUTH="auth")
    with pytest.raises(AttributeError) as caught:
        await handle.fetch()
    assert str(caught.value) == "AUHT"
    assert caught.value.__notes__ == [
        "Worker 'worker' has no binding AUHT; bound: AUTH.",
        "Did you mean AUTH?",
    ]
