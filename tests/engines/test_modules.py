"""Workers of several modules: how they are imported, isolated, loaded and reported."""

from __future__ import annotations

import gc
import linecache
import sys
import traceback

import pytest

import workernb
from workernb.errors import UsageError
from workernb.runtime.tracing.tracebacks import raised_position

DATACLASS = """
from __future__ import annotations
import pickle
from dataclasses import dataclass
from typing import ClassVar
@dataclass
class Price:
    currency: ClassVar[str] = "EUR"
    cents: int = 5
COPY = pickle.loads(pickle.dumps(Price(7)))
"""


@pytest.fixture
def runtime():
    runtime = workernb.Runtime()
    yield runtime
    runtime.close()


async def ask(runtime, source, modules, name="shop", **settings):
    handle = runtime.define(name, source, modules=modules, **settings)
    return await (await handle.fetch("http://x/")).text()


def main(statements: str, expression: str) -> str:
    return (
        f"from workers import Response\n{statements}\n"
        f"async def on_fetch(request):\n    return Response(repr({expression}))\n"
    )


IMPORTS = {
    "a module": ("import prices", "prices.A", {"prices.py": "A = 1"}),
    "a name": ("from prices import A", "A", {"prices.py": "A = 1"}),
    "all names": ("from prices import *", "A", {"prices.py": "A = 1"}),
    "a folder": ("import shop.prices", "shop.prices.A", {"shop/prices.py": "A = 1"}),
    "a module of a folder": ("from shop import prices", "prices.A", {"shop/prices.py": "A = 1"}),
    "as another name": ("import a.b.c as c", "c.A", {"a/b/c.py": "A = 1"}),
    "a package": ("import shop", "shop.A", {"shop/__init__.py": "A = 1"}),
    "a package's submodule": (
        "from shop import prices, A",
        "(A, prices.A)",
        {"shop/__init__.py": "A = 0", "shop/prices.py": "A = 1"},
    ),
    "what a package exports": (
        "from shop import *",
        "prices.A",
        {"shop/__init__.py": "__all__ = ['prices']", "shop/prices.py": "A = 1"},
    ),
    "a relative import": (
        "import shop",
        "shop.A",
        {"shop/__init__.py": "from .prices import A", "shop/prices.py": "A = 1"},
    ),
    "a submodule that its package has imported": (
        "import a.b", "a.b.A", {"a/__init__.py": "from . import b", "a/b.py": "A = 1"},
    ),
    "a relative import of a sibling": (
        "import a.b.c",
        "a.b.c.A",
        {"a/b/c.py": "from . import d\nfrom .. import e\nA = d.A + e.A", "a/b/d.py": "A = 1",
         "a/e.py": "A = 2"},
    ),
    "an import in a handler": ("", "__import__('prices').A", {"prices.py": "A = 1"}),
    "the main module": (
        "A = 1\nimport prices", "prices.read()",
        {"prices.py": "def read():\n import entry\n return entry.A"},
    ),
    "a module that takes another's place": (
        "import prices", "prices", {"prices.py": "import sys\nsys.modules[__name__] = 17"},
    ),
    "a dataclass and a pickle": ("import prices", "prices.COPY", {"prices.py": DATACLASS}),
    "the platform's module": (
        "import prices", "prices.Response is Response",
        {"prices.py": "from workers import Response"},
    ),
    "env": ("import prices", "prices.A", {"prices.py": "from workers import env\nA = env.VAR"}),
}  # fmt: skip

ANSWERS = {
    "a package's submodule": "(0, 1)",
    "a relative import of a sibling": "3",
    "a module that takes another's place": "17",
    "a dataclass and a pickle": "Price(cents=7)",
    "the platform's module": "True",
    "env": "'value'",
}


@pytest.mark.parametrize("form", IMPORTS)
async def test_what_can_be_imported(runtime, form):
    statements, expression, modules = IMPORTS[form]
    settings = {"main": "entry.py", "vars": {"VAR": "value"}}
    answer = await ask(runtime, main(statements, expression), modules, **settings)
    assert answer == ANSWERS.get(form, "1")


