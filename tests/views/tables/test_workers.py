"""The trace as a tree, the Workers as a table, and text that is fit to be shown."""

from __future__ import annotations

import html

import pytest

from workernb import UsageError
from workernb.views.drawing.text import Markup, ms, one_line, share, visible
from workernb.views.pictures.tree import TracePicture
from workernb.views.tables.changes import VersionDiff
from workernb.views.tables.table import Table
from workernb.views.tables.workers import WorkerPage, WorkersTable


async def test_the_tree(system):
    trace = (await system(3)["service-0"].fetch()).trace
    lines = [line.split(" · self")[0] for line in repr(TracePicture(trace)).splitlines()]
    assert lines[0] == "request 1: GET http://service-0.localhost/"
    assert lines[1].startswith("ok · CPU ")
    assert lines[2:] == [
        "service-0 v1: 200",
        "│ · at http://service-0.localhost/",
        "├─SVC1 → service-1 v1: 200",
        "│   · at http://x/",
        "└─SVC2 → service-2 v1: 200",
        "    · at http://x/",
    ]


async def test_a_failure_in_the_tree(runtime):
    runtime.define(
        "bad",
        "from workers import WorkerEntrypoint\n"
        "class Default(WorkerEntrypoint):\n"
        "    async def fetch(self, request):\n"
        "        raise ValueError('<b>no</b>')\n",
    )
    with pytest.raises(ValueError, match="no"):
        await runtime["bad"].fetch()
    picture = TracePicture(runtime.traces[-1])
    assert "bad v1: exception (ValueError: <b>no</b>)" in repr(picture)
    assert "· error: Traceback (most recent call last):" in repr(picture)
    assert "<b>no" not in picture.svg()
    assert html.escape("ValueError: <b>no</b>") in picture.svg()


async def test_a_long_trace_is_cut(system, monkeypatch):
    monkeypatch.setattr("workernb.views.pictures.tree.MAX_INVOCATIONS", 2)
    trace = (await system(5)["service-0"].fetch()).trace
    assert repr(TracePicture(trace)).endswith("… and 3 more invocations")


async def test_the_table(system):
    runtime = system(3)
    await runtime["service-0"].fetch()
    table = WorkersTable(runtime)
    first = repr(table).splitlines()[2].split("  ")
    cells = [cell.strip() for cell in first if cell.strip()]
    assert cells[0] == "service-0"
    assert cells[1].startswith("v1 ")
    assert cells[2] == "service-0.localhost/*"
    assert cells[3] == "SVC1=service-1, SVC2=service-2, GREETING=…, KEY (secret)"
    assert cells[4:] == ["–", "1"]
    assert "planted" not in repr(table) + table._repr_html_()
    assert "<td" in table._repr_html_()


def test_an_empty_table_says_what_to_do(runtime):
    assert "%%worker NAME" in repr(WorkersTable(runtime))
    assert "%%worker NAME" in WorkersTable(runtime)._repr_html_()


def cells(text: str, title: str) -> list[list[str]]:
    """Return the cells of a table of a page, without those that are empty."""
    (table,) = [part for part in text.split("\n\n") if part.startswith(title)]
    return [[c.strip() for c in row.split("  ") if c.strip()] for row in table.splitlines()[2:]]


async def test_a_page_says_what_a_worker_may_and_what_it_did(system):
    runtime = system(5)
    runtime.define(
        "front",
        "from workers import Response, WorkerEntrypoint\n"
        "class Default(WorkerEntrypoint):\n"
        "    async def fetch(self, request):\n"
        "        return await self.env.BACK.fetch(request)\n"
        "class Admin(WorkerEntrypoint):\n"
        "    async def fetch(self, request):\n"
        "        return Response('x')\n",
        environment="staging",
        services={"BACK": "back", "GONE": "missing"},
        vars={"GREETING": "planted-var"},
        secrets={"KEY": "planted-secret"},
        limits={"cpu_ms": 50, "wall_ms": None, "subrequests": 7},
        compatibility_date="2026-11-23",
        version_metadata="VERSION",
    )
    runtime.define("back", "raise_ = 1\n")
    with pytest.raises(Exception, match=r"fetch|entrypoint"):
        await runtime["front-staging"].fetch("http://x/")
    page = WorkerPage(runtime, "front-staging")
    facts = {row[0]: row[1] for row in cells(repr(page), "front-staging")}
    assert facts["environment"] == "staging, of front"
    assert facts["entrypoints"] == "Default, Admin"
    assert facts["compatibility date"] == "2026-11-23"
    assert facts["CPU budget"] == "50 ms of a request, with all that it calls"
    assert facts["wall clock"] == "no limit"
    assert facts["subrequests"] == "7"
    assert facts["requests in the kept traces"] == "1, of which 1 failed"
    assert float(facts["CPU in them"].split()[0]) > 0
    bindings = {row[0]: row[1:] for row in cells(repr(page), "Bindings")}
    assert bindings["BACK"][0] == "service back"
    assert bindings["BACK"][-1] == "no such entrypoint"
    assert bindings["GONE"] == ["service missing", "0", "0", "not defined"]
    assert bindings["GREETING"] == ["var"]
    assert bindings["KEY"] == ["secret"]
    assert bindings["VERSION"] == ["version metadata"]
    assert "<td" in page._repr_html_()
    assert "planted" not in repr(page) + page._repr_html_()


