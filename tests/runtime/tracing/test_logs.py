"""What Workers print and log: the invocation it belongs to, and where else it goes."""

from __future__ import annotations

import asyncio
import logging

from workernb.runtime.enforcement.guard import guard

from ..conftest import FORWARD


async def test_prints_belong_to_their_invocation_and_are_still_printed(define, capsys):
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


async def test_prints_to_other_files_are_not_logged(define):
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


async def test_log_records_belong_to_their_invocation(define, capsys):
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


async def test_log_records_of_the_notebook_are_still_shown(define, capsys, monkeypatch):
    guard.uninstall()  # So that the request installs its handler in the empty list.
    monkeypatch.setattr(logging.getLogger(), "handlers", [])
    handle = define("worker", "await asyncio.sleep(0.01); return Response('x')")
    request = handle.fetch()
    await asyncio.sleep(0)
    logging.getLogger("cell").warning("from the cell")
    trace = (await request).trace
    assert trace.logs == []
    guard.uninstall()
    assert "from the cell" in capsys.readouterr().err


async def test_overlapping_requests_have_separate_logs(define):
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


async def test_logs_end_at_256_kb(define):
    handle = define("chatty", "for _ in range(300): print('x' * 1024)\nreturn Response('x')")
    logs = (await handle.fetch()).trace.logs
    assert len(logs) == 257
    assert "More than 256KB" in logs[-1].text


async def test_handlers_of_the_notebook_get_the_records_of_workers(define):
    records = []

    class Recorder(logging.Handler):
        def emit(self, record):
            records.append(record.getMessage())

    logger = logging.getLogger("shared.library")
    logger.addHandler(recorder := Recorder())
    handle = define(
        "worker",
        "import logging; logging.getLogger('shared.library').warning('x'); return Response('x')",
    )
    trace = (await handle.fetch()).trace
    logger.removeHandler(recorder)
    assert records == ["x"]
    assert [log.text for log in trace.logs] == ["x"]


async def test_the_error_of_a_task_that_nobody_awaits_shows_the_workers_lines_only(
    define, runtime, caplog
):
    handle = define(
        "worker",
        """
        async def bad():
            raise ValueError("x")
        asyncio.create_task(bad())
        for _ in range(3): await asyncio.sleep(0)
        return Response("x")
        """,
    )
    await handle.fetch()
    (log,) = (log for log in runtime.traces[-1].logs if "never retrieved" in log.text)
    assert log.invocation.service == "worker"
    for text in (log.text, caplog.text):
        assert "<worker worker v1>" in text
        assert "ValueError('x')" in text
        assert "hop.py" not in text
        assert "as_coroutine" not in text
