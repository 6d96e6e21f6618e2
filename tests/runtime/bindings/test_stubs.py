"""Stubs: functions, RpcTargets and bindings by reference, and how long they are valid."""

from __future__ import annotations

import gc
import textwrap
import warnings

import pytest

import workernb

from .conftest import COUNTERS, RPC_HEAD


def texts(trace, level=None):
    """Return the texts of a trace's logs."""
    return [log.text for log in trace.logs if level in (None, log.level)]


async def test_a_function_is_called_back_as_its_owner(counters, run, runtime):
    body = """
        seen = []
        async def double(value):
            seen.append(value)
            return value * 2
        return [await self.env.C.apply(double, 1, 2), seen]
    """
    assert await run(body, C="counters") == [[2, 4], [1, 2]]
    root, apply, first, second = runtime.traces[-1].invocations
    assert (apply.service, apply.caller) == ("counters", root)
    for callback in (first, second):
        assert (callback.service, callback.version) == ("caller", root.version)
        assert (callback.caller, callback.binding) == (apply, "stub double")
        assert callback.describe() == "stub double(…)"
        assert callback.cpu_ms > 0


async def test_a_target_is_called_by_its_methods(counters, run):
    body = """
        counter = await self.env.C.counter(5)
        values = [await counter.increment(), await counter.increment(by=10)]
        values += [await counter.current, await counter.label]
        with await counter.another() as other:
            values.append(await other.increment())
        counter.dispose()
        return values
    """
    assert await run(body, C="counters") == [6, 16, 16, "a counter", 17]


@pytest.mark.parametrize(
    ("use", "text"),
    [
        ("counter.value", 'does not implement the method "value"'),
        ("counter.nothing()", 'does not implement the method "nothing"'),
        ("counter._call(('_hidden',), (), {})", 'does not implement the method "_hidden"'),
        ("counter._call(('dup',), (), {})", "'dup' is a reserved method"),
        ("counter._call(('constructor',), (), {})", "'constructor' is a reserved method"),
        ("counter.label()", '"label" is not a function.'),
        ("counter()", '"Counter" is not a function.'),
    ],
)
async def test_only_what_the_class_has_can_be_reached(counters, run, use, text):
    with pytest.raises(workernb.RpcError) as caught:
        await run(f"with await self.env.C.counter() as counter:\n    await {use}", C="counters")
    assert text in str(caught.value)


async def test_a_disposed_stub_is_refused_and_says_where_it_came_from(counters, run):
    body = """
        counter = await self.env.C.counter()
        counter.dispose()
        counter.dispose()
        await counter.increment()
    """
    with pytest.raises(workernb.RpcError) as caught:
        await run(body, C="counters")
    assert str(caught.value) == "RPC stub used after being disposed."
    assert "<worker caller v1>:8, in run" in caught.value.__notes__[0]


async def test_the_target_is_disposed_after_its_last_stub(counters, run, runtime):
    body = """
        counter = await self.env.C.counter(3)
        copy = counter.dup()
        counter.dispose()
        print("one left")
        await copy.increment()
        copy.dispose()
        print("none left")
    """
    await run(body, C="counters")
    trace = runtime.traces[-1]
    assert texts(trace) == ["one left", "disposed 4", "none left"]


async def test_a_dict_disposes_the_stubs_in_it(counters, run, runtime):
    body = """
        with await self.env.C.counters() as both:
            values = [await both.a.increment(), await both["list"][0].increment()]
        return values
    """
    assert await run(body, C="counters") == [2, 3]
    assert texts(runtime.traces[-1]) == ["disposed 2", "disposed 3"] or texts(
        runtime.traces[-1]
    ) == ["disposed 3", "disposed 2"]


async def test_an_undisposed_stub_is_named_with_its_line(counters, run, runtime):
    await run("counter = await self.env.C.counter()\nreturn 1", C="counters")
    (warning,) = texts(runtime.traces[-1], "warn")
    assert warning.startswith("An RPC stub was not disposed properly.")
    assert "stub Counter, received at <worker caller v1>:8, in run" in warning
    assert "disposed 0" in texts(runtime.traces[-1])


