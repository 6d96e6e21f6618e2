"""Definitions: what is accepted, what is refused, and which version serves."""

from __future__ import annotations

import asyncio
import gc
import linecache
import sys

import pytest

import workernb
from workernb import Limits, UsageError

ECHO = """
from workers import Response, WorkerEntrypoint
class Default(WorkerEntrypoint):
    async def fetch(self, request):
        return Response({!r})
"""


async def text(handle):
    return await (await handle.fetch()).text()


async def test_a_redefinition_answers_from_the_next_call_on(runtime):
    handle = runtime.define("echo", ECHO.format("one"))
    assert await text(handle) == "one"
    again = runtime.define("echo", ECHO.format("two"))
    assert await text(handle) == "two"
    assert again == handle
    assert [version.number for version in runtime.services["echo"].versions] == [1, 2]
    assert handle.version.number == 2


async def test_a_binding_finds_its_target_when_it_is_called(define, runtime):
    gateway = define("gateway", "return await self.env.ECHO.fetch(request)", ECHO="echo")
    runtime.define("echo", ECHO.format("later"))
    assert await text(gateway) == "later"
    runtime.define("echo", ECHO.format("changed"))
    assert await text(gateway) == "changed"


async def test_a_request_in_flight_finishes_on_its_version(define, runtime):
    slow = "await asyncio.sleep(0.01)\nimport pickle\nreturn Response({!r} + __name__)"
    handle = define("slow", slow.format("old "))
    call = handle.fetch()
    await asyncio.sleep(0)
    name = handle.version.filename
    define("slow", slow.format("new "))
    gc.collect()
    assert name in sys.modules
    answer = await call
    assert await answer.text() == "old <worker slow v1>"
    assert answer.trace.invocations[0].version.number == 1
    del call
    gc.collect()
    assert name not in sys.modules
    assert await text(handle) == "new <worker slow v2>"


@pytest.mark.parametrize(
    ("source", "error"),
    [
        ("def broken(:\n    pass", SyntaxError),
        ("import time\nraise RuntimeError('at import')", RuntimeError),
        ("1 / 0", ZeroDivisionError),
    ],
)
async def test_a_redefinition_that_fails_leaves_the_old_one_serving(runtime, source, error):
    handle = runtime.define("echo", ECHO.format("one"))
    with pytest.raises(error):
        runtime.define("echo", source)
    assert await text(handle) == "one"
    assert handle.version.number == 1
    gc.collect()
    assert "<worker echo v2>" not in sys.modules
    runtime.define("echo", ECHO.format("two"))
    assert (await text(handle), handle.version.number) == ("two", 2)


def test_a_first_definition_that_fails_leaves_nothing(runtime):
    with pytest.raises(ZeroDivisionError):
        runtime.define("bad", "1 / 0")
    assert "bad" not in runtime
    assert list(runtime) == []


def test_a_syntax_error_points_into_the_cell(runtime):
    with pytest.raises(SyntaxError) as caught:
        runtime.define("unreadable", "x = 1\ny = (2\n")
    assert (caught.value.filename, caught.value.lineno) == ("<worker unreadable v1>", 2)


@pytest.mark.parametrize(
    ("name", "settings", "message", "note"),
    [
        ("Auth Service", {}, 'Expected "name" to be of type string', "Try 'auth-service'."),
        ("", {}, 'Expected "name"', None),
        (None, {}, 'Expected "name"', None),
        ("a", {"services": {"A-B": "x"}}, "'A-B' is no name for a binding", None),
        ("a", {"services": {"AUTH": "Bad Name"}}, 'but got "Bad Name"', "Try 'bad-name'."),
        ("a", {"services": {"AUTH": "auth/path"}}, "A binding's target has no path", None),
        ("a", {"services": {"AUTH": "auth#1x"}}, "no name of an entrypoint", None),
        ("a", {"services": {"AUTH": ""}}, "names no service", None),
        ("a", {"vars": {"X": object()}}, "The var X must be text or JSON", None),
        ("a", {"secrets": {"X": 1}}, "The secret X must be text", None),
        ("a", {"vars": {"X": "1"}, "secrets": {"X": "2"}}, "Bindings must have unique names", "X"),
        ("a", {"services": {"X": "b"}, "vars": {"X": "2"}}, "Bindings must have unique", "X"),
        ("a", {"routes": ["a b"]}, "is no route", None),
        ("a", {"routes": ["a.com/*/b"]}, "A route's \\*", None),
        ("a", {"compatibility_date": "today"}, "A compatibility date is written", None),
        ("a", {"environment": "Pro Duction"}, "An environment is named like a service", None),
        ("a", {"binds": {}}, "unexpected keyword argument 'binds'", None),
    ],
)
def test_what_is_refused_says_what_to_write(runtime, name, settings, message, note):
    with pytest.raises(UsageError, match=message) as caught:
        runtime.define(name, ECHO.format("x"), **settings)
    assert note is None or any(note in line for line in caught.value.__notes__)
    assert list(runtime) == []


