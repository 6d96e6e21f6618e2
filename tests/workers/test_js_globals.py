"""`js`: bytes, streams, timers and cryptography, in Workers that were written for the platform."""

from __future__ import annotations

import asyncio
import re

import pytest

import workernb
from workernb.errors import AbortError, GlobalScopeError
from workernb.workers import js
from workernb.workers.buffers import JsBuffer
from workernb.workers.ffi import to_js

HEAD = "from pyodide.ffi import create_proxy, to_js\nimport asyncio, js\nfrom js import Response\n"


async def run(runtime, body, imports=""):
    """Return the response of a Worker whose handler has this body."""
    lines = "\n".join(f"    {line}" for line in body.strip().splitlines())
    source = f"{HEAD}{imports}\nasync def on_fetch(request, env, ctx):\n{lines}\n"
    return await runtime.define("worker", source).fetch("http://x/", method="POST", body="sent")


NAMES = (
    "AbortController AbortSignal Blob File FormData ReadableStream TextDecoder TextEncoder "
    "TransformStream URLSearchParams WritableStream atob btoa crypto fetch navigator performance "
    "queueMicrotask setTimeout structuredClone"
).split()


@pytest.mark.parametrize("name", NAMES)
def test_a_worker_imports_the_name(runtime, name):
    runtime.define("worker", f"from js import {name}")


@pytest.mark.parametrize(
    "name",
    "AbortController Blob File FormData ReadableStream TextDecoder URLSearchParams".split(),
)
def test_a_class_is_made_with_new(name):
    with pytest.raises(TypeError, match=f"{name} cannot be invoked without 'new'"):
        getattr(js, name)()


# Forms and URLs


async def test_parameters_are_a_body_and_a_urls_own(runtime):
    response = await run(
        runtime,
        """
        url = js.URL.new("http://x/?a=1#h")
        url.searchParams.append("b", "2 3")
        url.searchParams.set("a", 4)
        assert url.href == str(url) == "http://x/?a=4&b=2+3#h", url.href
        url.search = "?c=5"
        assert url.searchParams.get("c") == "5" and not url.searchParams.has("a")
        url.searchParams.delete("c")
        assert url.search == "" and isinstance(url.searchParams, js.URLSearchParams)
        made = js.URLSearchParams.new(js.Object.fromEntries([["a", "1"]]))
        return Response.new(js.URLSearchParams.new([["a", "1"], ["a", "2"], *made.entries()]))
        """.replace("\n        ", "\n"),
    )
    assert response.headers["content-type"].startswith("application/x-www-form-urlencoded")
    assert await response.text() == "a=1&a=2&a=1"


async def test_a_form_with_files(runtime):
    response = await run(
        runtime,
        """
form = js.FormData.new()
form.append("a", "1")
form.set("a", "2")
blob = js.Blob.new(["x", b"y"], type="text/plain")
form.append("file", js.File.new([blob], "f.txt", to_js({"lastModified": 7, "type": "text/css"},
            dict_converter=js.Object.fromEntries)))
assert form.has("a") and form.getAll("a") == ["2"] and isinstance(form, js.FormData)
assert (form.get("file").lastModified, form.get("file").type) == (7, "text/css")
assert isinstance(form.get("file"), js.Blob) and blob.size == 2
return Response.new(form)
""",
    )
    form = await response.form_data()
    assert form["a"] == "2"
    assert form["file"].name == "f.txt"
    assert await form["file"].text() == "xy"


def test_the_parts_of_a_blob_are_a_list():
    with pytest.raises(TypeError, match=r"Expected a list of parts, not str: \[part\]"):
        js.Blob.new("text")


# Fetch and signals


async def test_fetch_with_an_object_of_options(runtime):
    runtime.define(
        "echo",
        "from js import Response\nasync def on_fetch(request):\n"
        "    return Response.new(request.method + await request.text(), headers=request.headers)",
        routes=["echo.example/*"],
    )
    response = await run(
        runtime,
        """
options = to_js({"method": "PUT", "body": "b", "headers": {"x-a": "1"}},
                dict_converter=js.Object.fromEntries)
response = await js.fetch(js.URL.new("http://echo.example/"), options)
return Response.new(f"{await response.text()} {response.headers.get('x-a')}")
""",
    )
    assert await response.text() == "PUTb 1"


