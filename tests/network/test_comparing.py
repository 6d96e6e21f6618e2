"""A request over the binding and over HTTP between two processes: its figures and its errors."""

from __future__ import annotations

import gc
import textwrap
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

import workernb
from workernb.network import comparing
from workernb.runtime.tracing.metering import Slice

ROOT = Path(__file__).resolve().parents[2]
HEAD = """\
import asyncio, json, time
from workers import Request, Response, WorkerEntrypoint

"""
CALLS = "return await self.env.AUTH.fetch(request)"


@pytest.fixture
def runtime() -> Iterator[workernb.Runtime]:
    gc.collect()
    runtime = workernb.Runtime()
    yield runtime
    runtime.close()


@pytest.fixture
def define(runtime):
    """Define a Worker by the body of its fetch handler."""

    def define(name: str, body: str, entrypoint: str = "Default", **settings) -> workernb.Handle:
        source = (
            f"{HEAD}class {entrypoint}(WorkerEntrypoint):\n    async def fetch(self, request):\n"
        ) + textwrap.indent(textwrap.dedent(body).strip("\n") + "\n", " " * 8)
        return runtime.define(name, source, **settings)

    return define


async def test_both_ways_are_measured(define):
    define("auth", 'return Response("yes")')
    gateway = define("gateway", CALLS, services={"AUTH": "auth"})
    made = await workernb.compare_network(gateway, "http://gateway/path", times=3)
    assert made.binding.status == made.network.status == 200
    assert len(made.binding.walls_ms) == len(made.network.walls_ms) == 3
    (thread,) = made.binding.processes
    here, there = made.network.processes
    assert [process.name for process in (here, there)] == ["this process", "the other process"]
    assert set(thread.cpu_by) == {"gateway", "auth", None}
    assert set(here.cpu_by) == {"gateway", None}
    assert set(there.cpu_by) == {"auth", None}
    for way in (made.binding, made.network):
        for process in way.processes:
            assert 0 < process.cpu_ms <= way.wall_ms + 0.1
            assert 0 <= process.idle_ms < way.wall_ms
            assert sum(process.cpu_by.values()) == pytest.approx(process.cpu_ms, abs=0.01)
            for stretch in process.stretches:
                assert -0.001 <= stretch.begin_ms <= stretch.end_ms <= way.wall_ms + 0.001
    assert made.binding.idle_ms == 0
    assert made.network.idle_ms > 0
    assert made.ratio > 1
    assert "GET http://gateway/path" in made.headline


async def test_modules_run_in_both_processes(define, runtime):
    source = (
        "import table\nfrom workers import Response\n"
        "async def on_fetch(request):\n    return Response(table.answer())\n"
    )
    modules = {"table.py": "def answer():\n    import entry\n    return entry.__name__"}
    runtime.define("auth", source, modules=modules, main="entry.py")
    calls = "import table\n" + source.replace("request)", "request, env)", 1).replace(
        "Response(table.answer())", "await env.AUTH.fetch(request)"
    )
    gateway = runtime.define("gateway", calls, modules={"table.py": ""}, services={"AUTH": "auth"})
    made = await workernb.compare_network(gateway, "http://gateway/path", times=1)
    assert made.binding.status == made.network.status == 200


async def test_where_every_run_is_preempted_it_ends_all_the_same(define, runtime, monkeypatch):
    define("auth", "return Response('x')")
    gateway = define(
        "gateway", "return await self.env.AUTH.fetch(request)", services={"AUTH": "auth"}
    )
    monkeypatch.setattr(comparing, "MAX_PREEMPTED", -1)
    made = await workernb.compare_network(gateway, "http://gateway/path", times=2)
    assert len(made.network.walls_ms) == 2


