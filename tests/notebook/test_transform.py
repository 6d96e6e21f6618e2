"""Where `%fetch` is awaited."""

from __future__ import annotations

import sys

import pytest

from .conftest import PUBLIC_GATEWAY


@pytest.mark.parametrize(
    ("source", "awaited"),
    [
        ("r = %fetch gateway", True),
        ("for n in range(1):\n    %fetch gateway", True),
        ("if True:\n    r = %fetch gateway", True),
        ("async def f():\n    %fetch gateway", True),
        ("with open('x') as é:\n    %fetch gateway", True),
        pytest.param(
            "with open('\x0c') as f:\n    %fetch gateway",
            True,
            marks=pytest.mark.skipif(
                sys.version_info >= (3, 12), reason="IPython itself leaves such a cell as it is"
            ),
        ),
        ("%%fetch gateway\nbody", True),
        ("%%fetch gateway", False),
        ("def f():\n    %fetch gateway", False),
        ("class A:\n    r = %fetch gateway", False),
        ("%workers", False),
    ],
)
async def test_where_an_await_stands(shell, source, awaited):
    transformed = shell.ip.transform_cell(source)
    assert ("await get_ipython()" in transformed) is awaited
    compile(transformed, "cell", "exec", flags=0x2000)  # Top-level await is allowed.


async def test_an_empty_cell_is_told_by_the_name_that_was_typed(shell):
    await shell.ok(PUBLIC_GATEWAY)
    outcome = await shell.run("%%fetch gateway")
    assert "%%fetch is a cell magic, but the cell body is empty" in outcome.text


async def test_magics_around_a_fetch(shell):
    await shell.ok(PUBLIC_GATEWAY)
    timed = await shell.ok("%%time\nr = %fetch gateway\nprint(r.status)")
    assert "200\nCPU times" in timed.stdout
    assert len(timed.displays) == 1
    caught = await shell.ok(
        "%%capture caught\n%fetch gateway", "[len(one.data) for one in caught.outputs]"
    )
    assert caught.result == [2, 0]
    line = await shell.refused("%timeit %fetch gateway")
    assert "under %timeit, time NAME.fetch_sync()" in line
