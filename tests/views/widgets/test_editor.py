"""The binding editor, through its own fields and buttons. Without a browser."""

from __future__ import annotations

import asyncio
import json
import threading
from typing import Any

import ipywidgets
import pytest

import workernb
from workernb import BindingEditor, UsageError

GATEWAY = """
from workers import Response, WorkerEntrypoint

class Default(WorkerEntrypoint):
    async def fetch(self, request):
        return await self.env.AUTH.fetch(request)
"""
AUTH = """
from workers import Response, WorkerEntrypoint

class Default(WorkerEntrypoint):
    async def fetch(self, request):
        return Response("{}")

class Admin(WorkerEntrypoint):
    async def fetch(self, request):
        return Response("admin " + str(self.ctx.props))
"""


@pytest.fixture
def system(runtime):
    """A gateway, and what it may be bound to."""
    runtime.define("auth", AUTH.format("production"))
    runtime.define("auth", AUTH.format("staging"), environment="staging")
    runtime.define("mail", GATEWAY)
    runtime.define("gateway", GATEWAY, services={"AUTH": "auth"}, secrets={"KEY": "planted-secret"})
    return runtime


def rows(editor: BindingEditor) -> list[str]:
    """The texts of the rows of an editor, without markup."""
    texts = []
    for row in editor._rows.children:
        html = row.children[0].value if isinstance(row, ipywidgets.HBox) else row.value
        texts.append(html.replace("<b>", "").replace("</b>", ""))
    return texts


def press(editor: BindingEditor, tooltip: str) -> None:
    """Press the button with this tooltip, in a row of the editor."""
    (found,) = [
        button
        for row in editor._rows.children
        for button in row.children
        if isinstance(button, ipywidgets.Button) and button.tooltip == tooltip
    ]
    found.click()


def options(field: Any) -> list[str]:
    return [value for _, value in field.options]


async def asked(runtime: workernb.Runtime) -> str:
    return await (await runtime["gateway"].fetch()).text()


async def test_a_binding_is_replaced_at_once(system):
    editor = BindingEditor("gateway", system)
    assert rows(editor) == ["AUTH → auth", "KEY (secret)"]
    form = editor.bindings
    form.name.value = " AUTH "
    form.environment.value = "staging"
    form.button.click()
    assert await asked(system) == "staging"
    assert rows(editor)[0] == "AUTH → auth-staging"
    assert "gateway v2 · AUTH: auth → auth-staging" in editor.message
    assert form.name.value == ""
    assert system.history[-1].reason == "the binding editor"


async def test_an_entrypoint_is_chosen_and_props_are_given(system):
    editor = BindingEditor(system["gateway"])
    form = editor.bindings
    form.name.value, form.entrypoint.value, form.props.value = "AUTH", "Admin", '{"role": "x"}'
    form.button.click()
    assert rows(editor)[0] == "AUTH → auth#Admin{&#34;role&#34;: &#34;x&#34;}"
    assert await asked(system) == "admin {'role': 'x'}"
    press(editor, "Put AUTH into the form")
    chosen = (form.name.value, form.worker.value, form.entrypoint.value, form.props.value)
    assert chosen == ("AUTH", "auth", "Admin", '{"role": "x"}')


def test_what_is_offered_follows_what_is_chosen(system):
    form = BindingEditor("gateway", system).bindings
    assert options(form.worker) == ["auth", "mail", "gateway"]
    assert options(form.environment) == ["", "staging"]
    assert options(form.entrypoint) == ["Default", "Admin"]
    form.entrypoint.value = "Admin"
    form.environment.value = "staging"
    assert form.entrypoint.value == "Admin"
    form.worker.value = "mail"
    assert options(form.environment) == [""]
    assert options(form.entrypoint) == ["Default"]
    form.worker.value = "auth"
    assert options(form.entrypoint) == ["Default", "Admin"]


async def test_a_binding_is_removed(system):
    editor = BindingEditor("gateway", system)
    press(editor, "Remove AUTH")
    assert rows(editor) == ["KEY (secret)"]
    with pytest.raises(AttributeError, match="AUTH"):
        await asked(system)
    press(editor, "Remove KEY")
    assert rows(editor) == ["Nothing is bound yet."]


