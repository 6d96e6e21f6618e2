"""Which ports can be had, and what is said of those that cannot."""

from __future__ import annotations

import os
import socket

import pytest

from workernb.errors import UsageError
from workernb.frontdoor import ports


@pytest.fixture
def taken():
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        yield listening.getsockname()[1]


def test_without_a_port_it_is_the_next_free_one(taken, monkeypatch):
    monkeypatch.setattr(ports, "FIRST_PORT", taken)
    with ports.listen() as listening:
        assert taken < listening.getsockname()[1] < taken + ports.MAX_TRIED


@pytest.mark.parametrize(
    ("host", "port", "said"),
    [
        ("192.0.2.1", 0, "192.0.2.1 is no address of this machine"),
        ("example.com", 0, "--host takes an IP address of this machine"),
        ("127.0.0.1", 70_000, "A port is a number from 0 to 65535, not 70000."),
        ("127.0.0.1", -1, "A port is a number from 0 to 65535, not -1."),
    ],
)
def test_what_cannot_be_had_is_said_in_one_line(host, port, said):
    with pytest.raises(UsageError) as refused:
        ports.listen(host, port)
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_port_that_is_taken(taken):
    with pytest.raises(UsageError, match=f"Port {taken} of 127.0.0.1 is taken"):
        ports.listen(port=taken)


def test_localhost_is_loopback():
    with ports.listen("localhost", 0) as listening:
        assert listening.getsockname()[0] == "127.0.0.1"
    assert ports.is_loopback("127.0.0.1")
    assert ports.is_loopback("::1")
    assert ports.is_loopback("::ffff:127.0.0.1")
    assert not ports.is_loopback("192.0.2.1")
    assert not ports.is_loopback("")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # Of fork where there are threads.
def test_a_forked_process_does_not_keep_the_port():
    listening = ports.listen(port=0)
    port = listening.getsockname()[1]
    ready, done = os.pipe(), os.pipe()
    child = os.fork()
    if child == 0:
        os.write(ready[1], b"x")
        os.read(done[0], 1)
        os._exit(0)
    os.read(ready[0], 1)
    listening.close()
    with socket.socket() as client:
        assert client.connect_ex(("127.0.0.1", port)) != 0
    os.write(done[1], b"x")
    os.waitpid(child, 0)
