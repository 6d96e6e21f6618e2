"""Kinds of binding: what each of the four without a store gives to Wrangler, and takes back."""

from __future__ import annotations

import pytest

from workernb import UsageError
from workernb.runtime.services.kinds import (
    SECRETS,
    SERVICES,
    VARS,
    VERSION_METADATA,
    BindingKind,
    kind_named,
    kinds,
    register,
    unregister,
)

GIVEN = [
    (SERVICES, {"AUTH": "auth", "ADMIN": 'auth-staging#Admin{"role": "reader"}'}),
    (VARS, {"GREETING": "hello", "PORTS": [80, {"a": None}]}),
    (SECRETS, {"TOKEN": "s3cret-token"}),
    (VERSION_METADATA, "VERSION"),
]


@pytest.mark.parametrize(("kind", "given"), GIVEN)
def test_what_is_kept_can_be_given_again(kind, given):
    kept = kind.check(given)
    assert kind.as_given(kept) == given
    assert kind.check(kind.as_given(kept)) == kept
    assert kind_named(kind.keyword) is kind


def test_each_is_written_as_wrangler_writes_it():
    written = {}
    for kind, given in GIVEN:
        written.update(kind.for_wrangler(kind.check(given)))
    assert written == {
        "services": [
            {"binding": "AUTH", "service": "auth"},
            {
                "binding": "ADMIN",
                "service": "auth-staging",
                "entrypoint": "Admin",
                "props": {"role": "reader"},
            },
        ],
        "vars": {"GREETING": "hello", "PORTS": [80, {"a": None}]},
        "version_metadata": {"binding": "VERSION"},
    }
    assert all(kind.for_wrangler({}) == {} for kind, _ in GIVEN)


def test_no_text_of_a_secret_has_its_value():
    (value,) = SECRETS.check({"TOKEN": "s3cret-token"}).values()
    shown = [
        SECRETS.describe(value),
        SECRETS.summarize(value),
        SECRETS.detail(value),
        SECRETS.row(value),
        SECRETS.entry("TOKEN", value),
        SECRETS.label("TOKEN"),
        str(SECRETS.fingerprint({"TOKEN": value})),
        str(SECRETS.for_wrangler({"TOKEN": value})),
    ]
    assert not [text for text in shown if "s3cret" in text]


@pytest.mark.parametrize("kind", [SERVICES, VARS, SECRETS])
def test_names_are_python_identifiers(kind):
    with pytest.raises(UsageError, match="is no name for a binding"):
        kind.check({"NOT-A-NAME": "auth"})


def test_a_kind_is_there_while_it_is_registered():
    class Toy(BindingKind):
        keyword, noun = "toys", "toy"

    before, toy = kinds(), Toy()
    register(toy)
    try:
        assert kinds() == [*before, toy]
        assert toy.check({"BEAR": "teddy"}) == {"BEAR": "teddy"}
        assert toy.for_wrangler({"BEAR": "teddy"}) == {"toys": [{"binding": "BEAR"}]}
    finally:
        unregister(toy)
    assert kinds() == before
