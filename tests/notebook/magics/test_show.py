"""The magics that show tables, pictures and widgets."""

from __future__ import annotations

import json

import pytest

from ..conftest import PUBLIC_GATEWAY


async def test_requests_are_chosen_by_number(shell):
    await shell.ok(PUBLIC_GATEWAY, "%fetch gateway/one", "%fetch gateway/two")
    assert "gateway.localhost/two" in (await shell.ok("%trace")).text
    assert "gateway.localhost/one" in (await shell.ok("%trace 1")).text
    assert "gateway.localhost/one" in (await shell.ok("%cpu -2  # the one before")).text
    assert "There is no request 9; there are 1 to 2." in await shell.refused("%cpu 9")
    assert "takes the number of a request, not 'x'" in await shell.refused("%cpu x")


async def test_pictures_are_written_into_files(shell, tmp_path):
    await shell.ok(PUBLIC_GATEWAY, "%fetch gateway")
    graph, cpu = tmp_path / "graph.svg", tmp_path / "cpu.png"
    said = (await shell.ok(f"%graph gateway -o {graph}", f"%cpu -o {cpu}")).text
    assert f"{cpu}: the picture" in said
    assert "<svg" in graph.read_text()
    assert cpu.read_bytes().startswith(b"\x89PNG")
    refusal = await shell.refused(f"%graph -o {tmp_path / 'graph.gif'}")
    assert "-o takes a file that ends with .svg, .png, .pdf" in refusal


async def test_a_trace_is_written_for_other_tools(shell, tmp_path):
    perfetto, otlp = tmp_path / "a file.json", tmp_path / "otlp.json"
    await shell.ok(PUBLIC_GATEWAY, "%fetch gateway/one", "%fetch gateway/two")
    said = (await shell.ok(f"%trace 1 --perfetto '{perfetto}' --otlp {otlp}")).text
    assert f"{perfetto}: request 1, for https://ui.perfetto.dev" in said
    assert "gateway.localhost/one" in perfetto.read_text()
    assert "resourceSpans" in json.loads(otlp.read_text())
    refusal = await shell.refused(f"%trace --perfetto {tmp_path}")
    assert f"{tmp_path} cannot be written: Is a directory." in refusal
    assert "takes the number of a request, not 'x'" in await shell.refused("%trace x")


async def test_the_pictures_are_shown_in_every_form(shell):
    await shell.ok(PUBLIC_GATEWAY, "%fetch gateway")
    for magic in ("%graph", "%cpu"):
        (shown,) = (await shell.ok(magic)).displays
        assert set(shown) == {"image/svg+xml", "image/png", "text/plain"}
    (table,) = (await shell.ok("%workers")).displays
    assert "gateway.localhost/*" in table["text/plain"]
    assert "Bound Services" in (await shell.ok("%workers gateway")).text


async def test_the_dashboard_leaves_the_still_graph(shell):
    await shell.ok("%%worker auth -q\n0\n")
    outcome = await shell.ok("%dashboard")
    assert any("image/svg+xml" in shown for shown in outcome.displays)
    for odd in ("auth", "--live", "'auth", "{auth}", "\\"):
        outcome = await shell.run(f"%dashboard {odd}")
        assert outcome.traceback.count("%dashboard takes nothing: it shows all Workers.") == 1


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("%cpu", "%cpu has nothing to show yet"),
        ("%cpu 7", "%cpu has nothing to show yet"),
        ("%trace", "%trace has nothing to show yet"),
        ("%workers nobody", "There is no Worker 'nobody'"),
        ("%workers --used-by", "%workers --used-by is asked of one: %workers NAME --used-by."),
        ("%graph x", "There is no Worker 'x'"),
        ("%graph gateway auth", "%graph takes one WORKER"),
        ("%graph --live=x", "%graph: "),
        ("%cpu x", "%cpu takes the number of a request, not 'x'."),
    ],
)
async def test_refusals(shell, typed, said):
    await shell.ok(PUBLIC_GATEWAY)
    assert said in await shell.refused(typed)


async def test_the_graph_around_one_worker(shell):
    await shell.ok("%%worker far -q\n0\n", "%%worker auth -q --bind FAR=far\n0\n", PUBLIC_GATEWAY)
    (shown,) = (await shell.ok("%graph gateway")).displays
    assert "gateway" in shown["text/plain"]
    assert "far" not in shown["text/plain"]
    (shown,) = (await shell.ok("%graph --live auth")).displays
    assert "──FAR──▶ far" in shown["text/plain"]