def test_vars_are_texts_or_json(system):
    editor = BindingEditor("gateway", system)
    form = editor.vars
    form.name.value, form.value.value = "GREETING", "<b>hello</b>"
    form.button.click()
    assert "GREETING = &#34;&lt;b&gt;hello&lt;/b&gt;&#34;" in editor._rows.children[1].children[
        0
    ].value.replace("<b>", "").replace("</b>", "")
    form.name.value, form.value.value, form.json.value = "LIMITS", '{"a": 1}', True
    form.button.click()
    assert dict(system["gateway"].vars) == {"GREETING": "<b>hello</b>", "LIMITS": {"a": 1}}
    form.name.value, form.value.value, form.json.value = "LIMITS", "{", True
    form.button.click()
    assert "The value of LIMITS is no JSON" in editor.message
    press(editor, "Put LIMITS into the form")
    assert (form.name.value, form.value.value, form.json.value) == ("LIMITS", '{"a": 1}', True)


def test_values_and_errors_are_escaped_and_visible(system):
    editor = BindingEditor("gateway", system)
    hostile = "<img src=x onerror='alert(1)'>\u202e\0&"
    system.change("gateway", vars={"TEXT": hostile})
    editor.refresh()
    editor.vars.name.value = hostile
    editor.vars.button.click()
    shown = [row.children[0].value for row in editor._rows.children] + [editor.message]
    assert sum("&lt;img src=x onerror=&#39;alert(1)&#39;&gt;" in html for html in shown) == 2
    for forbidden in ("<img", "\u202e", "\0", "& "):
        assert forbidden not in "".join(shown)


def test_a_secret_is_forgotten_once_it_was_used(system):
    editor = BindingEditor("gateway", system)
    form = editor.secrets
    form.name.value, form.value.value = "TOKEN", "another-planted-secret"
    form.button.click()
    assert form.value.value == form.name.value == ""
    assert system["gateway"].version.definition.secrets["TOKEN"] == "another-planted-secret"
    form.name.value, form.value.value = "no name", "refused-planted-secret"
    form.button.click()
    assert form.value.value == ""
    assert "Refused" in editor.message
    form.name.value, form.value.value = "EMPTY", ""
    form.button.click()
    assert "The secret EMPTY needs a value" in editor.message


def test_no_secret_is_in_any_state_of_the_editor(system, monkeypatch):
    sent: list[Any] = []
    monkeypatch.setattr(
        ipywidgets.Widget, "_send", lambda self, message, buffers=None: sent.append(message)
    )
    system["gateway"].vars["COPY"] = "of planted-secret"
    editor = BindingEditor("gateway", system)
    form = editor.secrets
    data = {"method": "update", "state": {"value": "another-planted-secret"}}
    form.value._handle_msg({"content": {"data": data}, "buffers": []})
    assert form.value.value == "another-planted-secret"
    states = [widget.get_state() for widget in everything(editor)]
    assert "planted-secret" not in json.dumps(states, default=str)
    form.name.value = "TOKEN"
    form.button.click()
    states = [widget.get_state() for widget in everything(editor)]
    shown = json.dumps([states, sent], default=str) + repr(editor) + repr(form.value)
    assert "TOKEN (secret)" in rows(editor)
    assert "planted-secret" not in shown


def everything(widget: Any) -> list[Any]:
    below = [everything(child) for child in getattr(widget, "children", ())]
    return [widget, *(one for some in below for one in some)]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("<b>", "&#39;&lt;b&gt;&#39; is no name for a binding: write it like AUTH or API_KEY."),
        ("KEY", "Bindings must have unique names"),
    ],
)
def test_what_is_refused_is_said_in_place(system, name, said):
    editor = BindingEditor("gateway", system)
    editor.bindings.name.value = name
    editor.bindings.button.click()
    assert 'role="alert"' in editor.message
    assert said in editor.message
    assert editor.bindings.name.value == name
    assert system["gateway"].version.number == 1