async def test_a_page_counts_what_came_over_each_binding(system):
    runtime = system(3)
    for _ in range(2):
        await runtime["service-0"].fetch("http://x/")
    assert cells(repr(WorkerPage(runtime, "service-1")), "Bound Services") == [
        ["service-0.SVC1", "service-1", "2", "0"]
    ]
    out = cells(repr(WorkerPage(runtime, "service-0")), "Bindings")
    assert out[0] == ["SVC1", "service service-1", "2", "0"]


async def test_a_workers_page(system):
    runtime = system(5)
    await runtime["service-0"].fetch()
    page = WorkerPage(runtime, "service-4")
    text = repr(page)
    assert "Bound Services" in text
    assert "service-1.SVC4" in text
    assert "service-3.ADMIN" in text
    assert "1, of which 0 failed" in text
    assert "planted" not in text + page._repr_html_()
    bound = cells(text, "Bound Services")
    assert ["service-1.SVC4", "service-4", "1", "0"] in bound
    assert ["service-3.ADMIN", "service-4#Nope", "0", "0"] in bound
    with pytest.raises(UsageError, match="There is no Worker 'service-9'"):
        WorkerPage(runtime, "service-9")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain\ttext\n", "plain\ttext\n"),
        ("\0\x1b", "␀␛"),
        ("\u202eabc", "⟨202E⟩abc"),
        ("\ud800", "⟨D800⟩"),
    ],
)
def test_what_cannot_be_seen_is_shown(text, shown):
    assert visible(text) == shown


def test_text_is_cut_and_kept_on_a_line():
    assert visible("x" * 20, 5) == "xxxx…"
    assert one_line("a\r\nb\nc") == "a⏎b⏎c"


HOSTILE = "<b class=\"x\" id='y'>&\u202e\0"
HARMLESS = "&lt;b class=&#34;x&#34; id=&#39;y&#39;&gt;&amp;⟨202E⟩␀"


@pytest.mark.parametrize(
    "markup",
    [
        Markup.escape(HOSTILE),
        Markup("{}").format(HOSTILE),
        Markup("{text}").format(text=HOSTILE),
        Markup("%s") % HOSTILE,
        Markup("").join([HOSTILE]),
        Markup("") + HOSTILE,
        HOSTILE + Markup(""),
    ],
)
def test_text_in_markup_is_escaped_and_visible(markup):
    assert markup == HARMLESS
    assert isinstance(markup, Markup)


def test_markup_in_markup_stays_as_it_is():
    inner = Markup("<b>{}</b>").format("<&>")
    assert Markup("<p>{}</p>").format(inner) == "<p><b>&lt;&amp;&gt;</b></p>"
    assert Markup("").join([inner, inner]) == inner + inner
    assert Markup.escape(inner) == inner


def test_every_cell_title_and_heading_of_a_table_is_escaped():
    for rows in ([], [(HOSTILE, "x")]):
        html_of_table = Table(HOSTILE, (HOSTILE, "b"), rows, HOSTILE)._repr_html_()
        assert type(html_of_table) is str
        assert html_of_table.count(HARMLESS) == (3 if rows else 2)
        for forbidden in ("<b class", "\u202e", "\0"):
            assert forbidden not in html_of_table


def test_the_code_of_a_version_is_escaped(runtime):
    for number in (1, 2):
        runtime.define("web", f"TEXT = {HOSTILE[:-1]!r}  # </pre><script>{number}\n")
    shown = VersionDiff.of(runtime, "web", [])._repr_html_()
    assert "&lt;/pre&gt;&lt;script&gt;2" in shown
    assert "<script" not in shown


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0.000 ms"),
        (0.0123, "0.012 ms"),
        (3.4, "3.40 ms"),
        (12.34, "12.3 ms"),
        (1203, "1,203 ms"),
    ],
)
def test_times_have_three_figures(value, text):
    assert ms(value) == text


def test_shares():
    assert (share(1, 3), share(1, 0)) == ("33 %", "0 %")
