"""What is imported when a message is read is charged to no Worker."""

from __future__ import annotations

import subprocess
import sys

SCRIPT = r"""
import asyncio, sys, workernb

SOURCE = '''
from workers import Response, WorkerEntrypoint

class Default(WorkerEntrypoint):
    async def fetch(self, request):
        return Response(str(len(await request.form_data())))
'''
handle = workernb.Runtime().define("forms", SOURCE)
body = '--b\r\nContent-Disposition: form-data; name="a"\r\n\r\nx\r\n--b--'
headers = {"content-type": "multipart/form-data; boundary=b"}


async def main():
    assert "python_multipart" not in sys.modules
    for _ in range(2):
        response = await handle.fetch("http://x/", method="POST", headers=headers, body=body)
        assert await response.text() == "1"
        print(response.trace.cpu_ms, response.trace.imports_ms)
    assert "python_multipart" in sys.modules


asyncio.run(main())
"""


def test_the_imports_for_the_first_form_are_counted_apart():
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True, timeout=60
    )
    first, second = (map(float, line.split()) for line in done.stdout.splitlines())
    cpu_ms, imports_ms = first
    # The imports take many times what the rest of the request does.
    assert imports_ms > cpu_ms
    assert list(second)[1] == 0