REFUSED = {
    "a missing module": (
        {"prices.py": "import daets", "dates.py": ""},
        ModuleNotFoundError,
        "No module named 'daets'",
        "Did you mean dates?",
    ),
    "a missing module without a near one": (
        {"prices.py": "import nowhere"},
        ModuleNotFoundError,
        "No module named 'nowhere'",
        "A library has to be installed; a module of the Worker's own is a cell: "
        "%%worker shop --module nowhere.py",
    ),
    "a missing submodule": (
        {"prices.py": "import a.bc", "a/b.py": ""},
        ModuleNotFoundError,
        "No module named 'a.bc'",
        "Did you mean a.b?",
    ),
    "a submodule of what is no package": (
        {"prices.py": "import a.b", "a.py": ""},
        ModuleNotFoundError,
        "No module named 'a.b'; 'a' is not a package",
        None,
    ),
    "a missing name": (
        {"prices.py": "from a import b", "a.py": ""},
        ImportError,
        "cannot import name 'b' from '<worker shop v1>.a' (<worker shop v1: a.py>)",
        None,
    ),
    "a relative import outside of packages": (
        {"prices.py": "from . import a", "a.py": ""},
        ImportError,
        "attempted relative import with no known parent package",
        None,
    ),
    "a relative import above the packages": (
        {"prices.py": "import a.b", "a/b.py": "from ... import c"},
        ImportError,
        "attempted relative import beyond top-level package",
        None,
    ),
    "what a module raises": (
        {"prices.py": "1 / 0"}, ZeroDivisionError, "division by zero", None,
    ),
    "names that a circle has not made yet": (
        {"prices.py": "from a import A", "a.py": "from prices import P\nA = 1"},
        ImportError,
        "cannot import name 'P' from partially initialized module '<worker shop v1>.prices'",
        None,
    ),
}  # fmt: skip


@pytest.mark.parametrize("form", REFUSED)
def test_what_cannot_be_imported(runtime, form):
    modules, kind, text, note = REFUSED[form]
    with pytest.raises(kind) as caught:
        runtime.define("shop", main("import prices", "1"), modules=modules)
    assert str(caught.value).startswith(text)
    assert note is None or note in caught.value.__notes__
    assert "shop" not in runtime
    assert not [name for name in sys.modules if name.startswith("<worker shop")]


async def test_a_circular_import_works_as_in_python(runtime):
    modules = {
        "a.py": "import b\nA = 1\ndef both():\n    return A + b.B",
        "b.py": "import a\nB = 2\ndef early():\n    return a.A",
    }
    assert await ask(runtime, main("import a, b", "(a.both(), b.early())"), modules) == "(3, 1)"


async def test_a_failed_import_is_tried_again(runtime):
    source = main(
        "seen = []\nfor _ in range(2):\n    try:\n        import prices\n"
        "    except ValueError as error:\n        seen.append(str(error))",
        "seen",
    )
    modules = {"prices.py": "raise ValueError('again')"}
    assert await ask(runtime, source, modules) == "['again', 'again']"


async def test_the_standard_library_comes_first_and_installed_packages_last(runtime):
    modules = {"json.py": "A = 'own'", "markupsafe.py": "A = 'own'", "shop/json.py": "A = 'own'"}
    source = main(
        "import json, markupsafe\nfrom shop import json as own",
        "(hasattr(json, 'dumps'), markupsafe.A, own.A)",
    )
    assert await ask(runtime, source, modules) == "(True, 'own', 'own')"


async def test_workers_do_not_see_each_others_modules(runtime):
    source = main("import state", "state.count()")
    state = "n = {}\ndef count():\n    global n\n    n += 1\n    return n"
    one = runtime.define("one", source, modules={"state.py": state.format(0)})
    two = runtime.define("two", source, modules={"state.py": state.format(100)})
    answers = [await (await handle.fetch()).text() for handle in (one, two, one, two)]
    assert answers == ["1", "101", "2", "102"]
    with pytest.raises(ModuleNotFoundError):
        runtime.define("three", main("import state", "1"))
    assert "state" not in sys.modules


