"""A forgotten await in a cell."""

from __future__ import annotations

import pytest

from workernb.errors import FORGOTTEN_AWAIT

AUTH = """\
%%worker auth -q
from workers import Response, WorkerEntrypoint

class Default(WorkerEntrypoint):
    async def fetch(self, request):
        return Response("hi")

    async def add(self, a, b):
        return a + b
"""


@pytest.mark.filterwarnings("ignore:coroutine 'Message:RuntimeWarning")
@pytest.mark.parametrize(
    "line",
    [
        "r = auth.fetch(); r.status",
        "auth.fetch().text()",
        "auth.fetch()['a']",
        "'x' + auth.fetch()",
        "auth.add(1, 2) + 1",
        "auth.add(1, 2) == 3",
        "for each in auth.fetch(): pass",
        "r = await auth.fetch(); 'got ' + r.text()",
        "r = await auth.fetch(); r.json()['a']",
    ],
)
async def test_it_is_named(shell, line):
    await shell.ok(AUTH)
    failed = await shell.run(line)
    assert failed.traceback.rstrip().endswith(FORGOTTEN_AWAIT)


def test_in_a_kernel(kernel):
    kernel.ok(AUTH)
    assert FORGOTTEN_AWAIT in kernel.run("r = await auth.fetch()\n'got ' + r.text()").traceback
    assert FORGOTTEN_AWAIT in kernel.run("r = auth.fetch()\nr.status").traceback
    shown = kernel.run("r = await auth.fetch()\nr.text() == 'hi'")
    assert "coroutine 'Message.text' was never awaited" in shown.stderr
