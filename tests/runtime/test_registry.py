"""The registry: define, change and remove services."""

from __future__ import annotations

import gc
import sys

import pytest

from workernb import UsageError

from .conftest import FORWARD, fetch_text, respond, worker

REFUSED = [
    (
        {"services": {"AUTH": "auth@stagin"}},
        'No environment found in configuration with name "stagin".',
        "Did you mean staging?",
    ),
    (
        {"services": {"AUTH": "billing"}},
        "Service binding 'AUTH' references Worker 'billing' which was not found.",
        "Did you mean billing-staging?",
    ),
    (
        {"services": {"AUTH": "gateway@prod"}},
        'No environment found in configuration with name "prod".',
        "gateway has no environments.",
    ),
    (
        {"services": {"AUTH": "auth#Defualt"}},
        'Worker "gateway"\'s binding "AUTH" refers to service "auth" with a named entrypoint '
        '"Defualt", but "auth" has no such named entrypoint.',
        "Did you mean Default?",
    ),
    (
        {"services": {"AUTH": "auth{role: 1}"}},
        r"The props '{role: 1}' are no JSON",
        None,
    ),
    (
        {"vars": {"AUTH": "x"}},
        "Bindings must have unique names, so that they can all be referenced in the worker.",
        "AUTH is in services and in vars.",
    ),
    ({"remove": ["AUHT"]}, "Worker 'gateway' has no binding AUHT.", "Did you mean AUTH?"),
    ({"remove": ["ZZZ"]}, "Worker 'gateway' has no binding ZZZ.", "It has AUTH."),
    ({"vars": {"V": {1, 2}}}, "The var V must be text or JSON", None),
    ({"secrets": {"S": 5}}, "The secret S must be text, not int.", None),
    ({"vars": {"not a name": 1}}, "'not a name' is no name for a binding", None),
]


async def test_a_new_version_serves_from_the_next_call_on(define, runtime):
    handle = define("echo", respond("one"))
    assert await fetch_text(handle) == "one"
    again = define("echo", respond("two"))
    assert await fetch_text(handle) == "two"
    assert again == handle
    assert [version.number for version in runtime.services["echo"].versions] == [1, 2]
    assert handle.version.number == 2


@pytest.mark.parametrize(
    ("source", "error"),
    [
        ("def broken(:\n    pass", SyntaxError),
        ("import time\nraise RuntimeError('at import')", RuntimeError),
        ("1 / 0", ZeroDivisionError),
    ],
)
async def test_a_failed_definition_leaves_the_old_version_serving(define, runtime, source, error):
    handle = define("echo", respond("one"))
    with pytest.raises(error):
        runtime.define("echo", source)
    assert await fetch_text(handle) == "one"
    assert handle.version.number == 1
    gc.collect()
    assert "<worker echo v2>" not in sys.modules
    define("echo", respond("two"))
    assert (await fetch_text(handle), handle.version.number) == ("two", 2)


def test_a_first_definition_that_fails_leaves_nothing(runtime):
    with pytest.raises(ZeroDivisionError):
        runtime.define("bad", "1 / 0")
    assert "bad" not in runtime
    assert list(runtime) == []


def test_a_syntax_error_has_the_line_of_the_cell(runtime):
    with pytest.raises(SyntaxError) as caught:
        runtime.define("unreadable", "x = 1\ny = (2\n")
    assert (caught.value.filename, caught.value.lineno) == ("<worker unreadable v1>", 2)


async def test_a_binding_changes_its_kind_when_it_is_removed_and_added(define, runtime):
    handle = define("echo", "return Response(self.env.NAME)", secrets={"NAME": "a secret"})
    runtime.change("echo", vars={"NAME": "open"}, remove=["NAME"])
    assert await fetch_text(handle) == "open"


@pytest.mark.parametrize(("change", "message", "note"), REFUSED)
async def test_a_refused_change_changes_nothing(define, runtime, change, message, note):
    define("auth", respond("production"))
    define("auth", respond("staging"), environment="staging")
    gateway = define("gateway", FORWARD, AUTH="auth")
    define("billing", environment="staging")
    before = set(runtime.services)
    with pytest.raises(UsageError) as caught:
        runtime.change("gateway", **{"secrets": {"NEW": "with the rest"}, **change})
    assert str(caught.value).startswith(message)
    assert note is None or caught.value.__notes__ == [note]
    assert await fetch_text(gateway) == "production"
    assert (gateway.version.number, list(gateway.secrets)) == (1, [])
    assert set(runtime.services) == before


async def test_a_change_that_the_source_fails_with_is_undone(runtime):
    source = worker("return Response(str(LIMIT))")
    source = "from workers import env\nLIMIT = int(env.LIMIT)\n" + source
    handle = runtime.define("worker", source, vars={"LIMIT": "5"})
    with pytest.raises(ValueError, match="invalid literal"):
        handle.vars["LIMIT"] = "many"
    assert (await fetch_text(handle), handle.vars["LIMIT"]) == ("5", "5")
    handle.vars["LIMIT"] = "6"
    assert await fetch_text(handle) == "6"


def test_a_definition_may_come_before_its_targets(define):
    gateway = define("gateway", FORWARD, AUTH="auth", BILLING="billing")
    gateway.vars["V"] = "the targets are not there yet, and did not change"
    assert gateway.version.number == 2


def test_only_a_defined_worker_can_be_changed(runtime):
    with pytest.raises(UsageError, match="There is no Worker 'auth'"):
        runtime.change("auth", vars={"A": "b"})


async def test_a_removed_service_can_be_defined_again(define, runtime):
    define("auth", respond("first"))
    define("web", FORWARD, AUTH="auth")
    runtime.remove("auth", force=True)
    define("auth", respond("again"))
    assert await fetch_text(runtime["web"]) == "again"
    assert runtime["auth"].version.number == 1


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"remove": "AB"}, r"write remove=\['AB'\]"),
        ({"foo": None}, "unexpected keyword argument 'foo'"),
        ({"routes": ["x.com/*"]}, "unexpected keyword argument 'routes'"),
        ({"services": "A=auth"}, "services is a dict, {'NAME': …}, not str"),
        ({"secrets": ["planted-secret"]}, "secrets is a dict, {'NAME': …}, not list"),
    ],
)
def test_arguments_of_change_that_are_refused(define, runtime, arguments, text):
    handle = define("worker", vars={"A": 1, "B": 2, "AB": 3})
    with pytest.raises(UsageError, match=text) as caught:
        runtime.change("worker", **arguments)
    assert "planted" not in str(caught.value)
    assert dict(handle.vars) == {"A": 1, "B": 2, "AB": 3}
    assert len(runtime.history) == 1


def test_a_definition_shows_the_names_of_its_bindings(define):
    shown = repr(
        define("a", vars={"N": [1]}, secrets={"S": "planted-secret"}, B="b").version.definition
    )
    assert "services=['B'], vars=['N'])" in shown
    assert "planted" not in shown


def test_a_worker_that_gets_traces_is_not_removed_without_force(runtime):
    runtime.define("logger", "")
    runtime.define("shop", "", tails=["logger"])
    with pytest.raises(UsageError) as caught:
        runtime.remove("logger")
    assert "'logger' is not removed: it gets the traces of shop." in str(caught.value)
    runtime.remove("logger", force=True)
    assert "logger" not in runtime