async def test_a_signal_ends_a_fetch():
    controller = js.AbortController.new()
    assert isinstance(controller.signal, js.AbortSignal)
    controller.abort()
    assert isinstance(controller.signal.reason, AbortError)
    assert js.AbortSignal.any([js.AbortSignal.abort("why")]).aborted
    with pytest.raises(TypeError, match="Illegal constructor"):
        js.AbortSignal.new()


# Streams


async def test_a_stream_is_fed_by_its_source(runtime):
    response = await run(
        runtime,
        """
left = [b"a", b"b", b"c"]
async def pull(controller):
    await asyncio.sleep(0)
    controller.enqueue(to_js(left.pop(0)))
    if not left:
        controller.close()
return Response.new(js.ReadableStream.new(start=lambda controller: controller.enqueue(b"0"),
                                          pull=create_proxy(pull)))
""",
    )
    assert [chunk async for chunk in response.body] == [b"0", b"a", b"b", b"c"]


async def test_a_source_may_feed_by_timers(runtime):
    response = await run(
        runtime,
        """
def start(controller):
    js.setTimeout(lambda: controller.enqueue(b"late"), 1)
    js.setTimeout(lambda: controller.close(), 2)
stream = js.ReadableStream.new(js.Object.new(start=start))
return Response.new(stream)
""",
    )
    assert await response.text() == "late"


async def test_an_error_of_a_source_reaches_the_reader(runtime):
    response = await run(
        runtime,
        """
stream = js.ReadableStream.new(pull=lambda controller: controller.error("broken"))
reader = stream.getReader()
try:
    await reader.read()
except TypeError as error:
    return Response.new(str(error))
""",
    )
    assert await response.text() == "broken"


async def test_a_stream_that_is_left_is_canceled(runtime):
    ended = []
    stream = js.ReadableStream.new(
        pull=lambda controller: controller.enqueue(b"x"), cancel=ended.append
    )
    reader = stream.getReader()
    assert (await reader.read()).value == b"x"
    await reader.cancel()
    assert ended == [None]


def test_a_source_with_an_unknown_function():
    with pytest.raises(TypeError, match="has start pull cancel, and no puII"):
        js.ReadableStream.new(puII=print)


async def test_a_transform_between_a_writer_and_a_response(runtime):
    response = await run(
        runtime,
        """
pair = js.TransformStream.new(transform=lambda chunk, c: c.enqueue(bytes(chunk).upper()),
                              flush=lambda c: c.enqueue(b"!"))
async def write():
    writer = pair.writable.getWriter()
    for each in (b"a", b"b"):
        await writer.write(each)
    await writer.close()
ctx.waitUntil(asyncio.create_task(write()))
return Response.new(pair.readable)
""",
    )
    assert [chunk async for chunk in response.body] == [b"A", b"B", b"!"]


async def test_a_body_is_piped_through_a_transform(runtime):
    response = await run(
        runtime,
        "return Response.new(request.body.pipeThrough(js.IdentityTransformStream.new()))",
    )
    assert await response.text() == "sent"


async def test_a_writer_waits_for_the_reader():
    pair = js.TransformStream.new()
    writer = pair.writable.getWriter()
    order = []

    async def write():
        for each in (b"1", b"2"):
            await writer.write(each)
            order.append(each)
        await writer.close()

    writing = asyncio.create_task(write())
    for _ in range(5):
        await asyncio.sleep(0)
    assert order == []
    assert [chunk async for chunk in pair.readable] == [b"1", b"2"]
    await writing
    assert order == [b"1", b"2"]


async def test_nobody_reads_what_is_written(runtime):
    with pytest.raises(workernb.HungError):
        await run(
            runtime,
            """
pair = js.TransformStream.new()
await pair.writable.getWriter().write(b"x")
""",
        )


