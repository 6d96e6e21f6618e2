"""Checks of a Worker's source by its syntax tree."""

from __future__ import annotations

import math

import pytest

import workernb
from workernb.engines.checks import check_javascript, check_module, check_source


def told(source: str, **notebook: object) -> list[str]:
    return [str(finding) for finding in check_source(source, notebook)]


def entrypoint(body: str, method: str = "async def fetch(self, request)") -> str:
    lines = "".join(f"        {line}\n" for line in body.split("\n"))
    return (
        "from workers import Response, WorkerEntrypoint\n"
        f"class Default(WorkerEntrypoint):\n    {method}:\n{lines}"
    )


@pytest.mark.parametrize(
    ("source", "line", "text"),
    [
        ("class Defualt(WorkerEntrypoint):\n  pass", 2, "Did you mean Default?"),
        ("class default(WorkerEntrypoint):\n  pass", 2, "Did you mean Default?"),
        ("class Default:\n  pass", 2, "class Default is no entrypoint: write class Default("),
        ("class Web:\n  async def fetch(self, request): pass", 2, "class Web is no entrypoint"),
        ("async def fetch(request): pass", 2, "the function fetch is no handler"),
        ("async def on_fecth(request): pass", 2, "or call it on_fetch"),
        ("class Default(WorkerEntrypoint):\n  async def fecth(self, request): pass", 3,
            "Default.fecth is no handler, so no event calls it. Did you mean fetch?"),
        ("class Default(WorkerEntrypoint):\n  async def on_fetch(self, request): pass", 3,
            "Did you mean fetch?"),
        ("class Default(WorkerEntrypoint):\n  def shceduled(self, c, env, ctx): pass", 3,
            "Did you mean scheduled?"),
        ("class Default(WorkerEntrypoint):\n  def email(self, message, env, ctx): pass", 3,
            "Default.email is never called here: Email Workers, not simulated."),
    ],
)  # fmt: skip
def test_entrypoints_and_handlers(source, line, text):
    (found,) = told(f"from workers import WorkerEntrypoint\n{source}")
    assert found.startswith(f"line {line}: ")
    assert text in found


@pytest.mark.parametrize("name", ["fetch", "scheduled", "queue", "tail"])
def test_a_handler_that_is_called_is_not_told_of(name):
    handler = f"  async def {name}(self, argument, env=None, ctx=None): pass"
    assert (
        told(f"from workers import WorkerEntrypoint\nclass Default(WorkerEntrypoint):\n{handler}")
        == []
    )


@pytest.mark.parametrize(
    "source",
    [
        "async def on_fetch(request, env): pass",
        "class Default(WorkerEntrypoint):\n  async def latest(self): pass\n  def tested(self): 1",
        "class Base(WorkerEntrypoint): pass\nclass Default(Base):\n  def fetch(self, r): pass",
        "class Admin(WorkerEntrypoint): pass",
        "class Default(WorkerEntrypoint):\n  async def queue(self, batch, env, ctx): pass",
        "class Client:\n  def fetch(self): pass\nasync def on_fetch(r): pass",
        "class A(A): pass",
        "class A(B): pass\nclass B(A): pass",
        "this is no Python",
        "export default { fetch() {} }",
    ],
)
def test_what_may_be_right_is_left_alone(source):
    assert told(f"from workers import WorkerEntrypoint\n{source}") == []


@pytest.mark.parametrize(
    ("body", "line", "call"),
    [
        ("r = self.env.AUTH.fetch(request)\nreturn Response(r.status)", 4, "self.env.AUTH.fetch"),
        ("return Response(self.env.AUTH.fetch(request).status)", 4, "self.env.AUTH.fetch"),
        ("r = await self.env.AUTH.fetch(request)\nreturn Response('got ' + r.text())", 5, "r.text"),
        ("t = request.text()\nreturn Response(f'{t}')", 4, "request.text"),
        ("return Response(self.env.KV.get('a'))", 4, "self.env.KV.get"),
        ("self.env.KV.put('a', 'b')\nreturn Response('x')", 4, "self.env.KV.put"),
        ("for key in request.json():\n    pass", 4, "request.json"),
        ("if self.env.KV.get('a') == '1':\n    pass", 4, "self.env.KV.get"),
        ("x = [key for key in request.json()]", 4, "request.json"),
        ("async def inner():\n    return 1 + env.M.add(1, 2)\nawait inner()", 5, "env.M.add"),
    ],
)
def test_a_forgotten_await(body, line, call):
    source = entrypoint(body).replace("import Response", "import env, Response")
    assert told(source) == [f"line {line}: {call}(…) gives a coroutine: write await {call}(…)."]


