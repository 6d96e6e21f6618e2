"""Differences between two definitions of a service."""

from __future__ import annotations

import pytest

from workernb import Limits
from workernb.runtime.services.diffs import code_that_differs, describe_change, settings_that_differ

from ..conftest import FORWARD, respond


@pytest.fixture
def definition(define):
    """Return a definition of a service, given its settings and the body of its handler."""

    def definition(body=FORWARD, **settings):
        return define("gateway", body, **settings).version.definition

    return definition


@pytest.mark.parametrize(
    ("before", "after", "described"),
    [
        ({}, {}, "nothing changed"),
        ({}, {"A": "auth"}, "A: auth is new"),
        ({"A": "auth"}, {"A": "auth@staging#Admin"}, "A: auth → auth-staging#Admin"),
        ({"A": "auth"}, {}, "A: auth is removed"),
        ({"vars": {"V": 1}}, {"vars": {"V": [2]}}, "V: 1 → [2]"),
        ({"vars": {"V": "é"}}, {}, 'V: "é" is removed'),
        ({}, {"secrets": {"S": "one"}}, "secret S: a value is new"),
        ({"secrets": {"S": "one"}}, {"secrets": {"S": "two"}}, "secret S: a value → another value"),
        ({}, {"routes": ["a.com/*", "b.com"]}, "routes: a.com/*, b.com is new"),
        ({"tag": "1"}, {"tag": "2"}, "tag: 1 → 2"),
        ({}, {"version_metadata": "V"}, "version metadata: V is new"),
        ({}, {"compatibility_date": "2026-01-01"}, "compatibility date: 2026-01-01 is new"),
        ({"A": "auth"}, {"vars": {"A": 1}}, "A: auth is removed; A: 1 is new"),
    ],
)
def test_changes_of_settings_are_described(definition, before, after, described):
    assert describe_change(definition(**before), definition(**after)) == described


def test_a_first_definition_is_described(definition):
    assert describe_change(None, definition()) == "defined"


def test_limits_are_described_as_they_are_written(definition):
    (difference,) = settings_that_differ(definition(), definition(limits=Limits(cpu_ms=5)))
    assert (difference.name, difference.before) == ("limits", None)
    assert difference.after.startswith("Limits(cpu_ms=5, ")


def test_long_values_of_vars_are_shortened(definition):
    (difference,) = settings_that_differ(definition(), definition(vars={"V": "x" * 100}))
    assert difference.after == '"' + "x" * 78 + "…"


@pytest.mark.parametrize("length", range(60, 100, 7))
def test_a_value_is_redacted_before_it_is_shortened(define, runtime, length):
    secret = "s3cret-" + "0123456789" * 4
    handle = define("auth", respond("x"), secrets={"KEY": secret}, vars={"V": "old"})
    before = handle.version.definition
    handle.vars["V"] = "x" * length + secret
    shown = (
        repr(runtime.history),
        describe_change(before, handle.version.definition, runtime.redactor.redact),
    )
    for text in shown:
        assert "V: " in text
        assert "s3c" not in text


def test_two_values_that_read_alike_are_another(definition):
    before, after = (definition(vars={"V": "x" * 100 + end}) for end in "ab")
    (difference,) = settings_that_differ(before, after)
    assert difference.after == 'another "' + "x" * 78 + "…"


def test_secrets_are_never_shown(definition):
    before, after = (definition(secrets={"S": f"{text}-secret"}) for text in ("old", "new"))
    assert "-secret" not in repr(settings_that_differ(before, after))


def test_changes_of_code_are_counted_by_lines(definition):
    before, after = definition(respond("x")), definition(respond("y") + "\npass")
    assert describe_change(before, after) == "code (+2 −1 lines)"
    (main,) = code_that_differs(before, after)
    assert main.module is None
    lines = [line for line in main.lines if line[0] in "+-"]
    assert [line.split() for line in lines] == [
        ["-", "return", "Response('x')"],
        ["+", "return", "Response('y')"],
        ["+", "pass"],
    ]
    assert code_that_differs(before, before) == []
