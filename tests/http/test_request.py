"""Request: how it is made, what it refuses, and what the receiver gets."""

from __future__ import annotations

from http import HTTPMethod

import pytest

from workernb.errors import BodyUsedError
from workernb.http import AbortController, Request
from workernb.http.request import receive


@pytest.mark.parametrize(
    "method", ["get", "Post", "put", "delete", "head", "options", "patch", "TRACE"]
)
def test_methods_are_case_insensitive(method):
    request = Request("http://x/", method=method)
    assert request.method == method.upper()
    assert isinstance(request.method, HTTPMethod)


@pytest.mark.parametrize("method", ["connect", "CONNECT", "no", "", 1])
def test_invalid_methods_are_refused(method):
    with pytest.raises(TypeError) as caught:
        Request("http://x/", method=method)
    assert str(caught.value) == f"Invalid HTTP method string: {method}"


@pytest.mark.parametrize("method", ["GET", "HEAD", None])
def test_get_and_head_have_no_body(method):
    with pytest.raises(TypeError) as caught:
        Request("http://x/", method=method, body="x")
    assert str(caught.value) == "Request with a GET or HEAD method cannot have a body."


def test_a_request_that_becomes_a_get_has_no_body():
    with pytest.raises(TypeError, match="GET or HEAD"):
        Request(Request("http://x/", method="POST", body="x"), method="GET")


def test_redirect_is_follow_or_manual():
    assert Request("http://x/").redirect == "follow"
    assert Request("http://x/", redirect="manual").redirect == "manual"
    with pytest.raises(TypeError, match='must be one of "follow" or "manual"'):
        Request("http://x/", redirect="error")


def test_the_repr_of_a_request():
    assert repr(Request("https://test.com/", method="POST")) == (
        "Request(method='POST', url='https://test.com/')"
    )


async def test_a_request_from_a_request_takes_its_body():
    first = Request("http://x/", method="POST", headers={"a": "b"}, body="x", cf={"colo": "AMS"})
    second = Request(first)
    assert (second.url, second.method, second.headers["a"], second.cf) == (
        "http://x/",
        "POST",
        "b",
        {"colo": "AMS"},
    )
    assert await second.text() == "x"
    assert first.body_used
    with pytest.raises(TypeError) as caught:
        Request(first)
    assert str(caught.value) == "Cannot reconstruct a Request with a used body."


async def test_options_override_those_of_the_other_request():
    first = Request("http://x/", method="POST", headers={"a": "b"}, body="x")
    second = Request(first, method="PUT", headers={"c": "d"}, body="y", redirect="manual", cf={})
    assert second.method == "PUT"
    assert dict(second.headers) == {"c": "d", "content-type": "text/plain;charset=UTF-8"}
    assert await second.text() == "y"
    assert await first.text() == "x"
    assert (second.redirect, second.cf) == ("manual", {})


def test_headers_of_a_copy_are_its_own():
    first = Request("http://x/", headers={"a": "b"})
    first.headers.set("a", "changed")
    second = Request(first)
    second.headers.set("a", "c")
    third = first.clone()
    third.headers.set("a", "d")
    assert [r.headers["a"] for r in (first, second, third)] == ["changed", "c", "d"]


async def test_redirect_is_manual_for_received_requests_and_their_copies(runtime_with):
    handle = runtime_with(
        """
        derived = Request(request)
        return Response.from_json([request.redirect, derived.redirect, request.clone().redirect])
        """
    )
    assert await (await handle.fetch("http://x/")).json() == ["manual", "manual", "manual"]
    assert Request(Request("http://x/")).redirect == "follow"


async def test_cf_is_a_copy_with_attributes(runtime_with):
    handle = runtime_with(
        """
        request.cf["colo"] = request.cf.geo["list"][0] = request.cf.geo.country = "changed"
        missing = getattr(request.cf, "missing", None)
        return Response.from_json([request.cf.colo, request.cf.geo.country, missing, request.cf])
        """
    )
    cf = {"colo": "TXL", "geo": {"country": "DE", "list": [1]}}
    request = Request("http://x/", cf=cf)
    cf["colo"] = "changed"
    seen = await (await handle.fetch(request.clone())).json()
    assert seen == ["TXL", "DE", None, {"colo": "TXL", "geo": {"country": "DE", "list": [1]}}]
    assert Request(request).cf == request.cf
    assert Request(request, cf={"a": 1}).cf == {"a": 1}
    assert Request("http://x/").cf is None


def test_integrity_and_keepalive_are_fixed():
    request = Request("http://x/")
    assert (request.integrity, request.keepalive) == ("", False)


