"""The history: each change described, what a definition replaced, and replay."""

from __future__ import annotations

import pytest

import workernb
from workernb.runtime.services.history import describe_undone_changes

from ..conftest import FORWARD, respond


def described(runtime):
    return [str(change) for change in runtime.history]


def test_every_change_is_listed(define, runtime):
    define("auth", respond("x"))
    auth = define("auth", respond("y"), vars={"A": "b"}, reason="the cell In [2]")
    auth.secrets["S"] = "a-secret-value"
    runtime.change("auth", secrets={"S": "another-secret"}, vars={"A": "a-secret-value"})
    runtime.deploy("auth", {1: 10, 2: 90}, reason="%deploy auth")
    runtime.rollback("auth")
    runtime.remove("auth")
    assert described(runtime) == [
        "auth v1: defined (define())",
        'auth v2: code (+1 −1 lines); A: "b" is new (the cell In [2])',
        "auth v3: secret S: a value is new (auth.secrets['S'] = …)",
        'auth v4: A: "b" → "REDACTED"; secret S: a value → another value (change())',
        "auth: deployed v1 10 % · v2 90 % (%deploy auth)",
        "auth: deployed v1 (rollback())",
        "auth: removed (remove())",
    ]
    assert "secret-value" not in repr(runtime.history)


def test_failed_and_empty_changes_are_not_listed(define, runtime):
    auth = define("auth")
    for source, error in (("B=", SyntaxError), ("1/0", ZeroDivisionError)):
        with pytest.raises(error):
            runtime.define("auth", source)
    auth.vars.update({})
    runtime.deploy("auth", {1: 100})
    assert len(runtime.history) == 1


def test_a_definition_that_replaces_changed_settings(define, runtime):
    define("auth")
    define("other")
    for _ in range(2):
        gateway = define("gateway", AUTH="auth", vars={"A": "1"})
        assert describe_undone_changes(runtime.history, "gateway") is None
    runtime.change("gateway", services={"AUTH": "other"}, reason="%bind gateway AUTH=other")
    gateway.vars["B"] = "2"
    define("gateway", AUTH="auth", vars={"A": "from the cell"})
    assert describe_undone_changes(runtime.history, "gateway") == (
        "AUTH: other → auth (set by %bind gateway AUTH=other); "
        "B: \"2\" is removed (set by gateway.vars['B'] = …)"
    )
    define("gateway", AUTH="auth")
    assert describe_undone_changes(runtime.history, "gateway") is None


def test_a_definition_with_the_changed_settings_replaces_nothing(define, runtime):
    gateway = define("gateway", vars={"A": "1"})
    gateway.vars["A"] = "2"
    define("gateway", vars={"A": "2"})
    assert describe_undone_changes(runtime.history, "gateway") is None


def test_a_definition_that_replaces_a_deployment(define, runtime):
    define("auth", respond("x"))
    define("auth", respond("y"))
    runtime.deploy("auth", {1: 90, 2: 10}, reason="%deploy auth v1@90% v2@10%")
    define("auth", respond("z"))
    assert describe_undone_changes(runtime.history, "auth") == (
        "deployed v1 90 % · v2 10 % (by %deploy auth v1@90% v2@10%)"
    )


async def test_a_history_replays_to_the_same_system(define, runtime):
    auth = define("auth", respond("x"), secrets={"S": "a-secret-value"})
    define("auth", respond("y"))
    define("gone", respond("z"))
    runtime.deploy("auth", {1: 0, 2: 100})
    define("gateway", FORWARD, AUTH="gone")
    runtime["gateway"].bindings["AUTH"] = "auth"
    runtime.remove("gone")
    again = workernb.Runtime()
    again.replay(runtime.history)
    assert described(again) == described(runtime)
    assert list(again) == list(runtime)
    assert str(again.services["auth"].deployment) == "v1 0 % · v2 100 %"
    assert again["auth"].version.id == auth.version.id
    assert again["auth"].version.filename != auth.version.filename
    assert await (await again["gateway"].fetch()).text() == "y"
    again.close()
