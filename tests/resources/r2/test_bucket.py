"""R2: every row of the platform's tables of methods, edges and codes."""

from __future__ import annotations

import asyncio
import datetime
import hashlib
import sys

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

import workernb
from workernb import StoreError
from workernb.http import Headers, Response

MIB = 1024 * 1024
PART = 5 * MIB


@pytest.fixture
def r2(runtime):
    return runtime.stores.r2("files")


async def refused(call, error=StoreError):
    with pytest.raises(error) as raised:
        await call
    return str(raised.value)


async def test_a_worker_puts_and_gets(value_of):
    r2 = "self.env.FILES"
    assert (
        await value_of(f"await (await {r2}.get('a/b')).text()", f"await {r2}.put('a/b', 'ä')")
        == "ä"
    )
    assert await value_of(f"await {r2}.get('missing')") is None
    assert await value_of(f"await {r2}.head('missing')") is None
    assert await value_of(f"await {r2}.delete('a/b')") is None
    assert await value_of(f"await {r2}.get('a/b')") is None


async def test_what_is_known_of_an_object(r2):
    before = datetime.datetime.now() - datetime.timedelta(seconds=1)
    put = await r2.put("k", b"abc")
    for found in (put, await r2.head("k"), await r2.get("k")):
        assert (found.key, found.size, found.storageClass) == ("k", 3, "Standard")
        assert found.version == put.version
        assert len(found.version) == 32
        assert found.etag == hashlib.md5(b"abc").hexdigest()
        assert found.httpEtag == f'"{found.etag}"'
        assert found.checksums.md5 == hashlib.md5(b"abc").digest()
        assert found.checksums.toJSON() == {"md5": found.etag}
        assert before < found.uploaded <= datetime.datetime.now()
        assert (found.httpMetadata, found.customMetadata, found.range) == ({}, {}, None)
    assert (await r2.put("k", b"abc")).version != put.version


@pytest.mark.parametrize(
    ("value", "stored"),
    [("ä", "ä".encode()), (b"\xff", b"\xff"), (memoryview(b"m"), b"m"), (None, b""), ("", b"")],
)
async def test_what_can_be_put(r2, value, stored):
    await r2.put("k", value)
    found = await r2.get("k")
    assert not found.bodyUsed
    assert await found.bytes() == stored
    assert found.bodyUsed
    with pytest.raises(OSError, match="Body has already been used"):
        await found.text()


@pytest.mark.parametrize("value", [1, {}, [], bytearray(b"x")])
async def test_what_cannot_be_put(r2, value):
    assert "R2 takes text, bytes, a Blob, a stream or None" in await refused(
        r2.put("k", value), TypeError
    )


async def test_the_ways_to_read_a_body(r2):
    await r2.put("k", '{"a": 1}')
    assert await (await r2.get("k")).json() == {"a": 1}
    assert await (await r2.get("k")).arrayBuffer() == b'{"a": 1}'
    assert [chunk async for chunk in (await r2.get("k")).body] == [b'{"a": 1}']


async def test_an_error_names_the_worker_the_binding_and_the_bucket(run):
    with pytest.raises(StoreError) as raised:
        await run("await self.env.FILES.put('', 'v')")
    note = "In put() of the binding FILES of Worker 'web', the R2 bucket 'files'."
    assert note in raised.value.__notes__


# Streams


async def chunks(*parts):
    for part in parts:
        yield part


async def test_streams_in_and_out(r2, runtime, run):
    data = bytes(range(256)) * 4096 * 3
    await r2.put("big", data)
    await r2.put("copy", (await r2.get("big")).body)
    await r2.put("received", Response(b"whole").body)
    assert await (await r2.get("received")).text() == "whole"
    sizes = [len(chunk) async for chunk in (await r2.get("copy")).body]
    assert len(sizes) > 1
    assert sum(sizes) == len(data)
    answer = await run("return Response((await self.env.FILES.get('copy')).body)")
    assert await answer.bytes() == data


async def test_a_stream_of_unknown_length_is_refused(r2):
    text = await refused(r2.put("k", Response(chunks(b"a")).body), TypeError)
    assert text.startswith("Provided readable stream must have a known length (request/response")
    assert await r2.head("k") is None


async def test_kv_takes_and_gives_streams(runtime):
    kv = runtime.stores.kv("cache")
    await kv.put("k", Response(chunks(b"a", b"b")).body)
    assert [chunk async for chunk in await kv.get("k", "stream")] == [b"ab"]


