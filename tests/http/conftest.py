"""A Worker of a few lines, for what only shows over a binding or in a handler."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterator

import pytest

import workernb


@pytest.fixture
def runtime_with() -> Iterator[Callable[[str], workernb.Handle]]:
    """Define a Worker by the body of its handler."""
    runtime = workernb.Runtime()

    def define(body: str, **settings: object) -> workernb.Handle:
        source = (
            "from workers import Request, Response, WorkerEntrypoint\n"
            "class Default(WorkerEntrypoint):\n"
            "    async def fetch(self, request):\n"
            + textwrap.indent(textwrap.dedent(body).strip("\n"), " " * 8)
        )
        return runtime.define("worker", source, **settings)

    yield define
    runtime.close()