async def test_each_version_has_module_objects_of_its_own(runtime):
    source = main("import state", "state.seen.append(1) or len(state.seen)")
    handle = runtime.define("shop", source, modules={"state.py": "seen = []"})
    assert [await (await handle.fetch()).text() for _ in range(2)] == ["1", "2"]
    runtime.change("shop", vars={"X": "1"})
    assert await (await handle.fetch()).text() == "1"


async def test_the_modules_are_removed_when_their_version_is_replaced(runtime):
    modules = {"shop/prices.py": "A = 1"}
    handle = runtime.define("shop", main("from shop import prices", "prices.A"), modules=modules)
    await handle.fetch()
    assert "<worker shop v1>.shop.prices" in sys.modules
    runtime.change("shop", modules={"shop/prices.py": "A = 2"})
    gc.collect()
    assert not [name for name in sys.modules if name.startswith("<worker shop v1>")]
    assert "<worker shop v2>.shop.prices" in sys.modules
    runtime.remove("shop")
    assert "<worker shop v2: shop/prices.py>" not in linecache.cache


async def test_a_traceback_names_the_module_and_shows_its_line(runtime):
    modules = {"prices.py": "\ndef total():\n    raise ValueError('no price')\n"}
    handle = runtime.define("shop", main("import prices", "prices.total()"), modules=modules)
    with pytest.raises(ValueError, match="no price") as caught:
        await handle.fetch()
    frames = traceback.extract_tb(caught.value.__traceback__)[-2:]
    assert [(frame.filename, frame.lineno) for frame in frames] == [
        ("<worker shop v1>", 4),
        ("<worker shop v1: prices.py>", 3),
    ]
    assert frames[-1].line == "raise ValueError('no price')"


@pytest.mark.parametrize("loads", ["import prices", ""])
def test_a_syntax_error_in_a_module_refuses_the_version(runtime, loads):
    handle = runtime.define("shop", main("", "1"), modules={"prices.py": "A = 1"})
    with pytest.raises(SyntaxError) as caught:
        runtime.define("shop", main(loads, "2"), modules={"prices.py": "\n\ndef total("})
    assert (caught.value.filename, caught.value.lineno) == ("<worker shop v2: prices.py>", 3)
    assert handle.version.number == 1


async def test_a_module_that_fails_leaves_the_old_version_serving(runtime):
    handle = runtime.define("shop", main("import prices", "prices.A"), modules={"prices.py": "A=1"})
    for broken in ("1 / 0", "def (", "B = 1\nraise SystemExit"):
        with pytest.raises((ZeroDivisionError, SyntaxError, RuntimeError)):
            runtime.change("shop", modules={"prices.py": broken})
    assert await (await handle.fetch()).text() == "1"
    assert handle.version.number == 1


async def test_the_budget_cuts_code_in_a_module(runtime):
    modules = {"prices.py": "def total():\n    while True:\n        pass\n"}
    source = main("import prices", "prices.total()")
    handle = runtime.define("shop", source, modules=modules, limits={"cpu_ms": 30})
    with pytest.raises(workernb.CpuLimitError) as caught:
        await handle.fetch()
    assert "<worker shop v1: prices.py>" in "".join(caught.value.__notes__)
    assert runtime.traces[-1].outcome == "exceededCpu"


async def test_an_import_that_is_cut_leaves_no_half_of_a_module(runtime):
    modules = {"slow.py": "import entry\nwhile entry.wait:\n    pass\nA = 1\n"}
    source = main("wait = True", "__import__('slow').A")
    handle = runtime.define("shop", source, modules=modules, main="entry.py", limits={"cpu_ms": 30})
    with pytest.raises(workernb.CpuLimitError):
        await handle.fetch()
    assert "<worker shop v1>.slow" not in sys.modules
    sys.modules["<worker shop v1>"].wait = False
    assert await (await handle.fetch()).text() == "1"


