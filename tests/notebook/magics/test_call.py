"""`%call` and the methods of a handle, in a shell."""

from __future__ import annotations

import pytest
from IPython.core.completer import CompletionContext

from workernb.notebook.completion import complete

MATH = """\
%%worker math -q
from workers import WorkerEntrypoint

class Default(WorkerEntrypoint):
    async def add(self, a, b=2):
        "Return the sum."
        print("adding")
        return a + b

    async def describe(self, user):
        return {"name": user["name"]}
"""


@pytest.fixture
async def shell_with_math(shell):
    await shell.ok(MATH)
    return shell


@pytest.mark.parametrize(
    ("typed", "value"),
    [
        ("%call math.add 1 2", 3),
        ("%call math.add 1", 3),
        ("%call math.add 1 b=5", 6),
        ("%call math.add 'one ' two", "one two"),
        ('%call math.describe \'{"name": "x"}\'', {"name": "x"}),
        ("await math.add(2, 3)", 5),
        ("await math.call('add', 2, 3)", 5),
        ("math.call_sync('add', 2, 3)", 5),
        ("def f():\n    r = %call math.add 4 4\n    return r\nf()", 8),
    ],
)
async def test_a_method_is_called(shell_with_math, typed, value):
    outcome = await shell_with_math.ok(typed)
    assert outcome.result == value


async def test_what_the_worker_prints_is_shown(shell_with_math):
    outcome = await shell_with_math.ok("x = %call math.add 1 2")
    assert "adding" in outcome.text
    assert shell_with_math.names["x"] == 3


async def test_names_of_the_notebook_are_expanded(shell_with_math):
    outcome = await shell_with_math.ok("n = 40\n%call math.add {n} 2")
    assert outcome.result == 42


@pytest.mark.parametrize(
    ("typed", "text"),
    [
        ("%call math.nothing", 'The RPC receiver does not implement the method "nothing".'),
        ("%call maht.add 1", "There is no Worker 'maht'."),
        ("%call math", "write %call math.add 1 2"),
        ("%call math.add", "missing 1 required positional argument: 'a'"),
        ("math.ad", "A handle has no 'ad'"),
    ],
)
async def test_what_is_refused(shell_with_math, typed, text):
    outcome = await shell_with_math.run(typed)
    assert text in str(outcome.error)


async def test_help_knows_the_methods(shell_with_math):
    info = shell_with_math.ip.object_inspect("math.add")
    assert info["docstring"] == "Return the sum."
    assert "(a, b=2)" in info["definition"]
    assert "describe" in dir(shell_with_math.names["math"])


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("%call ma", ["math"]),
        ("%call math.", ["add", "describe"]),
        ("%call math.de", ["describe"]),
        ("%call math#Default.a", ["add"]),
        ("%call maht.", []),
        ("%call math.add ", []),
    ],
)
async def test_completion_knows_the_methods(shell_with_math, text, found):
    context = CompletionContext(text, text, len(text), 0, 100)
    assert [c.text for c in complete(context)["completions"]] == found


CLOCK = """\
%%worker clock -q --cron "*/5 * * * *"
from workers import WorkerEntrypoint

class Default(WorkerEntrypoint):
    async def scheduled(self, controller, env, ctx):
        print("at", controller.scheduledTime, controller.cron)
        if controller.cron == "0 0 * * *":
            raise ValueError("at midnight")

    async def test(self):
        assert False, "it fails"
"""


@pytest.mark.parametrize(
    ("typed", "result", "printed"),
    [
        ("%trigger clock --time 1000", {"outcome": "ok", "noRetry": False}, "at 1000.0 */5 * * *"),
        ("%trigger clock --cron '1 * * * *' --time 1970-01-01T00:00:02",
         {"outcome": "ok", "noRetry": False}, "at 2000.0 1 * * * *"),
        ("def f():\n    r = %trigger clock --time 1\n    return r\nf()",
         {"outcome": "ok", "noRetry": False}, "at 1.0"),
    ],
)  # fmt: skip
async def test_a_handler_is_triggered(shell, typed, result, printed):
    await shell.ok(CLOCK)
    outcome = await shell.ok(typed)
    assert outcome.result == result
    assert printed in outcome.text


@pytest.mark.parametrize(
    ("typed", "text"),
    [
        ("%trigger clock --cron '0 0 * * *'", "at midnight"),
        ("%trigger clock --cron now", "A schedule has five fields"),
        ("%trigger clock --time soon", "takes ms since the epoch"),
        ("%trigger clock --test", "it fails"),
        ("%trigger clock --test --cron '* * * * *'", "takes neither --cron nor --time"),
        ("%trigger clock/x", "takes no path"),
        ("%trigger nobody", "There is no Worker 'nobody'"),
        ("%%worker bad --cron '99 * * * *'\npass", "no minute of a schedule"),
    ],
)
async def test_what_trigger_refuses(shell, typed, text):
    await shell.ok(CLOCK)
    outcome = await shell.run(typed)
    assert text in str(outcome.error)


FAILING = """\
%%worker failing -q
from workers import WorkerEntrypoint
class Default(WorkerEntrypoint):
    async def fails(self):
        raise ValueError("no")
    async def scheduled(self, controller, env, ctx):
        raise ValueError("no")
"""


@pytest.mark.parametrize("typed", ["%call failing.fails", "%trigger failing", "%call failing.nope"])
async def test_a_traceback_has_the_cells_and_the_workers_frames_only(shell, typed):
    await shell.ok(FAILING)
    outcome = await shell.run(typed)
    assert outcome.error is not None
    assert "<worker failing v1>" in outcome.traceback or "nope" in typed
    assert "magics/call.py" not in outcome.traceback.replace("\\", "/")


@pytest.mark.parametrize(
    ("name", "parameters", "written"),
    [
        ("scheduled", "self, controller", "async def scheduled(self, controller, env, ctx)"),
        ("scheduled", "self", "async def scheduled(self, controller, env, ctx)"),
    ],
)
async def test_a_handler_with_other_parameters_says_which_are_passed(
    shell, name, parameters, written
):
    body = f"class Default(WorkerEntrypoint):\n    async def {name}({parameters}): pass\n"
    await shell.ok(f"%%worker clock -q\nfrom workers import WorkerEntrypoint\n{body}")
    outcome = await shell.run("%trigger clock")
    assert "positional argument" in outcome.traceback
    assert f"The platform passes all of its arguments: {written}" in outcome.traceback


async def test_a_function_as_handler_with_other_parameters_says_which_are_passed(shell):
    await shell.ok("%%worker clock -q\ndef on_scheduled(controller): pass\n")
    outcome = await shell.run("%trigger clock")
    assert "async def on_scheduled(controller, env, ctx)" in outcome.traceback


async def test_what_is_not_awaited_is_warned_of_without_a_card_too(shell):
    await shell.ok(
        "%%worker keeper -q --kv CACHE=cache\n"
        "from workers import WorkerEntrypoint\n"
        "class Default(WorkerEntrypoint):\n"
        "    async def keep(self):\n"
        "        self.env.CACHE.put('k', 'v')\n"
    )
    for typed in ("%call keeper.keep", "await keeper.keep()"):
        outcome = await shell.ok(typed)
        assert "warn: env.CACHE.put('k') was cancelled: it was never awaited." in outcome.stdout


async def test_a_definition_without_a_handler_says_so(shell):
    outcome = await shell.ok("%%worker bare\nclass Default: pass\n")
    assert "without a handler: write class Default(WorkerEntrypoint)" in outcome.stdout