async def test_a_writable_stream_has_one_writer():
    written = []
    stream = js.WritableStream.new(write=written.append, close=lambda: written.append("closed"))
    writer = stream.getWriter()
    with pytest.raises(TypeError, match="currently locked to a writer"):
        stream.getWriter()
    await writer.write(b"a")
    writer.releaseLock()
    with pytest.raises(TypeError, match="writer has been released"):
        await writer.write(b"b")
    await js.ReadableStream.new(start=lambda c: (c.enqueue(b"c"), c.close())).pipeTo(stream)
    assert written == [b"a", b"c", "closed"]
    with pytest.raises(TypeError, match="has been closed"):
        await stream.getWriter().write(b"d")


async def test_an_error_of_a_sink_ends_its_stream():
    def fail(chunk):
        raise OSError("full")

    writer = js.WritableStream.new(write=fail).getWriter()
    for _ in range(2):
        with pytest.raises(OSError, match="full"):
            await writer.write(b"a")


# Timers


async def test_timers_and_microtasks_run_in_order(runtime):
    response = await run(
        runtime,
        """
order = []
js.setTimeout(order.append, 3, "late")
js.setTimeout(order.append, 1, "soon")
stopped = js.setTimeout(order.append, 1, "never")
js.clearTimeout(stopped)
js.queueMicrotask(lambda: order.append("microtask"))
order.append("now")
done = asyncio.Event()
def tick():
    ticks.append(1)
    if len(ticks) == 3:
        js.clearInterval(number)
        done.set()
ticks = []
number = js.setInterval(tick, 1)
await done.wait()
assert len(ticks) == 3
return Response.new(" ".join(order))
""",
    )
    assert await response.text() == "now microtask soon late"


async def test_a_timer_that_fails_is_logged(runtime):
    response = await run(
        runtime,
        """
done = asyncio.Event()
def fail():
    done.set()
    raise ValueError("in a timer")
js.setTimeout(fail)
await done.wait()
return Response.new("x")
""",
    )
    (log,) = response.trace.logs
    assert log.level == "error"
    assert log.text.startswith("Uncaught (in a timer)")
    assert re.search(r'File "<worker worker v1>", line \d+, in fail', log.text)
    assert "timers.py" not in log.text


@pytest.mark.parametrize(
    "call",
    [
        "js.setTimeout(print, 1)",
        "js.queueMicrotask(print)",
        "js.crypto.randomUUID()",
        "js.crypto.getRandomValues(js.Uint8Array.new(4))",
        "js.fetch('http://x/')",
    ],
)
def test_what_needs_a_request_fails_while_a_module_loads(runtime, call):
    with pytest.raises(GlobalScopeError, match="not allowed within global scope"):
        runtime.define("worker", f"import js\n{call}")


def test_a_timer_needs_a_function():
    with pytest.raises(TypeError, match="parameter 1 is not of type 'Function'"):
        js.setTimeout("code", 1)


async def test_clocks_and_the_navigator(runtime):
    response = await run(
        runtime,
        """
before = js.performance.now()
assert js.performance.timeOrigin == 0 and abs(before - js.Date.now()) < 60_000
return Response.new(js.navigator.userAgent)
""",
    )
    assert await response.text() == "Cloudflare-Workers"


# Bytes and text


def test_text_and_bytes():
    data = js.TextEncoder.new().encode("ä€")
    assert isinstance(data, js.Uint8Array)
    assert (data.to_bytes(), data.length, data.byteLength) == ("ä€".encode(), 5, 5)
    decoder = js.TextDecoder.new()
    assert decoder.decode(data) == data.to_string() == "ä€"
    whole = [decoder.decode(data[:3], stream=True), decoder.decode(data[3:])]
    assert whole == ["ä", "€"]
    assert js.TextDecoder.new("utf-8").decode(b"\xef\xbb\xbfx") == "x"
    assert js.TextDecoder.new("utf-8", ignoreBOM=True).decode(b"\xef\xbb\xbfx") == "\ufeffx"
    assert js.TextDecoder.new("latin1").encoding == "windows-1252"
    assert js.TextDecoder.new().decode(b"\xff") == "\ufffd"
    with pytest.raises(TypeError, match="Failed to decode input"):
        js.TextDecoder.new("utf-8", fatal=True).decode(b"\xff")
    with pytest.raises(ValueError, match='"nothing" is not a valid encoding'):
        js.TextDecoder.new("nothing")


