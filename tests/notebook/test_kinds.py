"""A kind of binding that is registered is found wherever bindings are given or shown."""

from __future__ import annotations

import pytest
from IPython.core.completer import CompletionContext

import workernb
from workernb import BindingEditor, UsageError
from workernb.notebook.completion import complete
from workernb.runtime.services.kinds import BindingKind, register, unregister
from workernb.runtime.services.option import Form, Option
from workernb.views.pictures.graph import GraphPicture

from .conftest import cell


class Toy:
    """What stands on env for a toy."""

    def __init__(self, name):
        self.name = name


class ToyKind(BindingKind):
    """A kind of binding that only this test has."""

    keyword, noun = "toys", "toy"
    options = (
        Option(("--toy",), "a toy to play with", Form.VALUE, "toys", metavar="BINDING=TOY",
            example="BEAR=teddy"),
    )  # fmt: skip

    def check_value(self, name, value):
        if not value.isalpha():
            raise UsageError(f"The toy {name} is written in letters, not {value!r}.")
        return value

    def env_value(self, name, value, builder):
        return Toy(value)


@pytest.fixture
def toys():
    kind = ToyKind()
    register(kind)
    yield kind
    unregister(kind)


PLAY = "return Response(self.env.BEAR.name)"


@pytest.fixture
async def system(toys, shell):
    await shell.ok(cell("child --toy BEAR=teddy --toy BALL=red", PLAY))
    return shell


def text(outcome):
    return outcome.displays[-1]["text/plain"]


async def test_it_is_an_option_of_the_cell_and_stands_on_env(system):
    outcome = await system.ok("await (await child.fetch()).text()")
    assert outcome.result == "teddy"
    assert "write --toy BEAR=teddy, not 'BEAR'" in await system.refused(cell("x --toy BEAR"))
    refused = await system.refused(cell("child --toy BEAR=t3ddy", PLAY))
    assert "The toy BEAR is written in letters, not 't3ddy'." in refused
    assert (await system.ok("await (await child.fetch()).text()")).result == "teddy"


async def test_it_is_a_keyword_of_define_and_of_change(toys):
    runtime = workernb.Runtime()
    source = cell("child", PLAY).partition("\n")[2]
    child = runtime.define("child", source, toys={"BEAR": "teddy"})
    assert await (await child.fetch()).text() == "teddy"
    runtime.change("child", toys={"BEAR": "paddington"})
    assert await (await child.fetch()).text() == "paddington"
    with pytest.raises(UsageError, match="Bindings must have unique names"):
        runtime.change("child", vars={"BEAR": "a var"})
    runtime.change("child", remove=["BEAR"])
    assert child.version.definition.bindings == {}
    runtime.close()


async def test_it_is_in_the_tables(system):
    assert "BEAR=teddy, BALL=red" in text(await system.ok("%workers"))
    page = text(await system.ok("%workers child"))
    assert "toy teddy" in page
    assert "toy red" in page


async def test_it_is_in_differences_and_history(system):
    await system.ok(cell("child --toy BEAR=paddington", PLAY))
    difference = text(await system.ok("%diff child v1 v2"))
    assert "BEAR: teddy → paddington" in difference
    assert "BALL: red is removed" in difference
    history = text(await system.ok("%workers child --history"))
    assert "BEAR: teddy → paddington" in history


async def test_it_is_in_the_graph(system):
    assert "private · 2 toys" in GraphPicture(workernb.get_runtime()).svg()


async def test_it_is_in_the_editor(system):
    runtime = workernb.get_runtime()
    editor = BindingEditor("child", runtime)
    shown = [row.children[0].value for row in editor._rows.children]
    assert shown == ["<b>BEAR</b> = teddy", "<b>BALL</b> = red"]
    (form,) = [form for form in editor._forms.children if form.label == "Toy"]
    form.load("BEAR", "teddy")
    form.value.value = "paddington"
    form.button.click()
    assert runtime["child"].version.definition.of_kind(ToyKind()) == {
        "BEAR": "paddington",
        "BALL": "red",
    }
    editor.close()


async def test_it_is_completed(system):
    def offered(typed):
        context = CompletionContext(typed, typed, len(typed), 0, None)
        return [each.text for each in complete(context)["completions"]]

    assert offered("%%worker new --to") == ["--toy"]
    assert offered("%unbind child B") == ["BEAR", "BALL"]
