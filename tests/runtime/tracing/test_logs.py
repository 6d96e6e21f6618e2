"""What Workers print and log: whose it is, and where it goes."""

from __future__ import annotations

import asyncio
import logging

from workernb.runtime.enforcement.guard import guard

from ..conftest import FORWARD


async def test_prints_are_attributed_and_still_printed(define, capsys):
    define("auth", "print('in', 'auth', sep='-'); return Response('x')")
    handle = define(
        "gateway",
        """
        import sys
        print("before")
        response = await self.env.AUTH.fetch(request)
        print("after", file=sys.stderr)
        print("no", "newline", end="")
        return response
        """,
        AUTH="auth",
    )
    trace = (await handle.fetch()).trace
    assert [(log.invocation.service, log.level, log.text) for log in trace.logs] == [
        ("gateway", "log", "before"),
        ("auth", "log", "in-auth"),
        ("gateway", "error", "after"),
        ("gateway", "log", "no newline"),
    ]
    assert [log.text for log in trace.invocations[1].logs] == ["in-auth"]
    assert 0 <= trace.logs[0].at_ms <= trace.logs[-1].at_ms <= trace.wall_ms
    assert capsys.readouterr().out == "before\nin-auth\nafter\nno newline"


async def test_a_file_of_its_own_is_left_alone(define):
    handle = define(
        "worker",
        "import io\nfile = io.StringIO()\nprint('x', file=file)\nreturn Response(file.getvalue())",
    )
    response = await handle.fetch()
    assert await response.text() == "x\n"
    assert response.trace.logs == []


def test_prints_while_a_module_loads_are_printed(runtime, capsys):
    runtime.define("worker", "print('loading')")
    assert capsys.readouterr().out == "loading\n"


async def test_logging_is_attributed(define, capsys):
    define(
        "auth",
        """
        import logging
        log = logging.getLogger("auth.check")
        log.info("not at this level")
        log.warning("careful %s", 1)
        log.error("bad")
        logging.getLogger().critical("worse")
        return Response("x")
        """,
    )
    handle = define("gateway", FORWARD, AUTH="auth")
    trace = (await handle.fetch()).trace
    assert [(log.invocation.service, log.level, log.text) for log in trace.logs] == [
        ("auth", "warn", "careful 1"),
        ("auth", "error", "bad"),
        ("auth", "error", "worse"),
    ]


async def test_the_notebooks_own_logging_is_not_lost(define, capsys, monkeypatch):
    guard.uninstall()
    monkeypatch.setattr(logging.getLogger(), "handlers", [])
    handle = define("worker", "await asyncio.sleep(0.01); return Response('x')")
    call = handle.fetch()
    await asyncio.sleep(0)
    logging.getLogger("cell").warning("from the cell")
    trace = (await call).trace
    assert trace.logs == []
    guard.uninstall()
    assert "from the cell" in capsys.readouterr().err


async def test_logs_of_requests_that_overlap_keep_apart(define):
    handle = define(
        "worker",
        """
        for _ in range(3):
            print(request.url)
            await asyncio.sleep(0)
        return Response("x")
        """,
    )
    answers = await asyncio.gather(*(handle.fetch(f"http://x/{n}") for n in range(5)))
    for number, answer in enumerate(answers):
        assert [log.text for log in answer.trace.logs] == [f"http://x/{number}"] * 3


async def test_logs_are_bounded(define):
    handle = define("chatty", "for _ in range(300): print('x' * 1024)\nreturn Response('x')")
    logs = (await handle.fetch()).trace.logs
    assert len(logs) == 257
    assert "More than 256KB" in logs[-1].text


async def test_handlers_of_the_notebooks_loggers_still_get_what_workers_log(define):
    records = []

    class Keep(logging.Handler):
        def emit(self, record):
            records.append(record.getMessage())

    logger = logging.getLogger("shared.library")
    logger.addHandler(keep := Keep())
    handle = define(
        "worker",
        "import logging; logging.getLogger('shared.library').warning('x'); return Response('x')",
    )
    trace = (await handle.fetch()).trace
    logger.removeHandler(keep)
    assert records == ["x"]
    assert [log.text for log in trace.logs] == ["x"]