def test_base64():
    assert js.btoa("a\xff") == "Yf8="
    assert js.atob(" Yf8= ") == js.atob("Yf8") == "a\xff"
    with pytest.raises(ValueError, match="Latin1"):
        js.btoa("€")
    for wrong in ("Y", "Yf=8", "Yf8==", "*"):
        with pytest.raises(ValueError, match="atob"):
            js.atob(wrong)


def test_arrays_of_bytes():
    array = js.Uint8Array.new([1, 257])
    assert array == b"\x01\x01"
    array.set([5], 1)
    assert (array[1], array.slice(1).to_bytes(), js.Uint8Array.of(1, 2)) == (
        5,
        b"\x05",
        b"\x01\x02",
    )
    array.assign(b"ab")
    target = bytearray(2)
    array.assign_to(target)
    assert target == b"ab"
    for wrong in (lambda: array.set([1, 2], 1), lambda: array.assign(b"abc")):
        with pytest.raises(ValueError, match=r"offset|cannot assign"):
            wrong()
    assert isinstance(to_js(b"x"), JsBuffer)


# Cryptography


async def test_digests_and_signatures():
    subtle = js.crypto.subtle
    digest = await subtle.digest("SHA-256", js.TextEncoder.new().encode("x"))
    assert bytes(digest).hex().startswith("2d711642b726b04401627ca9fbac32f5")
    algorithm = to_js({"name": "HMAC", "hash": "SHA-256"}, dict_converter=js.Object.fromEntries)
    key = await subtle.importKey("raw", b"key", algorithm, False, ["sign", "verify"])
    signature = await subtle.sign("HMAC", key, b"data")
    assert bytes(signature).hex().startswith("5031fe3d989c6d1537a013fa6e739da2")
    assert await subtle.verify("HMAC", key, signature, b"data")
    assert not await subtle.verify("HMAC", key, signature, b"other")
    assert "key" not in repr(key).lower().replace("cryptokey", "")
    assert key.algorithm.hash.name == "SHA-256"
    with pytest.raises(PermissionError, match="non-extractable"):
        await subtle.exportKey("raw", key)
    with pytest.raises(PermissionError, match='usage "sign" does not match'):
        await subtle.sign("HMAC", await subtle.importKey("raw", b"k", algorithm, True, []), b"")
    made = await subtle.generateKey(algorithm, True, ["sign"])
    assert len(await subtle.exportKey("raw", made)) == 64
    assert subtle.timingSafeEqual(b"a", b"a")


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda subtle: subtle.digest("SHA256", b""), "The algorithm 'SHA256' is not supported"),
        (
            lambda subtle: subtle.importKey("jwk", {}, "HMAC", True, []),
            "format 'jwk' is not supported",
        ),
    ],
)
async def test_an_unsupported_algorithm(call, text):
    with pytest.raises(ValueError, match=text) as caught:
        await call(js.crypto.subtle)
    assert "the platform has more" in caught.value.__notes__[0]
    with pytest.raises(AttributeError, match=r"crypto\.subtle has no encrypt"):
        js.crypto.subtle.encrypt  # noqa: B018


async def test_random_values():
    array = js.Uint8Array.new(32)
    assert js.crypto.getRandomValues(array) is array
    assert array != bytes(32)
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", js.crypto.randomUUID())
    with pytest.raises(ValueError, match="65537 bytes"):
        js.crypto.getRandomValues(bytearray(65537))


# Copies, and buffers over RPC


async def test_a_structured_clone(runtime):
    response = await run(
        runtime,
        """
value = {"a": [1], "b": to_js(b"x")}
value["self"] = value
copy = js.structuredClone(value)
assert copy["self"] is copy and copy["a"] is not value["a"] and bytes(copy["b"]) == b"x"
try:
    js.structuredClone(print)
except Exception as error:
    return Response.new(str(error))
""",
    )
    assert "DataCloneError" in await response.text()
