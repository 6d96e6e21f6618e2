"""Calls of a Worker's methods over a binding: what can be reached, and what is refused."""

from __future__ import annotations

import pytest

import workernb

from .conftest import RPC_HEAD

MATH = (
    RPC_HEAD
    + '''
class Default(WorkerEntrypoint):
    unit = "metres"
    table = {"one": 1}
    calls = 0

    def __init__(self, ctx, env):
        super().__init__(ctx, env)
        self.calls += 1
        self.instance_function = lambda: "hidden"

    async def add(self, a: int, b: int = 2):
        """Return the sum."""
        return a + b

    def plain(self, *, factor=1):
        return 3 * factor

    async def count(self):
        return self.calls

    @staticmethod
    def static(value):
        return value

    @property
    def origin(self):
        return {"x": 0, "move": lambda by: by + 1}

    @property
    async def later(self):
        return "later"

    async def _private(self):
        return "private"

    async def connect(self):
        return "connected"

    async def twice(self):
        return self.add(1, 2)

    async def who(self):
        return [self.ctx.props, self.env.NAME]

    async def fail(self, text):
        raise ValueError(text)
'''
)


@pytest.fixture
def math(runtime):
    return runtime.define("math", MATH, vars={"NAME": "math"})


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("await math.add(1, 2)", 3),
        ("await math.add(1, b=5)", 6),
        ("await math.plain()", 3),
        ("await math.plain(factor=2)", 6),
        ("await math.static('x')", "x"),
        ("await math.unit", "metres"),
        ("await math.table", {"one": 1}),
        ("await math.table.one", 1),
        ("await math.origin.x", 0),
        ("await math.origin.move(1)", 2),
        ("await math.later", "later"),
        ("[await math.count() for _ in range(3)]", [1, 1, 1]),
        ("await (await math.add)(1, 2)", 3),
        ("await asyncio.gather(math.add(1, 1), math.add(2, 2))", [2, 4]),
        ("await asyncio.create_task(math.add(1, 1))", 2),
        ("await math.who()", [{"role": "x"}, "math"]),
    ],
)
async def test_what_can_be_reached(math, runtime, expression, value):
    source = (
        f"{RPC_HEAD}class Default(WorkerEntrypoint):\n"
        f"    async def run(self):\n        math = self.env.MATH\n        return {expression}\n"
    )
    handle = runtime.define("caller", source, services={"MATH": 'math{"role": "x"}'})
    assert await handle.run() == value


@pytest.mark.parametrize(
    ("call", "text", "note"),
    [
        ("nothing()", 'The RPC receiver does not implement the method "nothing".', "has add, "),
        ("ad(1)", 'The RPC receiver does not implement the method "ad".', "Did you mean add"),
        ("env()", 'The RPC receiver does not implement the method "env".', None),
        ("ctx()", 'The RPC receiver does not implement the method "ctx".', None),
        ("then()", 'The RPC receiver does not implement the method "then".', None),
        ("instance_function()", "The RPC receiver does not implement the method", None),
        ("_call(('_private',), (), {})", "does not implement the method", "private"),
        ("_call(('__init__',), (), {})", "does not implement the method", "private"),
        ("connect()", "'connect' is a reserved method and cannot be called over RPC.", None),
        ("alarm()", "'alarm' is a reserved method and cannot be called over RPC.", None),
        ("constructor()", "'constructor' is a reserved method and cannot be called", None),
        ("unit()", '"unit" is not a function.', None),
        ("origin.x()", '"origin.x" is not a function.', None),
        ("origin.y()", 'does not implement the method "y"', None),
    ],
)
async def test_what_cannot_be_reached(math, run, runtime, call, text, note):
    with pytest.raises(workernb.RpcError) as caught:
        await run(f"return await self.env.MATH.{call}", MATH="math")
    assert text in str(caught.value)
    assert isinstance(caught.value, TypeError)
    if note is not None:
        assert any(note in line for line in caught.value.__notes__)
    assert runtime.traces[-1].invocations[1].outcome == "exception"


@pytest.mark.parametrize(
    ("call", "text", "note"),
    [
        ("add()", "missing 1 required positional argument: 'a'", "add(a: int, b: int = 2)"),
        ("add(1, 2, 3)", "takes from 2 to 3 positional arguments", "add(a: int, b: int = 2)"),
        ("plain(1)", "takes 1 positional argument but 2 were given", "plain(*, factor=1)"),
        ("static()", "missing 1 required positional argument", "static(value)"),
    ],
)
async def test_wrong_arguments_are_told_what_the_method_takes(math, run, call, text, note):
    with pytest.raises(TypeError) as caught:
        await run(f"return await self.env.MATH.{call}", MATH="math")
    assert text in str(caught.value)
    assert any(note in line and "Worker 'math'" in line for line in caught.value.__notes__)


async def test_a_coroutine_is_no_result(math, run):
    with pytest.raises(TypeError) as caught:
        await run("return await self.env.MATH.twice()", MATH="math")
    assert str(caught.value) == "Awaitable <class 'coroutine'> cannot be sent over RPC."
    assert "did you forget await?" in caught.value.__notes__[0]


async def test_a_call_is_an_invocation_of_the_request(math, run, runtime):
    await run("return await self.env.MATH.add(1, 2)", MATH="math")
    trace = runtime.traces[-1]
    root, call = trace.invocations
    assert trace.title == "caller.run()"
    assert (root.event, root.method, root.url) == ("rpc", "run", "")
    assert (call.caller, call.binding, call.method) == (root, "MATH", "add")
    assert (call.service, call.outcome, call.depth) == ("math", "ok", 2)
    assert call.describe() == "env.MATH.add(…)"
    assert 0 < call.cpu_ms <= root.inclusive_cpu_ms


