"""Targets: how bindings and the notebook name a service."""

from __future__ import annotations

import pytest

from workernb import UsageError
from workernb.runtime.services.targets import Target


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