def run_of(wall_ns: int, preempted_ns: int) -> comparing._Run:
    """Return a run whose one slice, of half its time, was preempted."""
    part = Slice(None, 0, wall_ns // 2, wall_ns // 2 - preempted_ns)
    return comparing._Run(SimpleNamespace(slices=[part]), 200, 0, wall_ns, wall_ns // 3)


def test_the_run_that_is_shown_was_not_preempted_unless_all_were():
    calm, slower, preempted = run_of(1000, 0), run_of(3000, 100), run_of(2000, 900)
    assert comparing._representative([preempted, calm, slower]) is slower
    assert comparing._representative([preempted, calm]) is calm
    worse = run_of(9000, 4000)
    assert comparing._representative([worse, run_of(900, 400), preempted]) is preempted


async def test_a_process_is_idle_while_the_other_works(define):
    define(
        "auth",
        """
        began = time.thread_time_ns()
        while time.thread_time_ns() - began < 20e6:
            pass
        return Response("done")
        """,
    )
    gateway = define("gateway", CALLS, services={"AUTH": "auth"})
    made = await workernb.compare_network(gateway, times=1)
    here, there = made.network.processes
    assert there.cpu_by["auth"] >= 19.9
    # Less where the machine ran the other process in the midst of a slice of this one.
    assert here.idle_ms >= 10
    assert here.cpu_ms < there.cpu_ms
    (thread,) = made.binding.processes
    assert thread.cpu_by["auth"] >= 19.9
    assert thread.idle_ms == 0


async def test_the_callee_gets_the_same_request_and_its_caller_the_same_response(define):
    define(
        "auth",
        """
        assert self.env.SECRET == "s3cret-token" and self.env.VAR == {"deep": [1]}
        seen = [request.url, request.method.value, dict(request.headers), await request.text()]
        headers = [("set-cookie", "a=1"), ("set-cookie", "b=2"), ("x-own", "1"), ("date", "never")]
        return Response(json.dumps(seen), status=418, status_text="Teapot", headers=headers)
        """,
        secrets={"SECRET": "s3cret-token"},
        vars={"VAR": {"deep": [1]}},
    )
    gateway = define(
        "gateway",
        """
        response = await self.env.AUTH.fetch(request)
        seen = json.loads(await response.text())
        headers = {"content-type": "text/plain;charset=UTF-8", "x-a": "1, 2", "user-agent": "me"}
        url = "https://example.com/a%20b/%C3%A9?q=%2F&r"
        assert seen == [url, "PUT", headers, "b\\u00f6dy"], seen
        assert (response.status, response.status_text) == (418, "Teapot"), response
        headers = list(response.headers.items())
        assert headers == [("content-type", "text/plain;charset=UTF-8"), ("date", "never"),
            ("set-cookie", "a=1"), ("set-cookie", "b=2"), ("x-own", "1")], headers
        return Response("the same")
        """,
        services={"AUTH": "auth"},
    )
    made = await workernb.compare_network(
        gateway,
        "https://example.com/a b/é?q=%2F&r#f",
        method="PUT",
        headers=[("x-a", "1"), ("x-a", "2"), ("user-agent", "me")],
        body="bödy",
        times=1,
    )
    assert made.network.status == 200
    assert made.notes == []


async def test_entrypoints_chains_and_a_binding_to_itself_are_compared(define):
    define("store", 'return Response("stored")', environment="staging")
    define("auth", "return await self.env.STORE.fetch(request)", "Admin",
           services={"STORE": "store-staging", "BACK": "gateway"})  # fmt: skip
    gateway = define(
        "gateway",
        """
        if request.url.endswith("/self"):
            return Response("me")
        answers = await asyncio.gather(
            self.env.AUTH.fetch(request), self.env.SELF.fetch("http://x/self")
        )
        texts = [await answer.text() for answer in answers]
        assert texts == ["stored", "me"], texts
        return Response("all")
        """,
        services={"AUTH": "auth#Admin", "SELF": "gateway"},
    )
    made = await workernb.compare_network(gateway, times=1)
    assert made.network.status == 200
    assert set(made.network.processes[1].cpu_by) == {"auth", "store-staging", "gateway", None}
    assert set(made.comparison.services) == {"gateway", "auth", "store-staging"}


@pytest.mark.parametrize("limits", [{"cpu_ms": 30}, workernb.Limits(cpu_ms=30)])
async def test_the_callees_own_limits_hold_in_the_other_process(define, limits):
    define(
        "auth",
        """
        import sys
        while "workernb.network.host" in sys.modules:
            pass
        return Response("yes")
        """,
        limits=limits,
    )
    gateway = define("gateway", CALLS, services={"AUTH": "auth"})
    made = await workernb.compare_network(gateway, times=1)
    assert made.comparison.failed == ("CpuLimitExceeded: Python Worker exceeded CPU time limit")


async def test_props_and_version_metadata_reach_the_other_process(define):
    define(
        "auth",
        """
        return Response.from_json([self.ctx.props, self.env.VERSION.tag])
        """,
        version_metadata="VERSION",
        tag="first",
    )
    gateway = define(
        "gateway",
        """
        answers = [await binding.fetch(request) for binding in (self.env.ONE, self.env.TWO)]
        seen = [await answer.json() for answer in answers]
        assert seen == [[{"role": "a reader"}, "first"], [{}, "first"]], seen
        return Response("the same")
        """,
        services={"ONE": 'auth{"role": "a reader"}', "TWO": "auth"},
    )
    made = await workernb.compare_network(gateway, times=1)
    assert made.network.status == 200
    assert made.notes == []


async def test_the_deployed_version_is_compared(define, runtime):
    define("auth", 'return Response("yes", status=201)')
    define("auth", 'return Response("no", status=202)')
    gateway = define("gateway", CALLS, services={"AUTH": "auth"})
    runtime.rollback("auth")
    assert (await gateway.fetch()).status == 201
    made = await workernb.compare_network(gateway, times=1)
    assert (made.binding.status, made.network.status) == (201, 201)


async def test_the_notebooks_own_workers_do_not_change(define, runtime):
    gateway_body = """
        print("noise")
        return await self.env.AUTH.fetch(request)
        """
    define("auth", 'return Response("yes")')
    gateway = define("gateway", gateway_body, services={"AUTH": "auth"})
    await gateway.fetch()
    await workernb.compare_network(gateway, times=1)
    assert len(runtime.traces) == 1
    assert runtime["gateway"].version.number == 1


async def test_prints_do_not_reach_the_cell(define, capfd):
    define("auth", 'print("noise"); return Response("yes")')
    gateway = define("gateway", 'print("noise")\n' + CALLS, services={"AUTH": "auth"})
    await workernb.compare_network(gateway, times=1)
    assert "noise" not in "".join(capfd.readouterr())


async def test_an_answer_that_differs_is_noted(define):
    define(
        "auth",
        """
        import sys
        if "workernb.network.host" in sys.modules:
            raise ValueError("only at home")
        return Response("yes")
        """,
    )
    gateway = define("gateway", CALLS, services={"AUTH": "auth"})
    made = await workernb.compare_network(gateway, times=1)
    assert (made.binding.status, made.network.status) == (200, 500)
    assert made.notes == [
        "The answers differ: 200 over the binding, 500 over HTTP.",
        "In the other process a Worker failed: ValueError: only at home",
    ]
    assert all(note in made.text() for note in made.notes)


# What cannot be compared


def one_line(error: BaseException) -> str:
    (line,) = error._render_traceback_()
    assert "\n" not in line
    return line


@pytest.mark.parametrize("bound", ["auth", "gateway"])
async def test_workers_with_stores_are_not_compared(define, bound):
    settings = {"auth": {}, "gateway": {}}
    settings[bound] = {"kv_namespaces": {"CACHE": "cache"}}
    define("auth", 'return Response("yes")', **settings["auth"])
    gateway = define("gateway", CALLS, services={"AUTH": "auth"}, **settings["gateway"])
    text = (
        rf"{bound}\.CACHE is bound to the KV namespace cache, which another process does not have"
    )
    with pytest.raises(workernb.UsageError, match=text):
        await workernb.compare_network(gateway, "http://gateway/")


async def test_only_a_handle_can_be_compared():
    with pytest.raises(workernb.UsageError, match="takes a Worker's handle, not str"):
        await workernb.compare_network("gateway")


@pytest.mark.parametrize("times", [0, -1, 1.5, True, "3"])
async def test_times_is_a_number(define, times):
    define("auth", 'return Response("yes")')
    gateway = define("gateway", CALLS, services={"AUTH": "auth"})
    with pytest.raises(workernb.UsageError, match="times is a number of requests, 1 or more"):
        await workernb.compare_network(gateway, times=times)


async def test_a_worker_without_bindings_is_refused(define):
    alone = define("alone", 'return Response("yes")')
    with pytest.raises(workernb.UsageError, match="'alone' has no service bindings") as caught:
        await workernb.compare_network(alone)
    assert "--bind AUTH=auth" in one_line(caught.value)


async def test_a_missing_target_is_named(define):
    define("auth", 'return Response("yes")')
    gateway = define("gateway", CALLS, services={"AUTH": "atuh"})
    with pytest.raises(workernb.UsageError, match="bound to atuh, which is not defined") as caught:
        await workernb.compare_network(gateway)
    assert "Did you mean auth?" in one_line(caught.value)


async def test_a_request_without_a_call_is_refused(define):
    define("auth", 'return Response("yes")')
    gateway = define("gateway", 'return Response("no", status=404)', services={"AUTH": "auth"})
    with pytest.raises(workernb.ComparisonError, match="answered 404 without a call") as caught:
        await workernb.compare_network(gateway)
    one_line(caught.value)


async def test_a_failed_request_is_one_line_without_secrets(define):
    define("auth", 'raise ValueError("no " + self.env.KEY)', secrets={"KEY": "planted-secret"})
    gateway = define("gateway", CALLS, services={"AUTH": "auth"})
    with pytest.raises(workernb.ComparisonError) as caught:
        await workernb.compare_network(gateway)
    assert one_line(caught.value) == (
        "ComparisonError: Over the binding the request failed: ValueError: no REDACTED"
    )


async def test_an_exceeded_budget_is_an_error(define):
    define("auth", "while True: pass")
    gateway = define("gateway", CALLS, services={"AUTH": "auth"}, limits=workernb.Limits(cpu_ms=20))
    with pytest.raises(workernb.ComparisonError, match="exceeded CPU time limit"):
        await workernb.compare_network(gateway)


async def test_a_worker_that_the_other_process_cannot_load_is_named(runtime, define):
    source = (
        HEAD
        + 'import sys\nif "workernb.network.host" in sys.modules:\n'
        + "    raise ImportError(\"No module named 'planted-secret'\")\n"
        + "class Default(WorkerEntrypoint):\n    async def fetch(self, request):\n"
        + '        return Response("yes")\n'
    )
    runtime.define("auth", source, secrets={"KEY": "planted-secret"})
    gateway = define("gateway", CALLS, services={"AUTH": "auth"})
    with pytest.raises(workernb.ComparisonError) as caught:
        await workernb.compare_network(gateway)
    line = one_line(caught.value)
    assert "Worker 'auth' cannot be loaded in the other process: ImportError: No module" in line
    assert "a Worker imports all that it needs" in line
    assert "planted-secret" not in line


async def test_a_process_that_does_not_start_is_an_error(define, monkeypatch):
    define("auth", 'return Response("yes")')
    gateway = define("gateway", CALLS, services={"AUTH": "auth"})
    monkeypatch.setattr("workernb.network.process._BOOT", "raise SystemExit(3)")
    with pytest.raises(workernb.ComparisonError, match=r"did not start: .* ended with code 3\."):
        await workernb.compare_network(gateway)


async def test_the_other_process_has_the_same_path(define, tmp_path, monkeypatch):
    (tmp_path / "only_here.py").write_text("ANSWER = 'found'\n")
    monkeypatch.syspath_prepend(tmp_path)
    define("auth", "import only_here\nreturn Response(only_here.ANSWER)")
    gateway = define("gateway", CALLS, services={"AUTH": "auth"})
    made = await workernb.compare_network(gateway, times=1)
    assert made.network.status == 200


async def test_streams_are_read_to_their_end_both_ways(define):
    define(
        "auth",
        """
        async def produce():
            async for chunk in request.body:
                yield chunk.upper()
            yield b"!"
        return Response(produce())
        """,
    )
    gateway = define(
        "gateway",
        """
        async def produce():
            yield b"a"
            yield await request.bytes()
        call = self.env.AUTH.fetch("http://x/", method="POST", body=produce())
        text = await (await call).text()
        assert text == "ABC!", text
        async def answer():
            yield text.encode()
        return Response(answer())
        """,
        services={"AUTH": "auth"},
    )

    async def letters():
        yield b"b"
        yield b"c"

    made = await workernb.compare_network(
        gateway, "http://x/", method="POST", body=letters(), times=2
    )
    assert made.binding.status == made.network.status == 200
    assert set(made.network.processes[1].cpu_by) == {"auth", None}


async def test_a_stream_that_fails_fails_the_comparison(define):
    define("auth", 'return Response("x")')
    gateway = define(
        "gateway",
        """
        await self.env.AUTH.fetch(request)
        async def produce():
            yield b"x"
            raise ValueError("boom")
        return Response(produce())
        """,
        services={"AUTH": "auth"},
    )
    with pytest.raises(workernb.ComparisonError, match="the request failed: ValueError: boom"):
        await workernb.compare_network(gateway, times=1)