async def test_calls_count_against_the_limits(math, run):
    body = "for n in range(9):\n    await self.env.MATH.add(n)"
    with pytest.raises(workernb.LimitError, match="Too many subrequests"):
        await run(body, limits={"subrequests": 5}, MATH="math")
    with pytest.raises(workernb.LimitError, match="depth limit"):
        await run(body.replace("9", "40"), MATH="math")


async def test_a_call_to_a_missing_worker_names_the_binding(run):
    with pytest.raises(workernb.BindingError) as caught:
        await run("return await self.env.MATH.add(1)", MATH="maht")
    assert "env.MATH.add(…), bound to maht" in caught.value.__notes__[0]


async def test_a_call_outside_of_a_handler_is_refused(math, runtime):
    handle = runtime.define(
        "loads",
        f"{RPC_HEAD}from workers import env\nCALL = env.MATH.add(1)\n"
        "class Default(WorkerEntrypoint):\n    async def run(self):\n        return await CALL\n",
        services={"MATH": "math"},
    )
    with pytest.raises(workernb.GlobalScopeError) as caught:
        await handle.run()
    assert caught.value.__notes__ == ["env.MATH.add was called outside of a handler."]


async def test_a_call_that_nobody_awaits_is_cancelled_and_named(math, run, runtime):
    await run("self.env.MATH.add(1)\nreturn 1", MATH="math")
    trace = runtime.traces[-1]
    assert trace.invocations[1].outcome == "canceled"
    assert any("env.MATH.add(…) was cancelled" in log.text for log in trace.logs)


async def test_calls_that_are_not_awaited_run_as_their_caller_waits(math, run, runtime):
    body = "calls = [self.env.MATH.add(n) for n in range(3)]\nawait asyncio.sleep(0)\n"
    assert await run(body + "return [await c for c in calls]", MATH="math") == [2, 3, 4]
    assert [i.outcome for i in runtime.traces[-1].invocations] == ["ok"] * 4


async def test_a_result_can_be_awaited_again(math, run):
    body = "call = self.env.MATH.add(1)\nreturn [await call, await call]"
    assert await run(body, MATH="math") == [3, 3]


async def test_a_redefined_worker_is_reached_by_the_next_call(math, run, runtime):
    await run("return await self.env.MATH.add(1)", MATH="math")
    runtime.define("math", MATH.replace("return a + b", "return -1"), vars={"NAME": "x"})
    assert await runtime["caller"].run() == -1


async def test_two_versions_answer_by_their_shares(math, runtime, run):
    runtime.define("math", MATH.replace("return a + b", "return -1"), vars={"NAME": "x"})
    runtime.deploy("math", {1: 50, 2: 50})
    body = "return [await self.env.MATH.add(1) for _ in range(30)]"
    assert set(await run(body, MATH="math")) == {3, -1}


async def test_ctx_exports_have_methods(runtime):
    handle = runtime.define(
        "math",
        f"{RPC_HEAD}class Admin(WorkerEntrypoint):\n"
        "    async def who(self): return self.ctx.props\n"
        "class Default(WorkerEntrypoint):\n"
        "    async def run(self):\n"
        "        exports = self.ctx.exports\n"
        "        return [await exports.Admin.who(), await exports.Admin(props={'a': 1}).who()]\n",
    )
    assert await handle.run() == [{}, {"a": 1}]
    with pytest.raises(workernb.RpcError):
        await handle.call("who")


# From the notebook


async def test_a_handle_has_the_methods_of_the_class_that_serves(math):
    assert await math.add(1) == 3
    assert await math.call("add", 1, b=3) == 4
    with pytest.raises(TypeError, match="takes the name of a method, not int"):
        await math.call(1)
    assert math.add.__doc__ == "Return the sum."
    assert str(math.add.__signature__) == "(a: int, b: int = 2)"
    assert {"add", "plain", "fail"} <= set(dir(math))
    assert not {"_private", "unit"} & set(dir(math))
    assert math.connect.__doc__.startswith("Open a WebSocket")  # Not the class's, a reserved name.
    with pytest.raises(AttributeError, match="A handle has no 'ad'; it has fetch") as caught:
        math.ad  # noqa: B018
    assert "Did you mean add?" in caught.value.__notes__[0]


def test_a_method_can_be_called_without_await(math):
    assert math.call_sync("add", 1, 2) == 3


async def test_what_a_method_raises_is_raised_in_the_notebook(math, runtime):
    with pytest.raises(ValueError, match="no such user") as caught:
        await math.fail("no such user")
    assert caught.value.remote is True
    assert runtime.traces[-1].outcome == "exception"


async def test_a_response_of_a_method_is_an_answer(runtime):
    handle = runtime.define(
        "pages",
        f"{RPC_HEAD}class Default(WorkerEntrypoint):\n"
        "    async def page(self): return Response('x', status=201)\n",
    )
    answer = await handle.page()
    assert (answer.status, await answer.text()) == (201, "x")


async def test_a_function_worker_has_no_methods(runtime):
    handle = runtime.define(
        "old",
        "from workers import Response\nasync def on_fetch(request): return Response('x')\n",
    )
    with pytest.raises(workernb.RpcError, match="does not implement the method"):
        await handle.call("anything")
