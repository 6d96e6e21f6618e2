"""What is not simulated says so, by kind and by name, and leads nowhere else."""

from __future__ import annotations

import pytest

ASKS = """\
%%worker w -q
from workers import Response, WorkerEntrypoint

class Default(WorkerEntrypoint):
    async def fetch(self, request):
        return Response(str({}))
"""


@pytest.mark.parametrize(
    ("name", "remedy"),
    [
        ("KV", "Bind it on the Worker's cell: --kv KV=NAMESPACE"),
        ("USER_DB", "Bind it on the Worker's cell: --d1 USER_DB=DATABASE"),
        ("BUCKET", "Bind it on the Worker's cell: --r2 BUCKET=BUCKET"),
        ("RATE_LIMITER", "Bind it on the Worker's cell: --ratelimit RATE_LIMITER{JSON}"),
        ("API_TOKEN", "Bind it on the Worker's cell: --secret API_TOKEN, with its value in"),
        ("AI", "If it is one of Workers AI, that is not simulated here."),
        ("VECTORIZE", "If it is one of Vectorize, that is not simulated here."),
        ("EMAIL", "If it is one of Email Workers, that is not simulated here."),
        ("PRICES", "Bind it on the Worker's cell: --bind PRICES=WORKER, or as --var, --secret"),
    ],
)
async def test_a_binding_that_is_missing_is_told_by_its_name(shell, name, remedy):
    await shell.ok(ASKS.format(f"self.env.{name}"))
    failed = await shell.run("await w.fetch()")
    assert f"has no binding {name}; bound: nothing." in failed.traceback
    assert remedy in failed.traceback


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("import micropip", "%pip install NAME"),
        ("import workers.workflows", "Workflows are not simulated here."),
        ("from cloudflare.workers import env", 'import_from_javascript("cloudflare:workers")'),
        ("import pyodide.http", "Write from workers import fetch."),
    ],
)
async def test_a_module_of_the_platforms_is_no_library_to_install(shell, line, told):
    failed = await shell.run(f"%%worker w -q\n{line}\n")
    assert told in failed.traceback
    assert "--module" not in failed.traceback


async def test_a_store(shell):
    await shell.ok("from workernb import stores")
    assert "Not simulated here: Vectorize." in (await shell.run("stores.vectorize('x')")).traceback
    assert "Did you mean kv?" in (await shell.run("stores.kvs('x')")).traceback
    assert await shell.refused("%stores vectorize x") == (
        "OptionError: %stores has no vectorize. Not simulated here: Vectorize. "
        "A Worker with the same methods can stand in: services={'VECTORIZE': …}."
    )


@pytest.mark.parametrize("option", ["--email", "--browser", "--analytics-engine", "--vectorize"])
async def test_an_option(shell, option):
    assert "not simulated" in await shell.refused(f"%%worker w {option} X=y\npass\n")


async def test_a_class_of_the_javascript_module(shell):
    failed = await shell.run(
        "%%worker w -q\nfrom workers import import_from_javascript\n"
        'import_from_javascript("cloudflare:workers").WorkflowEntrypoint\n'
    )
    assert "It is not in workernb yet; the platform has it." in failed.traceback