@pytest.mark.parametrize(
    "body",
    [
        "return await self.env.AUTH.fetch(request)",
        "a, b = self.env.A.fetch(request), self.env.B.fetch(request)\nx = await a, await b",
        "call = self.env.A.fetch(request)\nr = await call\nreturn Response(r.status)",
        "call = self.env.A.fetch(request)\nr = (await asyncio.gather(call))[0]\nimport asyncio",
        "self.ctx.waitUntil(self.env.KV.put('a', 'b'))",
        "return Response(await self.env.C.make(1).increment())",
        "statement = self.env.DB.prepare('SELECT 1')\nreturn Response(await statement.first())",
        "return self.env.AUTH.fetch(request)",
        "with self.env.C.make(1) as counter:\n    await counter.add()",
    ],
)
def test_a_call_that_is_handed_on_is_left_alone(body):
    assert told(entrypoint(body)) == []


def test_a_variable_of_the_notebook():
    source = entrypoint("return Response(greeting + str(math.pi) + helper() + str(rate))")
    runtime = workernb.Runtime()
    handle = runtime.define("auth", "")
    found = told(source, greeting="hi", math=math, helper=test_a_forgotten_await, rate=3)
    begin = "is a variable of the notebook, and a Worker sees only its own module"
    assert found == [
        f"line 4: greeting {begin}: --var GREETING={{greeting}}, and self.env.GREETING",
        f"line 4: helper {begin}: define it in the Worker's cell, or in a module of it, "
        "--module PATH.",
        f"line 4: math {begin}: write import math in the Worker's cell.",
        f"line 4: rate {begin}: --var-json RATE=JSON, and self.env.RATE",
    ]
    assert told(entrypoint("await auth.fetch(request)"), auth=handle) == [
        f"line 4: auth {begin}: --bind AUTH=auth, and await self.env.AUTH.…"
    ]
    runtime.close()


def test_a_slip_in_a_name():
    assert told(entrypoint("return Responce('x')")) == [
        "line 4: Responce is not defined. Did you mean Response?"
    ]


@pytest.mark.parametrize(
    "source",
    [
        "import math\ndef on_fetch(r): return math.pi",
        "def on_fetch(r):\n  global math\n  import math\ndef g(): return math.pi",
        "from math import *\ndef on_fetch(r): return greeting",
        "def on_fetch(r):\n  try: pass\n  except ValueError as greeting: return greeting",
        "class A:\n  greeting = 1\n  other = greeting\ndef on_fetch(r, greeting=2): greeting",
        "def on_fetch(r): return zzz_unheard_of",
        "def on_fetch(r): return [greeting for greeting in 'ab'] + [__name__]",
    ],
)
def test_names_that_the_module_has_are_its_own(source):
    assert told(source, math=math, greeting="hi") == []


def test_a_module_needs_no_entrypoint():
    assert check_module("class Default:\n  pass\n", {}) == []
    assert len(check_module("def f(): return greeting\n", {"greeting": "x"})) == 1


def test_a_response_that_is_read_and_returned_without_await():
    body = (
        "response = self.env.AUTH.fetch(request)\n"
        "if response.status != 200:\n    return response\n"
        "return Response('data')"
    )
    call = "self.env.AUTH.fetch"
    assert told(entrypoint(body)) == [
        f"line 4: {call}(…) gives a coroutine: write await {call}(…)."
    ]
    assert told(entrypoint(body.replace("if", "response = await response\nif"))) == []


CLASS = "from workers import WorkerEntrypoint\nclass Default(WorkerEntrypoint):\n    {}: pass\n"


@pytest.mark.parametrize(
    ("method", "text"),
    [
        ("async def fetch(request)",
         "Default.fetch has no self: write async def fetch(self, request)."),
        ("async def queue(self, batch)",
         "Default.queue takes too few arguments: write async def queue(self, batch, env, ctx)."),
        ("async def scheduled(self)",
         "Default.scheduled takes too few arguments: write "
         "async def scheduled(self, controller, env, ctx)."),
        ("def __init__(self)",
         "Default is made with ctx and env: write def __init__(self, ctx, env), and "
         "super().__init__(ctx, env) in it."),
    ],
)  # fmt: skip
def test_a_method_that_lacks_a_parameter(method, text):
    assert told(CLASS.format(method)) == [f"line 3: {text}"]


@pytest.mark.parametrize(
    "method",
    [
        "async def fetch(self)",
        "async def fetch(self, request, env, ctx)",
        "async def queue(self, batch, env, ctx)",
        "async def scheduled(self, *given)",
        "def __init__(self, ctx, env, more=1)",
        "def __init__(self, *given)",
    ],
)
def test_a_method_that_takes_what_it_gets(method):
    assert told(CLASS.format(method)) == []


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("export default { async ftch() { return new Response('x'); } };",
         ["line 1: ftch is no handler, so no event calls it. Did you mean fetch?"]),
        ("export default {\n  Fetch(request) {\n  },\n};",
         ["line 2: Fetch is no handler, so no event calls it. Did you mean fetch?"]),
        ("export default { async fetch() { patch(); } };\nfunction fetcher() {\n}", []),
        ("export default { fetch: handle };\nfunction fetchh() {\n}", []),
        ("function ftch() {\n}", []),
    ],
)  # fmt: skip
def test_a_misspelt_handler_in_javascript(source, found):
    assert [str(finding) for finding in check_javascript(source)] == found
