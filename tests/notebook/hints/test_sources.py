"""Warnings about a Worker's source, when its cell is run."""

from __future__ import annotations

CELL = """\
# The gateway.
%%worker web -q --bind AUTH=auth
from workers import Response, WorkerEntrypoint

class Default(WorkerEntrypoint):
    async def fecth(self, request):
        answer = self.env.AUTH.fetch(request)
        return Response(greeting + str(answer.status))
"""


def test_in_a_kernel_each_has_the_cells_line(kernel):
    kernel.ok("greeting = 'hi'")
    assert kernel.ok(CELL).stdout.splitlines() == [
        "Warning: line 6: Default.fecth is no handler, so no event calls it. Did you mean fetch?",
        "Warning: line 7: self.env.AUTH.fetch(…) gives a coroutine: write await "
        "self.env.AUTH.fetch(…).",
        "Warning: line 8: greeting is a variable of the notebook, and a Worker sees only its own "
        "module: --var GREETING={greeting}, and self.env.GREETING",
    ]
    right = CELL.replace("fecth", "fetch").replace("self.env.AUTH", "await self.env.AUTH")
    assert kernel.ok(right.replace("greeting +", "'hi' +")).stdout == ""


async def test_what_explains_a_failure_stands_before_it(shell):
    await shell.ok("greeting = 'hi'")
    failed = await shell.run("%%worker web -q\nprint(greeting)\n")
    assert "NameError" in failed.traceback
    assert failed.stdout.startswith("Warning: line 2: greeting is a variable of the notebook")


async def test_a_module_of_a_worker(shell):
    await shell.ok("greeting = 'hi'")
    done = await shell.ok("%%worker web --module text.py -q\ndef f():\n    return greeting\n")
    assert done.stdout.startswith("Warning: text.py, line 3: greeting is a variable of the")