async def test_an_object_that_is_replaced_is_read_to_its_end(r2, runtime):
    data = b"x" * 2 * MIB
    await r2.put("k", data)
    body = (await r2.get("k")).body
    iterator = body.__aiter__()
    first = await iterator.__anext__()
    await r2.put("k", b"new")
    rest = [chunk async for chunk in iterator]
    assert first + b"".join(rest) == data
    blobs = runtime.stores.main.execute("SELECT count(DISTINCT blob) FROM r2_chunks").fetchone()[0]
    assert blobs == 1


# Metadata, checksums


async def test_metadata(r2):
    expiry = datetime.datetime(2027, 1, 2, 3, 4, 5)
    http = {"contentType": "text/plain", "cacheControl": "no-store", "cacheExpiry": expiry}
    await r2.put("k", "v", httpMetadata=http, customMetadata={"a": "ä", "n": 1})
    found = await r2.get("k")
    assert found.httpMetadata == http
    assert found.httpMetadata.contentType == "text/plain"
    assert found.customMetadata == {"a": "ä", "n": "1"}
    headers = Headers()
    found.writeHttpMetadata(headers)
    assert headers["content-type"] == "text/plain"
    assert headers["expires"].endswith("GMT")


async def test_http_metadata_from_headers(r2):
    headers = Headers({"Content-Type": "a/b", "Content-Language": "de", "X-Other": "no"})
    await r2.put("k", "v", {"httpMetadata": headers})
    assert (await r2.head("k")).httpMetadata == {"contentType": "a/b", "contentLanguage": "de"}


@pytest.mark.parametrize("name", ["md5", "sha1", "sha256", "sha384", "sha512"])
async def test_checksums(r2, name):
    right, wrong = hashlib.new(name, b"abc"), hashlib.new(name, b"abd")
    await r2.put("k", b"abc", {name: right.hexdigest()})
    found = await r2.put("k", b"abc", {name: right.digest()})
    assert found.checksums[name] == right.digest()
    assert set(found.checksums) == {"md5", name}
    text = await refused(r2.put("k", b"other", {name: wrong.hexdigest()}))
    assert text.startswith("put: The ")
    assert f"checksum with value: {wrong.hexdigest()}\nActual " in text
    assert text.endswith("(10037)")
    assert await (await r2.get("k")).text() == "abc"


# Ranges


@pytest.mark.parametrize(
    ("range", "text", "read"),
    [
        ({"offset": 2}, "cdef", (2, 4)),
        ({"length": 2}, "ab", (0, 2)),
        ({"offset": 2, "length": 2}, "cd", (2, 2)),
        ({"offset": 4, "length": 100}, "ef", (4, 2)),
        ({"suffix": 2}, "ef", (4, 2)),
        ({"suffix": 100}, "abcdef", (0, 6)),
        (Headers({"range": "bytes=1-2"}), "bc", (1, 2)),
        (Headers({"range": "bytes=4-"}), "ef", (4, 2)),
        (Headers({"range": "bytes=-1"}), "f", (5, 1)),
        (Headers({"range": "bytes=0-1,3-4"}), "abcdef", None),
        (Headers(), "abcdef", None),
    ],
)
async def test_ranges(r2, range, text, read):
    await r2.put("k", "abcdef")
    found = await r2.get("k", range=range)
    assert await found.text() == text
    assert found.size == 6
    assert (found.range and (found.range.offset, found.range.length)) == read


async def test_a_range_over_many_chunks(r2):
    data = bytes(n % 251 for n in range(MIB))
    await r2.put("k", data)
    for offset, length in ((0, MIB), (262143, 2), (262144, 300_000), (5, 700_000)):
        found = await r2.get("k", range={"offset": offset, "length": length})
        assert await found.bytes() == data[offset : offset + length]


@pytest.mark.parametrize(
    ("range", "error", "text"),
    [
        ({"suffix": 1, "offset": 1}, ValueError, "Suffix is incompatible with offset."),
        ({"suffix": 1, "length": 1}, ValueError, "Suffix is incompatible with length."),
        ({"offset": -1}, ValueError,
            "Invalid range. Starting offset (-1) must be greater than or equal to 0."),
        ({"offset": 6}, StoreError, "get: The requested range is not satisfiable (10039)"),
        ({"suffix": 0}, StoreError, "get: The requested range is not satisfiable (10039)"),
    ],
)  # fmt: skip
async def test_wrong_ranges(r2, range, error, text):
    await r2.put("k", "abcdef")
    assert await refused(r2.get("k", range=range), error) == text


