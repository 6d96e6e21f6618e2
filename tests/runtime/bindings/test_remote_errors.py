"""Exceptions that cross a binding over RPC."""

from __future__ import annotations

import json
import traceback

import pytest

import workernb

from .conftest import RPC_HEAD

FAILING = (
    RPC_HEAD
    + """
import json

class NotFound(KeyError):
    def __init__(self, name):
        super().__init__(name)
        self.name = name
        self.open = open

class Quiet(Exception):
    def __str__(self):
        return "made by __str__"

class Default(WorkerEntrypoint):
    async def not_found(self):
        raise NotFound("user 7")

    async def quiet(self):
        raise Quiet(object())

    async def chained(self):
        try:
            {}["inner"]
        except KeyError as error:
            raise ValueError("outer") from error

    async def noted(self):
        error = ValueError("x")
        error.add_note("a note")
        error.when = datetime.datetime(2026, 1, 1)
        raise error

    async def library(self):
        json.loads("{")

    async def system(self):
        open("/nowhere/at/all")

    async def group(self):
        raise ExceptionGroup("two", [ValueError("a"), KeyError("b")])
"""
)


@pytest.fixture
def failing(runtime):
    return runtime.define("failing", FAILING)


async def raised(handle, name):
    with pytest.raises(Exception) as caught:  # noqa: PT011
        await handle.call(name)
    return caught.value


async def test_name_message_and_attributes_cross(failing, run):
    body = """
        try:
            await self.env.FAILING.not_found()
        except KeyError as error:
            return [type(error).__name__, error.args, error.name, error.remote,
                    hasattr(error, "open"), str(type(error).__mro__[1])]
    """
    with pytest.raises(TypeError, match="tuple"):  # An exception's args are a tuple.
        await run(body, FAILING="failing")
    body = body.replace("error.args", "list(error.args)")
    assert await run(body, FAILING="failing") == [
        "NotFound", ["user 7"], "user 7", True, False, "<class 'KeyError'>",
    ]  # fmt: skip


async def test_a_class_that_the_worker_defined_is_not_shared(failing):
    error = await raised(failing, "not_found")
    assert type(error).__name__ == "NotFound"
    assert type(error) is not failing.version.exports
    assert not type(error).__module__.startswith("<worker")
    assert isinstance(error, KeyError)


async def test_the_text_of_an_own_str_crosses(failing):
    error = await raised(failing, "quiet")
    assert (type(error).__name__, str(error)) == ("Quiet", "made by __str__")


async def test_causes_and_notes_cross(failing):
    error = await raised(failing, "chained")
    assert isinstance(error.__cause__, KeyError)
    text = "".join(traceback.format_exception(error))
    assert "KeyError: 'inner'" in text
    assert "direct cause" in text
    noted = await raised(failing, "noted")
    assert noted.__notes__ == ["a note"]
    assert noted.when.year == 2026


async def test_errors_of_libraries_and_the_system_keep_their_class(failing):
    error = await raised(failing, "library")
    assert isinstance(error, json.JSONDecodeError)
    assert error.pos == 1
    system = await raised(failing, "system")
    assert (type(system), system.errno) == (FileNotFoundError, 2)
    group = await raised(failing, "group")
    assert isinstance(group, ExceptionGroup)


async def test_the_traceback_shows_the_lines_of_both(failing, run, runtime):
    with pytest.raises(KeyError) as caught:
        await run("return await self.env.FAILING.not_found()", FAILING="failing")
    places = [frame.filename for frame in traceback.extract_tb(caught.value.__traceback__)]
    assert places[-2:] == ["<worker caller v1>", "<worker failing v1>"]
    assert not any("/workernb/" in place for place in places)
    log = runtime.traces[-1].logs[-1]
    assert log.level == "error"
    assert log.invocation.service == "failing"


async def test_attributes_cross_from_a_compatibility_date_on(runtime, failing):
    runtime.define("failing", FAILING, compatibility_date="2026-04-20")
    error = await raised(failing, "not_found")
    assert not hasattr(error, "name")
    assert error.args == ("user 7",)
    runtime.define("failing", FAILING, compatibility_date="2026-04-21")
    assert (await raised(failing, "not_found")).name == "user 7"


async def test_our_own_errors_pass(runtime, run):
    with pytest.raises(workernb.BindingError) as caught:
        await run("return await self.env.NOBODY.x()", NOBODY="nobody")
    assert type(caught.value) is workernb.BindingError