async def test_an_argument_is_disposed_when_the_call_returns(run, runtime):
    head = """
        class Keeper(RpcTarget):
            def __init__(self, function):
                self.function = function
            async def call(self):
                return await self.function(1)
    """
    keeper = RPC_HEAD + textwrap.dedent(head) + (
        "class Default(WorkerEntrypoint):\n"
        "    async def keep(self, function): return Keeper(function)\n"
        "    async def keep_copy(self, function): return Keeper(function.dup())\n"
    )  # fmt: skip
    runtime.define("keeper", keeper)
    body = "with await self.env.K.keep(lambda v: v + 1) as k:\n    return await k.call()"
    with pytest.raises(TypeError) as caught:
        await run(body, K="keeper")
    assert str(caught.value) == "RPC stub used after being disposed."
    assert any("stub.dup()" in note for note in caught.value.__notes__)
    assert await run(body.replace("keep(", "keep_copy("), K="keeper") == 2


async def test_a_callback_after_its_owner_has_ended_is_refused(run, runtime, until):
    runtime.define(
        "late",
        RPC_HEAD + "class Default(WorkerEntrypoint):\n"
        "    async def start(self, function):\n"
        "        self.ctx.waitUntil(self.later(function.dup()))\n"
        "    async def later(self, function):\n"
        "        while not CALLERS:\n"
        "            await asyncio.sleep(0.001)\n"
        "        try:\n"
        "            await function()\n"
        "        except TypeError as error:\n"
        "            print(error)\n"
        "    async def release(self):\n"
        "        CALLERS.append(1)\n"
        "CALLERS = []\n",
    )
    await run("await self.env.L.start(lambda: 1)", L="late")
    await runtime["late"].release()
    await until(lambda: not runtime.in_flight)
    (trace,) = [t for t in runtime.traces if t.title == "caller.run()"]
    text = "The execution context which hosts this callback is no longer running."
    assert texts(trace)[0] == text


async def test_stubs_are_passed_on_through_whom_they_came(counters, run, runtime):
    runtime.define(
        "middle",
        RPC_HEAD + "class Default(WorkerEntrypoint):\n"
        "    async def pass_on(self):\n"
        "        return await self.env.C.counter(10)\n"
        "    async def use(self, counter):\n"
        "        return await counter.increment()\n",
        services={"C": "counters"},
    )
    body = """
        with await self.env.M.pass_on() as counter:
            return [await counter.increment(), await self.env.M.use(counter),
                    await counter.increment()]
    """
    assert await run(body, M="middle") == [11, 12, 13]
    called = [i.service for i in runtime.traces[-1].invocations if i.method == "increment"]
    assert called == ["counters"] * 3
    assert texts(runtime.traces[-1])[-1] == "disposed 13"


async def test_a_binding_is_sent_by_reference(counters, run, runtime):
    runtime.define(
        "user",
        RPC_HEAD + "class Default(WorkerEntrypoint):\n"
        "    async def use(self, service):\n"
        "        with await service.counter(1) as counter:\n"
        "            value = await counter.increment()\n"
        "        return [value, (await service.fetch('http://x/')).status]\n",
    )
    runtime.define(
        "counters",
        RPC_HEAD + COUNTERS + "    async def fetch(self, request): return Response('x', 202)\n",
    )
    body = "return await self.env.U.use(self.env.C)"
    assert await run(body, U="user", C="counters") == [2, 202]


async def test_a_stub_of_another_request_is_refused_naming_both(counters, runtime):
    handle = runtime.define(
        "caller",
        RPC_HEAD + "KEPT = []\n"
        "class Default(WorkerEntrypoint):\n"
        "    async def keep(self):\n"
        "        KEPT.append(await self.env.C.counter())\n"
        "        self.ctx.waitUntil(asyncio.sleep(1000))\n"
        "    async def use(self):\n"
        "        await KEPT[0].increment()\n",
        services={"C": "counters"},
    )
    await handle.keep()
    with pytest.raises(workernb.RpcError) as caught:
        await handle.use()
    assert str(caught.value).startswith("Cannot perform I/O on behalf of a different request.")
    notes = " ".join(caught.value.__notes__)
    assert "request 1 (caller.keep())" in notes
    assert "received it at <worker caller v1>:8, in keep" in notes
    assert "request 2 (caller.use()), at <worker caller v1>:11, in use" in notes
    for trace in list(runtime.in_flight):
        for task in list(trace.wait_until_tasks):
            task.cancel()


