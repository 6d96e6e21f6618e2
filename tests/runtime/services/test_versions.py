"""Versions: their ids and their metadata."""

from __future__ import annotations

import pytest

from workernb import (
    UsageError,
)


async def text(handle, **init):
    return await (await handle.fetch(**init)).text()


ECHO = """
from workers import Response, WorkerEntrypoint
class Default(WorkerEntrypoint):
    async def fetch(self, request):
        return Response({!r})
"""


async def test_a_worker_knows_its_version(define):
    body = "v = self.env.VERSION\nreturn Response(f'{v.id} {v.tag} {v.timestamp}')"
    handle = define("auth", body, version_metadata="VERSION", tag="1.2")
    version = handle.version
    said = (await text(handle)).split()
    assert said == [version.id, "1.2", version.metadata.timestamp]
    assert said[2].endswith("Z")
    handle.vars["A"] = "b"
    assert handle.version.definition.tag is None
    with pytest.raises(UsageError, match="unique names"):
        handle.vars["VERSION"] = "x"


def test_a_version_has_an_id_made_of_its_content(runtime):
    first = runtime.define("echo", ECHO.format("x"), secrets={"K": "secret-one"}).version
    again = runtime.define("echo", ECHO.format("x"), secrets={"K": "secret-two"}).version
    other = runtime.define("echo", ECHO.format("y")).version
    assert first.id == again.id != other.id
    assert str(other) == "echo v3"
    assert "secret" not in repr(first.definition)
