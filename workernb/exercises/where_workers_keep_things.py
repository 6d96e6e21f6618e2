"""The exercise of the notebook 09, where Workers keep things."""

from __future__ import annotations

import asyncio

from workernb.runtime.runtime import Runtime

from .lesson import Claims, Exercise, Lesson, ask

_VISITS = 20


async def _exact(runtime: Runtime) -> Claims:
    yield "there is a Worker exact", "exact" in runtime
    answers = await asyncio.gather(*(ask(runtime, "exact") for _ in range(_VISITS)))
    texts = [await answer.text() for answer in answers]
    numbers = sorted(int(text.removeprefix("visit ")) for text in texts)
    yield "it answers `visit N`", all(text.startswith("visit ") for text in texts)
    yield (
        f"of {_VISITS} visits at once, each has a number of its own",
        (len(set(numbers)) == _VISITS),
    )
    yield "no number is left out", numbers[-1] - numbers[0] == _VISITS - 1


_TABLE = """%%d1 DB
CREATE TABLE IF NOT EXISTS visits (page TEXT PRIMARY KEY, n INTEGER)
"""
_EXACT = """%%worker exact --d1 DB=shop -q
from workers import Response, WorkerEntrypoint

COUNT = '''
INSERT INTO visits (page, n) VALUES (?, 1)
ON CONFLICT (page) DO UPDATE SET n = n + 1 RETURNING n
'''

class Default(WorkerEntrypoint):
    async def fetch(self, request):
        seen = await self.env.DB.prepare(COUNT).bind("home").first("n")
        return Response(f"visit {seen}")
"""

lesson = Lesson(
    Exercise(
        "KV cannot add: two that read the same number write the same next one. A single statement "
        "of SQL reads and writes at once: UPDATE … SET n = n + 1 … RETURNING n.",
        [_TABLE, _EXACT],
        _exact,
    ),
)
check, hint, solution = lesson.check, lesson.hint, lesson.solution