# Conditions


ETAG = hashlib.md5(b"v").hexdigest()
PAST, FUTURE = datetime.datetime(2020, 1, 1), datetime.datetime(2120, 1, 1)


@pytest.mark.parametrize(
    ("condition", "holds", "holds_when_missing"),
    [
        ({"etagMatches": ETAG}, True, False),
        ({"etagMatches": ["x", ETAG]}, True, False),
        ({"etagMatches": "*"}, True, False),
        ({"etagMatches": "x"}, False, False),
        ({"etagDoesNotMatch": ETAG}, False, True),
        ({"etagDoesNotMatch": "x"}, True, True),
        ({"etagDoesNotMatch": "*"}, False, True),
        ({"uploadedBefore": FUTURE}, True, True),
        ({"uploadedBefore": PAST}, False, True),
        ({"uploadedAfter": PAST}, True, False),
        ({"uploadedAfter": FUTURE}, False, False),
        ({"uploadedAfter": PAST, "secondsGranularity": True}, True, False),
        (Headers({"if-match": f'"{ETAG}"'}), True, False),
        (Headers({"if-none-match": f'"x", "{ETAG}"'}), False, True),
        (Headers({"if-none-match": "*"}), False, True),
        (Headers({"if-modified-since": "Wed, 01 Jan 2020 00:00:00 GMT"}), True, False),
        (Headers({"if-unmodified-since": "Wed, 01 Jan 2020 00:00:00 GMT"}), False, True),
        (Headers({"if-modified-since": "nonsense"}), True, True),
    ],
)
async def test_conditions(r2, condition, holds, holds_when_missing):
    assert (await r2.put("none", "v", onlyIf=condition) is not None) == holds_when_missing
    await r2.put("k", "v")
    found = await r2.get("k", {"onlyIf": condition})
    assert hasattr(found, "body") == holds
    assert found.etag == ETAG
    put = await r2.put("k", "new", {"onlyIf": condition})
    assert (put is not None) == holds
    assert await (await r2.get("k")).text() == ("new" if holds else "v")


async def test_a_quoted_etag_is_refused(r2):
    await r2.put("k", "v")
    text = await refused(r2.get("k", onlyIf={"etagMatches": '"x"'}), TypeError)
    assert text == 'Conditional ETag should not be wrapped in quotes ("x").'


# Lists


async def test_a_list(r2):
    for key in ("b", "a/2", "a/1", "ä", "a/c/1"):
        await r2.put(key, "v", httpMetadata={"contentType": "t/t"}, customMetadata={"c": "1"})
    found = await r2.list()
    assert [each.key for each in found.objects] == ["a/1", "a/2", "a/c/1", "b", "ä"]
    assert (found.truncated, found.delimitedPrefixes) == (False, [])
    assert "cursor" not in found
    assert found.objects[0].httpMetadata is None
    text = (
        "HTTP metadata unknown for key `a/1`. Did you forget to add 'httpMetadata' to `include` "
        "when listing?"
    )
    with pytest.raises(TypeError) as raised:
        found.objects[0].writeHttpMetadata({})
    assert str(raised.value) == text
    included = await r2.list(include=["httpMetadata", "customMetadata"])
    assert included.objects[0].httpMetadata == {"contentType": "t/t"}
    assert included.objects[0].customMetadata == {"c": "1"}
    assert [each.key for each in (await r2.list(startAfter="a/2")).objects] == ["a/c/1", "b", "ä"]
    folders = await r2.list(delimiter="/")
    assert ([each.key for each in folders.objects], folders.delimitedPrefixes) == (
        ["b", "ä"],
        ["a/"],
    )
    below = await r2.list({"prefix": "a/", "delimiter": "/"})
    assert ([each.key for each in below.objects], below.delimitedPrefixes) == (
        ["a/1", "a/2"], ["a/c/"],
    )  # fmt: skip


