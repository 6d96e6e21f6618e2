"""workernb serve: a real process, real requests, a change of the notebook, and its end."""

from __future__ import annotations

import http.client
import re
import signal
import subprocess
import sys

import psutil
import pytest

from .conftest import AUTH, GATEWAY, command, environment, write_notebook


class Served:
    """The command as it runs."""

    def __init__(self, *words: object) -> None:
        self.process = subprocess.Popen(
            command("serve", *words, "--port", 0), env=environment(), text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
        )  # fmt: skip
        self.lines: list[str] = []
        self.port = int(self.wait_for(r"open at http://127\.0\.0\.1:(\d+)/")[1])

    def wait_for(self, pattern: str) -> re.Match[str]:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line)
            if match := re.search(pattern, line):
                return match
        raise AssertionError(f"{pattern} was not printed: {self.lines}")

    def ask(self, path: str = "/", host: str = "gateway.localhost") -> tuple[int, str]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.request("GET", path, headers={"Host": host})
        response = connection.getresponse()
        try:
            return response.status, response.read().decode()
        finally:
            connection.close()


@pytest.fixture
def serve():
    served = []

    def serve(*words: object) -> Served:
        served.append(Served(*words))
        return served[-1]

    yield serve
    for one in served:
        one.process.kill()
        one.process.communicate()


def test_it_serves_the_workers_and_prints_a_line_a_request(serve, notebook):
    served = serve(notebook)
    assert served.ask() == (200, "welcome")
    served.wait_for(r"200  GET http://gateway\.localhost/  \d+\.\d\d ms CPU")
    assert served.ask(host="auth.localhost")[0] == 404
    served.wait_for(r"404  GET http://auth\.localhost/")
    status, page = served.ask("/boom")
    assert status == 500
    assert "ValueError: bad REDACTED" in page
    served.wait_for(r"ValueError: bad REDACTED")
    served.process.send_signal(signal.SIGINT)
    assert served.process.wait(timeout=60) == 0


def test_it_loads_again_what_changes_and_keeps_what_does_not_load(serve, notebook):
    served = serve(notebook)
    assert served.ask() == (200, "welcome")
    write_notebook(notebook, AUTH.replace("welcome", "hello"), GATEWAY)
    served.wait_for("Loaded again: auth v2$")
    assert served.ask() == (200, "hello")
    write_notebook(notebook, "%%worker auth\nimport nowhere", GATEWAY)
    served.wait_for("Not loaded: .*No module named 'nowhere'")
    assert served.ask() == (200, "hello")
    write_notebook(notebook, GATEWAY.replace("-b AUTH=auth", ""))
    served.wait_for("Loaded again: gateway v2, auth is gone")
    served.process.terminate()
    assert served.process.wait(timeout=60) == 0


def test_a_port_that_is_taken_is_one_line(serve, notebook):
    served = serve(notebook)
    done = subprocess.run(
        command("serve", notebook, "--port", served.port), env=environment(),
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert f"Port {served.port} of 127.0.0.1 is taken" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


@pytest.mark.slow
def test_the_first_answer_comes_soon(serve, notebook):
    """Within 1 s of what Python itself and the notebook's imports take, as CPU: it has to hold on
    a busy machine too.
    """
    served = serve(notebook)
    assert served.ask() == (200, "welcome")
    used = sum(psutil.Process(served.process.pid).cpu_times()[:2])
    assert used < 1 + cpu_of_python()


def cpu_of_python() -> float:
    process = psutil.Popen(
        [sys.executable, "-c", "print(1, flush=True); input()"],
        stdout=subprocess.PIPE, stdin=subprocess.PIPE, text=True,
    )  # fmt: skip
    with process:
        assert process.stdout is not None
        process.stdout.readline()
        used = sum(process.cpu_times()[:2])
        process.kill()
    return float(used)
