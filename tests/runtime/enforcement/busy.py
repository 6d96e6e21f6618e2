"""Bodies of handlers that never end, by what they are busy with."""

from __future__ import annotations

BUSY = {
    "loop": "while True: pass",
    "swallowing": """
while True:
    try:
        while True: pass
    except BaseException:
        pass
""",
    "finally": """
while True:
    try:
        1 + 1
    finally:
        continue
""",
    "swallowing deep": """
def inner():
    while True:
        try:
            sum(range(10))
        except BaseException:
            continue
inner()
""",
    "regular expression": "import re; re.fullmatch('(a+)+b', 'a' * 64)",
    "recursion": """
def down(n):
    while True:
        if n < 100: down(n + 1)
down(0)
""",
    "comprehension": "[[i for i in range(10**6)] for _ in range(10**6)]",
    "sort key": "while True: sorted(range(1000), key=lambda x: -x)",
    "json": "import json\nwhile True: json.loads(json.dumps({'a': [1, 2, 3]}))",
    "logging": "import logging\nwhile True: logging.getLogger('busy').debug('x')",
    "headers": "while True: Response('x', headers={'a': 'b'}).clone()",
    "time.sleep(0)": "import time\nwhile True: time.sleep(0)",
    "callback in a foreign context": """
import contextvars
def spin():
    while True: pass
asyncio.get_running_loop().call_soon(spin, context=contextvars.Context())
while True: await asyncio.sleep(0.001)
""",
    "code in a foreign context": """
import contextvars
def spin():
    while True:
        try:
            while True: sum(range(9))
        except BaseException: pass
contextvars.Context().run(spin)
""",
    "awaitables that swallow": """
class Stubborn:
    def __await__(self):
        while True:
            try: yield
            except BaseException: pass
while True: await Stubborn()
""",
    "sleep(0)": "while True: await asyncio.sleep(0)",
    "hops": "while True: await self.env.ECHO.fetch(request)",
    "gather": """
async def spin():
    while True: pass
await asyncio.gather(spin(), spin())
""",
    "child task": """
async def spin():
    while True: pass
await asyncio.create_task(spin())
""",
    "callee": "await self.env.BUSY.fetch(request)",
    "clean-up of a generator": """
async def generator():
    try:
        yield 1
    finally:
        while True: pass
async for _ in generator():
    break
while True: await asyncio.sleep(0)
""",
    "callback": """
def spin():
    while True: pass
asyncio.get_running_loop().call_soon(spin)
while True: await asyncio.sleep(0.001)
""",
    "suppressing": """
import contextlib
while True:
    with contextlib.suppress(BaseException):
        while True: pass
""",
    "two retries": """
def retry(function):
    def again():
        while True:
            try:
                return function()
            except BaseException:
                pass
    return again
@retry
@retry
def spin():
    while True: pass
spin()
""",
    "three retries": """
def retry(function):
    def again():
        while True:
            try:
                return function()
            except BaseException:
                len("one more call")
    return again

def spin():
    while True: sum(range(9))
retry(retry(retry(spin)))()
""",
    "two swallowers": """
while True:
    try:
        try:
            sum(range(9))
        except BaseException:
            pass
    except BaseException:
        pass
""",
    "two swallowers with calls": """
def busy():
    while True: sum(range(9))
while True:
    try:
        try:
            busy()
        except BaseException:
            len("a call")
            busy()
    except BaseException:
        len("a call")
        busy()
""",
    "bare excepts in functions": """
def inner():
    try:
        while True: sum(range(9))
    except:
        len("a call")
def middle():
    try:
        while True: inner()
    except:
        len("a call")
while True:
    try:
        while True: middle()
    except:
        len("a call")
""",
    "suppressing twice": """
import contextlib
while True:
    with contextlib.suppress(BaseException):
        with contextlib.suppress(BaseException):
            while True: pass
""",
    "context managers that swallow": """
import contextlib
@contextlib.contextmanager
def swallowing():
    try:
        yield
    except BaseException:
        pass
class Swallowing:
    def __enter__(self): pass
    def __exit__(self, *error): return True
while True:
    with swallowing():
        with Swallowing():
            with swallowing():
                while True: sum(range(9))
""",
    "awaits that swallow": """
async def inner():
    while True:
        try:
            await asyncio.sleep(0)
        except BaseException:
            pass
while True:
    try:
        await inner()
    except BaseException:
        pass
""",
    "an exception handler that recurs": """
def down(n):
    try:
        while True: sum(range(9))
    except BaseException:
        if n: down(n - 1)
while True:
    try:
        down(5)
    except BaseException:
        pass
""",
    "imports of a debugger": """
import sys
while True:
    sys.modules.pop("bdb", None)
    import bdb
""",
    "a debugger of its own": """
import bdb
class Steps(bdb.Bdb):
    def user_line(self, frame): self.set_step()
Steps().runctx("while True: pass", {}, {})
""",
    "a tracer that logs": """
import logging, sys
def trace(frame, event, argument):
    for each in range(20): logging.debug("")
    return trace
def spin():
    while True: pass
sys.settrace(trace)
spin()
""",
    "a debugger that it runs": """
import bdb
bdb.Bdb().runctx("while True: pass", {}, {})
""",
    "doctests": """
import doctest
test = doctest.DocTestParser().get_doctest(">>> while True: pass\\n", {}, "x", None, 0)
while True: doctest.DocTestRunner(verbose=False).run(test, out=lambda text: None)
""",
    "code that is made": """
exec('''if True:
while True:
    try:
        while True: pass
    except BaseException: pass
''')
""",
    "a function that is made": """
names = {}
code = "def spin():\\n while True:\\n  try: len('')\\n  except BaseException: pass"
exec(compile(code, "", "exec"), names)
names["spin"]()
""",
    "code that is made and suppresses": """
exec('''if True:
import contextlib
while True:
    with contextlib.suppress(BaseException):
        while True: pass
''')
""",
    "code that goes on in finally": """
exec('''if True:
while True:
    try:
        while True: pass
    finally: continue
''')
""",
    "a coroutine that is made": """
names = {"asyncio": asyncio}
exec('''if True:
async def spin():
    while True:
        try:
            while True: await asyncio.sleep(0)
        except BaseException: pass
''', names)
await names["spin"]()
""",
    "timeit": """
import timeit
statement = "\\ntry: f()\\nexcept BaseException: pass"
timeit.timeit(statement, globals={"f": lambda: None}, number=10**9)
""",
    "a file that it runs": """
import os, runpy, tempfile
with open(os.path.join(tempfile.gettempdir(), f"spin-{os.getpid()}.py"), "w") as file:
    file.write("while True:\\n try:\\n  while True: pass\\n except BaseException: pass")
runpy.run_path(file.name)
""",
}

HOOKS = {
    "a tracer": """
import sys
def spin(*event):
    while True: pass
sys.settrace(spin)
(lambda: 1)()
""",
    "a tracer of its class": """
import sys
class Traces:
    def __call__(self, *event):
        while True: pass
sys.settrace(Traces())
(lambda: 1)()
""",
    "a slow profile function": """
import sys
def profile(*event):
    for _ in range(1000): pass
sys.setprofile(profile)
while True: len("")
""",
    "monitoring": """
import sys
def spin(*event):
    for _ in range(1000): pass
monitoring = getattr(sys, "monitoring", None)
if monitoring is not None:
    monitoring.use_tool_id(3, "busy")
    monitoring.register_callback(3, monitoring.events.LINE, spin)
    monitoring.set_events(3, monitoring.events.LINE)
while True:
    len("")
""",
}
"""What Workers set to be called, and leave."""
