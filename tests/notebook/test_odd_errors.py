"""Exceptions whose own code fails or spins, or that are very large: the cell gets its reply."""

from __future__ import annotations

WORKER = """\
%%worker odd -q --cpu-ms 300
from workers import WorkerEntrypoint
class Argument:
    def __str__(self): return 5
    def __repr__(self): raise SystemExit
class Odd(Exception):
    OWN
class OddSyntax(SyntaxError):
    pass
class Default(WorkerEntrypoint):
    async def fetch(self, request):
        x = None
        RAISE
"""

OWN_CODE = """\
def __str__(self): return 5
def __str__(self): return self
def __str__(self): raise SystemExit
def __bool__(self): raise ValueError
def __getattribute__(self, name): raise SystemExit
__traceback__ = property(lambda self: 1 / 0)
__notes__ = property(lambda self: exit())
__cause__ = property(lambda self: 1 / 0)
__class__ = property(lambda self: 1 / 0)
""".splitlines()

RAISED = """\
raise OddSyntax(1)
raise ValueError(Argument())
raise KeyError(Argument())
for i in range(40): x = ExceptionGroup("g", [x or ValueError(1), x or ValueError(2)])\\nraise x
x = ValueError(1); x.__notes__ = ["n" * 20_000_000]; raise x
for i in range(5000): y = ValueError(i); y.__cause__ = x; x = y\\nraise x
""".splitlines()


def test_an_exception_that_cannot_be_shown_is_replaced(kernel):
    ways = [(own, "raise Odd(1)") for own in OWN_CODE] + [("pass", raises) for raises in RAISED]
    for own, raises in ways:
        indented = raises.replace("\\n", "\n        ")
        kernel.ok(WORKER.replace("OWN", own).replace("RAISE", indented))
        failed = kernel.run("await odd.fetch()")
        assert failed.error == "RuntimeError", (own, raises)
        assert "The exception itself cannot be shown" in failed.traceback
        assert len(failed.traceback) < 10_000, (own, raises)
        kernel.ok("import workernb", "assert not workernb.get_runtime().in_flight", "%fetch odd")


def test_an_exception_of_a_module_that_cannot_be_shown_is_replaced(kernel):
    for own in OWN_CODE:
        module = WORKER.replace("OWN", own).replace("RAISE", "pass") + "raise Odd(1)\n"
        failed = kernel.run(module)
        assert failed.error == "RuntimeError", own
        assert "The exception itself cannot be shown" in failed.traceback


def test_an_exception_that_spins_is_cut(kernel):
    for name in ("__str__", "__bool__"):
        spins = f"def {name}(self):\n        while True: pass"
        kernel.ok(WORKER.replace("OWN", spins).replace("RAISE", "raise Odd(1)"))
        assert kernel.run("await odd.fetch()").error == "CpuLimitError"
        kernel.ok("%fetch odd")


def test_an_exception_of_a_module_that_spins_is_cut(kernel):
    kernel.ok("%limits --startup-ms 200")
    for name in ("__str__", "__getattribute__", "__setattr__"):
        spins = f"def {name}(self, *_):\n        while True: pass"
        module = WORKER.replace("OWN", spins).replace("RAISE", "pass") + "raise Odd(1)\n"
        failed = kernel.run(module)
        assert failed.error == "StartupError", name
        assert "cut in <worker odd v1>:8" in failed.traceback
