"""Fixtures of the tests of JavaScript Workers, which are skipped where their engine is missing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

import workernb
from workernb.runtime.services.versions import code_in_use

if TYPE_CHECKING:
    from tests.engines.javascript.bare import Bare


@pytest.fixture(autouse=True)
def _needs_the_engine(javascript: None) -> None:
    pass


@pytest.fixture
def runtime() -> Iterator[workernb.Runtime]:
    code_in_use.clear()  # What a test before has caught may keep its Worker, and that its name.
    runtime = workernb.Runtime(outbound=None)
    yield runtime
    runtime.close()


@pytest.fixture
def define(runtime: workernb.Runtime) -> Callable[..., Any]:
    """Return what defines a JavaScript Worker from its source."""

    def define(source: str, name: str = "js", **settings: Any) -> Any:
        return runtime.define(name, source, language="javascript", **settings)

    return define


@pytest.fixture
def run(define: Callable[..., Any]) -> Callable[..., Any]:
    """Return what runs the body of a fetch handler, and returns what it returns, as JSON."""

    async def run(body: str, **settings: Any) -> Any:
        worker = define(
            "export default { async fetch(request, env, ctx) {\n"
            f"const value = await (async () => {{ {body} }})();\n"
            "return Response.json(value === undefined ? null : value); } };",
            name="case",
            **settings,
        )
        response = await worker.fetch("http://case.test/path?q=1")
        return await response.json()

    return run


@pytest.fixture
def bare() -> Iterator[Bare]:
    """A context with the web APIs. Imported here, so that tests are skipped without QuickJS."""
    from tests.engines.javascript.bare import Bare

    bare = Bare()
    yield bare
    assert bare.reported == []