REFUSED = [
    ("put('k' * 1025, '')", "put: The specified object name is not valid. (10020)"),
    ("get('')", "get: The specified object name is not valid. (10020)"),
    ("list(limit=1001)", "list: MaxKeys params must be positive integer <= 1000. (10022)"),
    ("list(limit=0)", "list: MaxKeys params must be positive integer <= 1000. (10022)"),
    ("put('k', '', customMetadata={'k': 'v' * 8192})",
        "put: Your metadata headers exceed the maximum allowed metadata size. (10012)"),
    ("resumeMultipartUpload('k', 'nope').uploadPart(1, '')",
        "uploadPart: The specified multipart upload does not exist. (10024)"),
    ("resumeMultipartUpload('k', 'nope').complete([])",
        "completeMultipartUpload: The specified multipart upload does not exist. (10024)"),
    ("delete(['k'] * 1001)", "delete: MaxKeys params must be positive integer <= 1000. (10022)"),
]  # fmt: skip
TYPE_ERRORS = [
    ("put('k', '', md5='0', sha1='0')", "You cannot specify multiple hashing algorithms."),
    ("put('k', '', md5='00')", "MD5 is 32 hex characters, not 2"),
    ("put('k', '', sha256=b'0')", "SHA-256 is 32 bytes, not 1"),
    ("resumeMultipartUpload('k', 'u').uploadPart(0, '')",
        "Part number must be between 1 and 10000 (inclusive). Actual value was: 0"),
    ("resumeMultipartUpload('k', 'u').uploadPart(10001, '')",
        "Part number must be between 1 and 10000 (inclusive). Actual value was: 10001"),
]  # fmt: skip


@pytest.mark.parametrize(("call", "text"), REFUSED, ids=[call[:40] for call, _ in REFUSED])
async def test_what_the_service_refuses(r2, call, text):
    assert await refused(eval(f"r2.{call}", {"r2": r2})) == text


@pytest.mark.parametrize(("call", "text"), TYPE_ERRORS)
async def test_type_errors(r2, call, text):
    assert await refused(eval(f"r2.{call}", {"r2": r2}), TypeError) == text


# Uploads in parts


async def test_an_upload_in_parts(r2, runtime):
    upload = await r2.createMultipartUpload("k", customMetadata={"a": "b"})
    assert upload.key == "k"
    await upload.uploadPart(2, b"overwritten")
    parts = [await upload.uploadPart(1, b"a" * PART)]
    resumed = r2.resumeMultipartUpload("k", upload.uploadId)
    parts.append(await resumed.uploadPart(2, b"the end"))
    assert await r2.head("k") is None
    done = await upload.complete(parts)
    digests = hashlib.md5(b"a" * PART).digest() + hashlib.md5(b"the end").digest()
    assert done.etag == f"{hashlib.md5(digests).hexdigest()}-2"
    assert done.checksums == {}
    found = await r2.get("k")
    assert found.customMetadata == {"a": "b"}
    assert await found.bytes() == b"a" * PART + b"the end"
    across = await r2.get("k", range={"offset": PART - 2, "length": 5})
    assert await across.text() == "aathe"
    assert "(10024)" in await refused(upload.complete(parts))
    for table in ("r2_parts", "r2_uploads"):
        assert runtime.stores.main.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,)


@pytest.mark.parametrize(
    ("sizes", "code"),
    [((10, PART), 10011), ((PART, PART + 1), 10048), ((PART, PART + 1, 1), 10048)],
)
async def test_parts_of_wrong_sizes(r2, sizes, code):
    upload = await r2.createMultipartUpload("k")
    parts = [await upload.uploadPart(n, b"x" * size) for n, size in enumerate(sizes, 1)]
    assert f"({code})" in await refused(upload.complete(parts))
    assert await r2.head("k") is None


async def test_parts_that_are_not_there(r2):
    upload = await r2.createMultipartUpload("k")
    part = await upload.uploadPart(1, b"x")
    for parts in ([{"partNumber": 2, "etag": part.etag}], [{"partNumber": 1, "etag": "x"}], []):
        assert "(10025)" in await refused(upload.complete(parts))
    await upload.complete([part])


async def test_an_upload_that_is_aborted(r2, runtime):
    upload = await r2.createMultipartUpload("k")
    part = await upload.uploadPart(1, b"x")
    await upload.abort()
    await upload.abort()
    assert "(10024)" in await refused(upload.complete([part]))
    assert runtime.stores.main.execute("SELECT count(*) FROM r2_chunks").fetchone() == (0,)


async def test_an_upload_is_forgotten_after_seven_days(r2, runtime):
    upload = await r2.createMultipartUpload("k")
    await runtime.stores.clock.advance(7 * 24 * 3600 + 1)
    await r2.createMultipartUpload("other")
    assert "(10024)" in await refused(upload.uploadPart(1, b"x"))


# What is left behind


