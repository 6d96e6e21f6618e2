"""Versions: their ids and their metadata."""

from __future__ import annotations

import pytest

from workernb import UsageError

from ..conftest import fetch_text, respond


async def test_version_metadata_on_env(define):
    body = "v = self.env.VERSION\nreturn Response(f'{v.id} {v.tag} {v.timestamp}')"
    handle = define("auth", body, version_metadata="VERSION", tag="1.2")
    version = handle.version
    shown = (await fetch_text(handle)).split()
    assert shown == [version.id, "1.2", version.metadata.timestamp]
    assert shown[2].endswith("Z")
    handle.vars["A"] = "b"
    assert handle.version.definition.tag is None
    with pytest.raises(UsageError, match="unique names"):
        handle.vars["VERSION"] = "x"


def test_the_id_is_a_digest_of_code_and_settings_without_secrets(define):
    first = define("echo", respond("x"), secrets={"K": "secret-one"}).version
    again = define("echo", respond("x"), secrets={"K": "secret-two"}).version
    other = define("echo", respond("y")).version
    assert first.id == again.id != other.id
    assert str(other) == "echo v3"
    assert "secret" not in repr(first.definition)