def test_a_source_is_text(runtime):
    with pytest.raises(UsageError, match="A Worker's source is text, not bytes"):
        runtime.define("a", b"")


async def test_env_has_bindings_vars_and_secrets(define):
    handle = define(
        "worker",
        "return Response.from_json([self.env.TEXT, self.env.JSON, self.env.KEY, repr(self.env)])",
        vars={"TEXT": "hello", "JSON": {"a": [1, None]}},
        secrets={"KEY": "s3cret-value"},
        AUTH="auth#Admin",
    )
    one, two, three, shown = await (await handle.fetch()).json()
    assert (one, two, three) == ("hello", {"a": [1, None]}, "s3cret-value")
    assert "s3cret-value" not in shown
    assert "KEY=<secret>" in shown
    assert "AUTH=<service binding to auth#Admin>" in shown


async def test_json_vars_are_copied(runtime, define):
    value = {"list": [1]}
    handle = define(
        "worker",
        "self.env.V['list'].append(2); return Response.from_json(self.env.V)",
        vars={"V": value},
    )
    value["list"].append("outside")
    assert await (await handle.fetch()).json() == {"list": [1, 2]}
    assert runtime.services["worker"].definition.vars == {"V": {"list": [1]}}


async def test_a_binding_that_is_not_there(define):
    handle = define("worker", "return await self.env.AUHT.fetch(request)", AUTH="auth")
    with pytest.raises(AttributeError) as caught:
        await handle.fetch()
    assert str(caught.value) == "AUHT"
    assert caught.value.__notes__ == [
        "Worker 'worker' has no binding AUHT; bound: AUTH.",
        "Did you mean AUTH?",
    ]


async def test_an_environment_is_a_service_of_its_own(runtime):
    runtime.define("auth", ECHO.format("production"))
    staging = runtime.define("auth", ECHO.format("staging"), environment="staging")
    assert staging.name == "auth-staging"
    assert await text(staging) == "staging"
    assert await text(runtime["auth"]) == "production"


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
    assert await text(handle) == "admin"


@pytest.mark.parametrize(
    ("target", "message", "notes"),
    [
        (
            "atuh",
            'Worker "gateway"\'s binding "AUTH" refers to a service "atuh", but no such service is '
            "defined.",
            ["Worker 'gateway' called env.AUTH.fetch(…), bound to atuh.", "Did you mean auth?"],
        ),
        (
            "billing",
            'Worker "gateway"\'s binding "AUTH" refers to a service "billing", but no such service '
            "is defined.",
            [
                "Worker 'gateway' called env.AUTH.fetch(…), bound to billing.",
                "Define it in a cell that starts with %%worker billing",
            ],
        ),
        (
            "auth#Nope",
            'Worker "gateway"\'s binding "AUTH" refers to service "auth" with a named entrypoint '
            '"Nope", but "auth" has no such named entrypoint.',
            ["Worker 'gateway' called env.AUTH.fetch(…), bound to auth#Nope."],
        ),
    ],
)
async def test_a_binding_that_leads_nowhere(define, runtime, target, message, notes):
    define("auth", "return Response('x')")
    handle = define("gateway", "return await self.env.AUTH.fetch(request)", AUTH=target)
    with pytest.raises(workernb.BindingError) as caught:
        await handle.fetch()
    assert str(caught.value) == message
    assert caught.value.__notes__ == notes
    assert runtime.traces[-1].invocations[1].outcome == "scriptNotFound"


