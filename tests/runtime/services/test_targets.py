"""Targets: how bindings and the notebook name a service."""

from __future__ import annotations

import pytest

from workernb import UsageError
from workernb.runtime.services.targets import Target, missing_target_error, suggest_service


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("auth", ("auth", "Default", "/")),
        ("auth@staging", ("auth-staging", "Default", "/")),
        ("auth#Admin", ("auth", "Admin", "/")),
        ("auth@staging#Admin/a/b?c=d#e", ("auth-staging", "Admin", "/a/b?c=d#e")),
        ("auth?q=1", ("auth", "Default", "/?q=1")),
        ("auth/a@b", ("auth", "Default", "/a@b")),
    ],
)
def test_a_target_names_service_entrypoint_and_path(text, expected):
    target = Target.parse(text)
    assert (target.service, target.entrypoint, target.path) == expected
    assert target.url == f"http://{expected[0]}.localhost{expected[2]}"


@pytest.mark.parametrize(
    "text", ["", "@staging", "#Admin", "/path", "Auth", "a b", None, "a#", "a@"]
)
def test_invalid_targets_are_refused(text):
    with pytest.raises(UsageError):
        Target.parse(text)


def test_a_target_as_text():
    assert str(Target("auth")) == "auth"
    assert str(Target("auth", "Admin")) == "auth#Admin"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("auth", "auth"),
        ("auth@staging#Admin", "auth-staging#Admin"),
        ('auth {"b": 1, "a": [2]}', 'auth{"a": [2], "b": 1}'),
        ("auth#Admin{}", "auth#Admin"),
    ],
)
def test_the_target_of_a_binding_may_have_props(text, shown):
    assert str(Target.of_binding(text)) == shown
    assert Target.of_binding(shown) == Target.of_binding(text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("auth/path", "A binding's target has no path: 'auth/path'"),
        ("auth?q", "A binding's target has no path"),
        ("auth{role: 1}", "are no JSON"),
        ("{}", "names no service"),
        (None, "names no service"),
    ],
)
def test_invalid_targets_of_bindings_are_refused(text, message):
    with pytest.raises(UsageError, match=message):
        Target.of_binding(text)


@pytest.mark.parametrize(
    ("name", "known", "remedy"),
    [
        ("atuh", ["auth", "gateway"], "Did you mean auth?"),
        ("login", ["login-staging"], "Did you mean login-staging?"),
        ("billing", ["auth"], "Define it in a cell that starts with %%worker billing"),
        ("billing", [], "Define it in a cell that starts with %%worker billing"),
    ],
)
def test_a_missing_service_has_a_remedy(name, known, remedy):
    assert suggest_service(name, known) == remedy


@pytest.mark.parametrize(
    ("target", "known", "message", "note"),
    [
        ("atuh", ["auth"], "references Worker 'atuh' which was not found", "Did you mean auth?"),
        ("auth@stagin", ["auth-staging"], 'with name "stagin"', "Did you mean staging?"),
        (
            "auth@x",
            ["auth", "auth-a", "auth-b"],
            'with name "x"',
            "auth has the environments a, b.",
        ),
        ("auth@x", ["auth"], 'with name "x"', "auth has no environments."),
    ],
)
def test_a_missing_target_is_refused_with_a_remedy(target, known, message, note):
    error = missing_target_error("AUTH", Target.parse(target), known)
    assert message in str(error)
    assert error.__notes__ == [note]