async def test_nothing_is_left_of_what_is_replaced_or_deleted(r2, runtime):
    count = "SELECT count(*) FROM r2_chunks"
    await r2.put("k", b"x" * MIB)
    await r2.put("k", b"y")
    assert runtime.stores.main.execute(count).fetchone() == (1,)
    await r2.delete(["k", "missing"])
    assert runtime.stores.main.execute(count).fetchone() == (0,)


async def test_what_a_killed_process_has_left_is_deleted(tmp_path):
    runtime = workernb.Runtime(stores=tmp_path)
    await runtime.stores.r2("files").put("k", b"kept")
    runtime.stores.main.execute("INSERT INTO r2_chunks VALUES (999, 0, x'00')")
    runtime.close()
    runtime = workernb.Runtime(stores=tmp_path)
    assert await (await runtime.stores.r2("files").get("k")).text() == "kept"
    blobs = runtime.stores.main.execute("SELECT count(*) FROM r2_chunks").fetchone()
    assert blobs == (1,)
    runtime.close()


@pytest.mark.parametrize("name", ["ab", "Files", "-files", "files-", "a/b", "../x", "x" * 64, 1])
def test_bucket_names(runtime, name):
    with pytest.raises(
        workernb.UsageError, match=r"^Bucket names must begin and end with an alphan"
    ):
        runtime.define("web", "", r2_buckets={"FILES": name})


# A model of lists


class R2Lists(RuleBasedStateMachine):
    """A bucket beside a set of keys: lists have them in order, whatever the pages are."""

    def __init__(self) -> None:
        super().__init__()
        self.runtime = workernb.Runtime()
        self.r2 = self.runtime.stores.r2("model")
        self.keys: set[str] = set()

    @rule(key=st.text("ab/ä", min_size=1, max_size=5))
    def put(self, key):
        asyncio.run(_awaited(self.r2.put(key, key)))
        self.keys.add(key)

    @rule(key=st.text("ab/ä", min_size=1, max_size=5))
    def delete(self, key):
        asyncio.run(_awaited(self.r2.delete(key)))
        self.keys.discard(key)

    @rule(
        prefix=st.text("ab/", max_size=2),
        delimiter=st.sampled_from(["", "/", "a/"]),
        limit=st.integers(1, 4),
        start=st.text("ab/", max_size=2),
    )
    def list(self, prefix, delimiter, limit, start):
        keys, prefixes = [], []
        for page in asyncio.run(self._pages(prefix, delimiter, limit, start)):
            assert len(page.objects) + len(page.delimitedPrefixes) <= limit
            keys += [each.key for each in page.objects]
            prefixes += page.delimitedPrefixes
        expected, common = [], []
        for key in sorted(self.keys, key=str.encode):
            if not key.startswith(prefix) or key <= start:
                continue
            rest = key[len(prefix) :]
            if delimiter and delimiter in rest:
                common.append(prefix + rest[: rest.index(delimiter) + len(delimiter)])
            else:
                expected.append(key)
        assert keys == expected
        assert prefixes == list(dict.fromkeys(common))

    async def _pages(self, prefix, delimiter, limit, start):
        pages, cursor = [], None
        while True:
            page = await self.r2.list(
                prefix=prefix, delimiter=delimiter, limit=limit, startAfter=start, cursor=cursor
            )
            pages.append(page)
            if not page.truncated:
                return pages
            cursor = page.cursor

    def teardown(self):
        self.runtime.close()


async def _awaited(call):
    return await call


TestR2Lists = R2Lists.TestCase
TestR2Lists.settings = settings(max_examples=30, stateful_step_count=20, deadline=None)


@pytest.mark.slow
@pytest.mark.timeout(600)
async def test_a_gigabyte_is_written_and_read_within_bounded_memory(tmp_path):
    import psutil

    runtime = workernb.Runtime(stores=tmp_path)
    r2 = runtime.stores.r2("files")
    upload = await r2.createMultipartUpload("big")
    part = b"x" * (16 * MIB)
    await upload.uploadPart(1, part)
    before = psutil.Process().memory_info().rss
    parts = [await upload.uploadPart(n, part) for n in range(1, 65)]
    await upload.complete(parts)
    size = 0
    async for chunk in (await r2.get("big")).body:
        size += len(chunk)
    assert size == 1024 * MIB
    for n in range(10_000):
        await r2.put(f"small-{n:05}", b"s")
    assert len((await r2.list(prefix="small-")).objects) == 1000
    if sys.platform != "win32":
        assert psutil.Process().memory_info().rss - before < 100 * MIB
    runtime.close()