@pytest.mark.parametrize(
    ("option", "value", "read"),
    [
        # As workerd 2026-11 answers for `new Request(url, {[option]: value})[option]`.
        ("cache", "no-store", "no-store"), ("cache", "reload", "reload"),
        ("mode", "cors", None), ("credentials", "omit", None), ("referrer", "", None),
        ("referrer_policy", "no-referrer", None), ("integrity", "", ""), ("keepalive", True, False),
    ],
)  # fmt: skip
def test_options_with_and_without_effect(option, value, read):
    request = Request("http://x/", **{option: value})
    assert getattr(request, option) == read
    assert getattr(Request(request).clone(), option) == read


def test_properties_that_a_worker_has_not():
    request = Request("http://x/", duplex="half", window=None, priority="high")
    for name in (
        "cache",
        "credentials",
        "destination",
        "is_history_navigation",
        "mode",
        "referrer",
    ):
        assert getattr(request, name) is None


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"cache": "default"}, "Unsupported cache mode: default"),
        ({"integrity": "sha256-x"}, "Subrequest integrity checking is not implemented. The "
         "integrity option must be either undefined or an empty string."),
        ({"signal": 5}, "Incorrect type for the 'signal' field on 'RequestInitializerDict': the "
         "provided value is not of type 'AbortSignal'."),
        ({"redirct": "manual"}, "Request() got an unexpected keyword argument 'redirct'"),
    ],
)  # fmt: skip
def test_invalid_options_are_refused(options, text):
    with pytest.raises(TypeError) as caught:
        Request("http://x/", **options)
    assert str(caught.value) == text


def test_a_misspelled_option_has_a_remedy():
    with pytest.raises(TypeError) as caught:
        Request("http://x/", methd="POST")
    assert caught.value.__notes__ == ["Did you mean method?"]


def test_options_are_kept_together():
    signal = AbortController().signal
    first = Request("http://x/", cf={"colo": "AMS"}, signal=signal, cache="no-cache")
    second = Request(first, cf={"colo": "TXL"})
    assert (second.cf, second.cache, first.cf) == ({"colo": "TXL"}, "no-cache", {"colo": "AMS"})
    third = Request(first, cache="reload")
    assert (third.cf, third.cache, first.cache) == ({"colo": "AMS"}, "reload", "no-cache")


# What the receiver gets


@pytest.mark.parametrize("options", [{}, {"headers": {"a": "b"}}, {"redirect": "follow"}])
async def test_a_received_request_has_the_body_and_read_only_headers(options):
    sent = Request("http://x/", method="POST", headers={"a": "b"}, body=b"x", cf={"colo": "AMS"})
    received = receive(sent, **options)
    assert (received.url, received.method, received.cf) == ("http://x/", "POST", {"colo": "AMS"})
    assert dict(received.headers) == {"a": "b"}
    assert received.redirect == "manual"
    assert await received.text() == "x"
    assert sent.body_used
    with pytest.raises(TypeError, match="Can't modify immutable headers"):
        received.headers.set("a", "c")


def test_a_request_is_received_from_a_url_and_options():
    received = receive("http://X", "post", {"A": "b"}, "x", "follow", {"colo": "AMS"})
    assert (received.url, received.method, received.redirect) == ("http://x/", "POST", "manual")
    assert dict(received.headers) == {"a": "b", "content-type": "text/plain;charset=UTF-8"}
    assert received.cf == {"colo": "AMS"}


def test_later_changes_of_the_sent_headers_are_not_received():
    sent = Request("http://x/", headers={"a": "b"})
    sent.headers.set("a", "sent")
    received = receive(sent)
    sent.headers.set("a", "later")
    assert received.headers["a"] == "sent"


@pytest.mark.parametrize("options", [{}, {"method": "PUT"}])
async def test_a_request_whose_body_was_used_cannot_be_received(options):
    sent = Request("http://x/", method="POST", body="x")
    receive(sent)
    with pytest.raises(TypeError, match=r"^Cannot reconstruct a Request with a used body\."):
        receive(sent, **options)
    with pytest.raises(BodyUsedError):
        await sent.text()


@pytest.mark.parametrize("method", ["GET", None])
def test_a_received_get_with_a_body_can_only_be_passed_on_as_it_is(method):
    received = receive(Request("http://x/", method="POST", body="x"))
    with pytest.raises(TypeError, match="GET or HEAD"):
        receive(received, "GET", body=None if method else "x")


class _Subclass(Request):
    pass


async def test_a_request_of_a_subclass_is_received_as_a_plain_one():
    received = receive(_Subclass("http://x/", method="POST", body="x"))
    assert type(received) is Request
    assert await received.text() == "x"