async def test_who_calls_what_is_not_there_has_the_error_in_its_log(define, runtime):
    define("front", "return await self.env.BACK.fetch(request)", BACK="gateway")
    define("gateway", "return await self.env.AUTH.fetch(request)", AUTH="atuh")
    with pytest.raises(workernb.BindingError):
        await runtime["front"].fetch()
    (log,) = runtime.traces[-1].logs
    assert log.invocation.service == "gateway"


async def test_a_worker_in_an_environment_is_the_near_miss(define, runtime):
    runtime.define("login", ECHO.format("x"), environment="staging")
    handle = define("gateway", "return await self.env.AUTH.fetch(request)", AUTH="login")
    with pytest.raises(workernb.BindingError) as caught:
        await handle.fetch()
    assert caught.value.__notes__[1] == "Did you mean login-staging?"


async def test_a_worker_without_a_fetch_handler(define, runtime):
    runtime.define("auth", "x = 1")
    handle = define("gateway", "return await self.env.AUTH.fetch(request)", AUTH="auth")
    with pytest.raises(workernb.HandlerError) as caught:
        await handle.fetch()
    assert str(caught.value) == "Handler does not export a fetch() function."
    assert runtime.traces[-1].logs[0].text == (
        "Received a FetchEvent but we lack a handler for FetchEvents. "
        "Did you remember to export a fetch() function?"
    )
    with pytest.raises(workernb.HandlerError):
        await runtime["auth"].fetch()


def test_services_are_listed_in_the_order_of_their_definition(runtime, define):
    define("gateway", "return Response('x')", AUTH="auth", LOG="log")
    define("log", "return Response('x')")
    define("auth", "return Response('x')")
    define("gateway", "return Response('y')")
    assert list(runtime) == ["gateway", "log", "auth"]
    assert len(runtime) == 3
    assert "auth" in runtime
    assert repr(runtime) == "<Runtime with gateway, log, auth>"


def test_an_unknown_service_names_the_near_miss(runtime, define):
    define("gateway", "return Response('x')")
    with pytest.raises(UsageError, match="There is no Worker 'gatewya'") as caught:
        runtime["gatewya"]
    assert caught.value.__notes__ == ["Did you mean gateway?"]


def test_old_versions_are_forgotten(runtime):
    for number in range(25):
        runtime.define("echo", ECHO.format(number))
    versions = runtime.services["echo"].versions
    assert [version.number for version in versions] == list(range(6, 26))
    assert "<worker echo v5>" not in linecache.cache
    assert "<worker echo v6>" in linecache.cache


def test_a_version_has_an_id_made_of_its_content(runtime):
    first = runtime.define("echo", ECHO.format("x"), secrets={"K": "secret-one"}).version
    again = runtime.define("echo", ECHO.format("x"), secrets={"K": "secret-two"}).version
    other = runtime.define("echo", ECHO.format("y")).version
    assert first.id == again.id != other.id
    assert str(other) == "echo v3"
    assert "secret" not in repr(first.definition)


async def test_two_runtimes_keep_apart():
    one, two = workernb.Runtime(), workernb.Runtime(limits=Limits(cpu_ms=5))
    a = one.define("echo", ECHO.format("one"))
    b = two.define("echo", ECHO.format("two"))
    assert (await text(a), await text(b)) == ("one", "two")
    assert a != b
    assert a.version.filename != b.version.filename
    one.close()
    assert await text(b) == "two"
    two.close()


def test_a_handle_says_what_it_stands_for(runtime):
    handle = runtime.define("echo", ECHO.format("x"))
    assert repr(handle) == "<Worker echo v1>"
    assert hash(handle) == hash(runtime["echo"])
    with pytest.raises(AttributeError, match=r"A handle has no 'fecth'; it has fetch"):
        handle.fecth  # noqa: B018
    runtime.close()
    assert repr(handle) == "<Worker echo, not defined>"


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