async def test_a_callback_into_a_redefined_worker_stays_on_its_version(counters, runtime):
    source = (
        RPC_HEAD + "class Default(WorkerEntrypoint):\n"
        "    async def run(self, pause):\n"
        "        async def version(value): return 'VERSION'\n"
        "        await pause()\n"
        "        return await self.env.C.apply(version, 1)\n"
    )
    handle = runtime.define("caller", source.replace("VERSION", "old"), services={"C": "counters"})

    async def redefine():
        runtime.define("caller", source.replace("VERSION", "new"), services={"C": "counters"})

    assert await handle.run(redefine) == ["old"]
    assert runtime.traces[-1].invocations[-1].version.number == 1
    assert await handle.run(lambda: None) == ["new"]


async def test_calls_on_one_stub_begin_in_the_order_in_which_they_were_made(counters, run):
    body = """
        with await self.env.C.counter() as counter:
            first, second, third = counter.increment(), counter.increment(), counter.increment()
            return [await third, await first, await second]
    """
    assert await run(body, C="counters") == [3, 1, 2]


async def test_endless_recursion_through_callbacks_is_stopped_at_its_limit(run, runtime):
    runtime.define(
        "mirror",
        RPC_HEAD + "class Default(WorkerEntrypoint):\n"
        "    async def call(self, function): return await function(function)\n",
    )
    body = """
        async def again(function):
            return await self.env.M.call(again)
        return await self.env.M.call(again)
    """
    with pytest.raises(workernb.LimitError, match="Subrequest depth limit exceeded"):
        await run(body, M="mirror")
    assert len(runtime.traces[-1].invocations) == 32


async def test_an_error_in_dispose_is_logged(run, runtime):
    runtime.define(
        "bad",
        RPC_HEAD + "class Bad(RpcTarget):\n"
        "    def dispose(self): raise ValueError('cannot close')\n"
        "class Default(WorkerEntrypoint):\n"
        "    async def make(self): return Bad()\n",
    )
    await run("(await self.env.B.make()).dispose()", B="bad")
    trace = runtime.traces[-1]
    assert texts(trace, "error") == ["ValueError: cannot close (in dispose)"]
    assert trace.logs[0].invocation.service == "bad"
    assert trace.outcome == "ok"


# The notebook


async def test_the_notebook_passes_functions(counters, runtime):
    assert await counters.apply(lambda value: value + 1, 1, 2) == [2, 3]
    callback = runtime.traces[-1].invocations[1]
    assert (callback.service, callback.version) == ("the notebook", None)


async def test_a_stub_in_the_notebook_makes_requests(counters, runtime):
    counter = await counters.counter(1)
    assert [await counter.increment(), await counter.increment()] == [2, 3]
    assert runtime.traces[-1].title == "counters.increment()"
    assert repr(counter) == "<stub Counter>"
    counter.dispose()
    assert repr(counter) == "<disposed stub Counter>"
    with pytest.raises(workernb.RpcError, match="RPC stub used after being disposed"):
        await counter.increment()


async def test_an_undisposed_stub_of_the_notebook_is_a_resource_warning(counters):
    counter = await counters.counter()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        del counter
        gc.collect()
    (warning,) = [w for w in caught if issubclass(w.category, ResourceWarning)]
    assert "It is a stub Counter." in str(warning.message)


async def test_a_binding_is_not_sent_to_the_notebook(counters, run):
    with pytest.raises(workernb.DataCloneError) as caught:
        await run("return self.env.C", C="counters")
    assert "handles" in caught.value.__notes__[0]


# Streams move


async def test_a_stream_moves_with_its_producer_s_account(run, runtime):
    runtime.define(
        "lines",
        RPC_HEAD + "class Default(WorkerEntrypoint):\n"
        "    async def upper(self, stream):\n"
        "        async def upper():\n"
        "            async for chunk in stream:\n"
        "                yield chunk.upper()\n"
        "        return Response(upper())\n",
    )
    body = """
        async def lines():
            for n in range(3):
                yield f"line {n};".encode()
        response = Response(lines())
        answer = await self.env.L.upper(response.body)
        return [await answer.text(), response.body_used]
    """
    text, _ = await run(body, L="lines")
    assert text == "LINE 0;LINE 1;LINE 2;"
    assert runtime.traces[-1].outcome == "ok"
