"""What is sent between the two processes: the envelope, and the Worker's own headers."""

from __future__ import annotations

import pytest
from multidict import CIMultiDict

from workernb.network.wire import Envelope, received_headers, sent_headers


@pytest.mark.parametrize("props", ["", '{"role": "a reader"}', '{"é": "%20"}'])
def test_an_envelope_is_parsed_as_it_was_sent(props):
    envelope = Envelope("key", "auth", "Default", props, "https")
    assert Envelope.parse(str(envelope)) == envelope
    assert str(envelope).isascii()


@pytest.mark.parametrize("text", ["", "key", "key auth Default https", "key a b c d e"])
def test_other_texts_are_no_envelope(text):
    assert Envelope.parse(text) is None


def test_only_the_workers_headers_arrive():
    own = [("set-cookie", "a=1"), ("set-cookie", "b=2"), ("x-a", "1")]
    sent = sent_headers([*own, ("connection", "close"), ("content-length", "3")])
    received = CIMultiDict([("Date", "now"), ("Host", "x"), *sent])
    assert received_headers(received) == own
    assert received_headers(CIMultiDict(Date="now")) == []