def test_a_target_that_went_away_is_refused_with_its_remedy(system):
    editor = BindingEditor("gateway", system)
    form = editor.bindings
    form.name.value, form.environment.value, form.props.value = "AUTH", "staging", "[1]"
    form.button.click()
    assert "Props are a JSON object" in editor.message
    form.props.value = ""
    stale = [*form.environment.options]
    system.remove("auth-staging")
    form.environment.options = stale
    form.environment.unobserve_all()
    form.environment.value = "staging"
    form.button.click()
    assert "No environment found in configuration" in editor.message
    assert "auth has no environments." in editor.message


def test_what_the_source_raises_is_said_in_place(system):
    system.define(
        "picky",
        "from workers import env\nif hasattr(env, 'BAD'):\n    raise KeyError('bad \\nnews')\n",
    )
    editor = BindingEditor("picky", system)
    editor.vars.name.value = "BAD"
    editor.vars.button.click()
    assert "Refused: KeyError: " in editor.message
    assert "\n" not in editor.message
    assert rows(editor) == ["Nothing is bound yet."]


def test_it_follows_what_others_change(system):
    editor = BindingEditor("gateway", system)
    system["gateway"].bindings["MAIL"] = "mail"
    assert "MAIL → mail" in rows(editor)
    system.define("prices", GATEWAY)
    assert "prices" in options(editor.bindings.worker)
    system.remove("gateway")
    assert "gateway is not defined" in editor._title.value
    assert editor._forms.layout.display == "none"
    system.define("gateway", GATEWAY)
    assert editor._forms.layout.display is None
    editor.close()
    assert editor._on_changed not in system.on_changed


async def test_many_changes_are_looked_at_once(system, monkeypatch):
    editor = BindingEditor("gateway", system)
    looked: list[int] = []
    refresh = editor.refresh
    monkeypatch.setattr(editor, "refresh", lambda: (looked.append(1), refresh()))
    for number in range(5):
        system["gateway"].vars["N"] = number
    await asyncio.sleep(0)
    assert looked == [1]
    assert "N = 4" in rows(editor)


async def test_a_button_pressed_on_another_thread_acts_on_the_loop(system):
    editor = BindingEditor("gateway", system)
    seen: list[int] = []
    system.on_changed.append(lambda change: seen.append(threading.get_ident()))
    editor.vars.name.value = "A"
    await asyncio.to_thread(editor.vars.button.click)
    await asyncio.sleep(0)
    assert seen == [threading.get_ident()]


def test_another_worker_can_be_chosen(system):
    editor = BindingEditor("auth@staging", system)
    assert "auth-staging" in editor._title.value
    editor.vars.name.value = "left over"
    editor.service = "gateway"
    assert rows(editor)[0] == "AUTH → auth"
    assert editor.vars.name.value == ""
    with pytest.raises(UsageError, match="There is no Worker 'gatewy'"):
        editor.service = "gatewy"
    editor.service = ""
    assert "No Worker is chosen" in editor._title.value
    assert rows(editor) == []


def test_what_is_no_worker_is_refused(system):
    before = list(system.on_changed)
    with pytest.raises(UsageError, match="There is no Worker 'nobody'"):
        BindingEditor("nobody", system)
    with pytest.raises(UsageError, match="a handle or its name, not 3"):
        BindingEditor(3, system)
    assert system.on_changed == before


def test_while_two_versions_serve_it_says_how_to_go_on(system):
    editor = BindingEditor("gateway", system)
    press(editor, "Remove AUTH")
    system.deploy("gateway", {1: 90, 2: 10})
    assert rows(editor)[0] == "AUTH → auth"
    press(editor, "Remove AUTH")
    assert "Two versions of Worker &#39;gateway&#39; serve" in editor.message
    assert "%deploy gateway v1" in editor.message
    system.rollback("gateway")
    assert "AUTH → auth" in rows(editor)


def test_its_still_picture_has_all_that_it_shows_but_no_secret(system):
    system["gateway"].vars["GREETING"] = "hello <there>"
    editor = BindingEditor("gateway", system)
    svg = editor.still().svg()
    for text in ("GREETING", "hello &lt;there&gt;", "Bindings of gateway"):
        assert text in svg
    assert "planted-secret" not in svg
    assert "Nothing is bound yet." in BindingEditor("mail", system).still().svg()
    assert "no Worker" in BindingEditor("", system).still().text()
