"""What an outsider gets as the answer to a request: a Worker's response, or an error page."""

from __future__ import annotations

import asyncio

from workernb.errors import CanceledError, CpuLimitError
from workernb.http import Response
from workernb.runtime.execution.dispatch import Answer, TopLevelCall
from workernb.texts import PlatformText


async def answer_for_outsider(call: TopLevelCall, url: str, whole: bool = False) -> Answer:
    """Await `call` and return its answer, with failures as pages, as on the platform.

    whole: whether to read a body that is a stream too. A Worker's exception is a 500, an exceeded
    CPU budget a 503 with the platform's code 1102. Raises CanceledError for an interrupt, and
    CancelledError when the awaiting task is cancelled.
    """
    try:
        answer: Answer = await call
        if whole:
            await answer._buffer_body()
        return answer
    except CanceledError:
        raise
    except CpuLimitError:
        page = Response(PlatformText.CPU_PAGE, 503)
    except asyncio.CancelledError:
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            raise
        page = Response(PlatformText.INTERNAL, 500)
    except (KeyboardInterrupt, SystemExit, GeneratorExit):
        raise
    except BaseException:
        # A Worker may raise an exception of any class; the trace's log has it.
        page = Response(PlatformText.INTERNAL, 500)
    return Answer.of(page._send(url), call.trace)
