"""Live tables: drawn again in their output when something has changed, for so long."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace

import pytest

from workernb.options.watch import LogsOptions
from workernb.views.tables.requests import LogsTable, logs_state
from workernb.views.tables.table import Table
from workernb.views.widgets import table
from workernb.views.widgets.table import MAX_LIVE, REFRESH_TICKS, LiveTable

SAYS = """
import asyncio
from js import WebSocketPair
from workers import WorkerEntrypoint, Response
class Default(WorkerEntrypoint):
    async def fetch(self, request):
        if not request.headers["upgrade"]:
            print("<b>asked</b>")
            return Response("x")
        client, server = WebSocketPair.new().object_values()
        server.accept()
        server.addEventListener("message", lambda event: print("heard", event.data))
        return Response(None, status=101, web_socket=client)
"""


class Output:
    def __init__(self) -> None:
        self.updates: list[Table] = []

    def update(self, shown: Table) -> None:
        self.updates.append(shown)


@pytest.fixture
def output(monkeypatch):
    output = Output()
    monkeypatch.setattr("IPython.display.display", lambda *args, **options: output)
    monkeypatch.setattr("IPython.get_ipython", lambda: SimpleNamespace(kernel=object()))
    monkeypatch.setattr(LiveTable, "_live", [])
    return output


def make(value):
    return LiveTable(lambda: Table("T", ["x"], [[str(value[0])]], ""), lambda: value[0])


def tick(shown, times=REFRESH_TICKS):
    return [shown.tick() for _ in range(times)][-1]


async def test_it_is_drawn_again_when_its_state_has_changed(output):
    value = [1]
    shown = make(value)
    shown._ipython_display_()
    assert tick(shown)
    assert output.updates == []
    value[0] = 2
    assert tick(shown)
    assert [repr(update).splitlines()[-1] for update in output.updates] == ["2"]
    assert repr(shown).endswith("2")


async def test_it_ends_after_a_time_without_a_change_and_as_the_oldest(output, monkeypatch):
    monkeypatch.setattr(table, "LIVE_TICKS", 12)
    shown = make([1])
    shown._ipython_display_()
    assert tick(shown, 11)
    assert not tick(shown, 1)
    monkeypatch.setattr(table, "LIVE_TICKS", 10_000)
    many = [make([1]) for _ in range(MAX_LIVE + 1)]
    for one in many:
        one._ipython_display_()
    assert [one.live for one in many] == [False] + [True] * MAX_LIVE
    assert not tick(many[0])


async def test_in_a_terminal_it_is_shown_once(output, monkeypatch):
    monkeypatch.setattr("IPython.get_ipython", SimpleNamespace)
    shown = make([1])
    shown._ipython_display_()
    assert not shown.live


async def test_logs_of_requests_that_end_and_of_those_that_last(runtime, output):
    says = runtime.define("says", SAYS)
    shown = LiveTable(
        lambda: LogsTable(runtime, LogsOptions(worker="says")), lambda: logs_state(runtime)
    )
    shown._ipython_display_()
    await says.fetch()
    tick(shown)
    assert "<b>asked</b>" in repr(output.updates[-1])
    assert "<b>asked" not in output.updates[-1]._repr_html_()
    socket = await says.connect()
    socket.send("hello")
    for _ in range(4):
        await asyncio.sleep(0)
    tick(shown)
    assert "heard hello" in repr(output.updates[-1])
    socket.close()
    for _ in range(4):
        await asyncio.sleep(0)
    count = len(output.updates)
    tick(shown, 3 * REFRESH_TICKS)
    assert len(output.updates) <= count + 1