async def test_submodules_are_imported_in_the_order_of_their_names(runtime):
    modules = {f"shop/{name}.py": f"import seen\nseen.ORDER.append('{name}')" for name in "abcdef"}
    source = main("import seen\nfrom shop import f, b, e, a, d, c", "''.join(seen.ORDER)")
    assert await ask(runtime, source, {**modules, "seen.py": "ORDER = []"}) == "'fbeadc'"


def test_a_module_that_never_ends_is_cut_at_startup():
    runtime = workernb.Runtime(limits=workernb.Limits(startup_ms=50))
    try:
        with pytest.raises(workernb.StartupError) as caught:
            runtime.define(
                "shop", main("import prices", "1"), modules={"prices.py": "while True: pass"}
            )
        assert "<worker shop v1: prices.py>:1" in "".join(caught.value.__notes__)
    finally:
        runtime.close()


async def test_blame_falls_on_the_worker_whose_module_raised(runtime):
    runtime.define(
        "prices",
        main("import table", "table.look_up()"),
        modules={"table.py": "def look_up():\n    raise KeyError('apple')"},
    )
    source = (
        "from workers import Response\n"
        "async def on_fetch(request, env):\n    return await env.PRICES.fetch(request)\n"
    )
    shop = runtime.define("shop", source, services={"PRICES": "prices"})
    with pytest.raises(KeyError) as caught:
        await shop.fetch()
    assert [i.outcome for i in runtime.traces[-1].invocations] == ["exception", "exception"]
    positions = [raised_position(caught.value), *map(str, runtime.traces[-1].logs)]
    assert "<worker prices v1: table.py>:2, in look_up" in positions[0]
    assert all("shop v1: " not in position for position in positions)


ENTRYPOINTS = {
    "a class of another module": (
        "from admin import Admin",
        {"admin.py": "from workers import WorkerEntrypoint\n"
                     "class Admin(WorkerEntrypoint):\n    async def fetch(self, request): ..."},
        ["Admin"],
    ),
    "a class that a function made": (
        "from make import entrypoint\nDefault = entrypoint()",
        {"make.py": "from workers import WorkerEntrypoint\ndef entrypoint():\n"
                    "    class Made(WorkerEntrypoint):\n"
                    "        async def fetch(self, request): ...\n    return Made"},
        ["Default"],
    ),
    "a class under two names": (
        "from admin import Admin\nOther = Admin",
        {"admin.py": "from workers import WorkerEntrypoint\n"
                     "class Admin(WorkerEntrypoint):\n    async def fetch(self, request): ..."},
        ["Admin"],
    ),
    "classes that are not in the main module": (
        "import admin",
        {"admin.py": "from workers import WorkerEntrypoint\n"
                     "class Admin(WorkerEntrypoint):\n    async def fetch(self, request): ..."},
        [],
    ),
}  # fmt: skip


@pytest.mark.parametrize("form", ENTRYPOINTS)
def test_entrypoints_are_the_classes_that_the_main_module_shows(runtime, form):
    statements, modules, found = ENTRYPOINTS[form]
    runtime.define("shop", statements, modules=modules)
    assert list(runtime.services["shop"].entrypoints) == found


def test_two_defaults_of_two_modules_are_refused(runtime):
    module = (
        "from workers import WorkerEntrypoint\n"
        "class Default(WorkerEntrypoint):\n    async def fetch(self, request): ...\n"
    )
    with pytest.raises(TypeError, match="Cannot define multiple default entrypoints"):
        runtime.define(
            "shop",
            "from a import Default\nfrom b import Default as Other",
            modules={"a.py": module, "b.py": module},
        )


def test_removing_a_module_that_is_imported_is_refused_by_the_code(runtime):
    runtime.define("shop", main("import prices", "1"), modules={"prices.py": ""})
    with pytest.raises(ModuleNotFoundError, match="No module named 'prices'"):
        runtime.change("shop", modules={"prices.py": None})
    with pytest.raises(UsageError, match="has no module prizes"):
        runtime.change("shop", modules={"prizes.py": None})
