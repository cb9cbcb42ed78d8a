"""The server: what it refuses, and that it ends."""

import os
import re
import signal
import socket
import subprocess
import sys
from urllib.request import urlopen

import pytest

from nearedge.app import serve
from nearedge.errors import InputError, MissingExtraError


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_a_port_that_is_taken_is_named() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(InputError, match=f"port {port} .* choose another with --port"):
            serve(port, browser=False)


def test_without_the_extra_its_name_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "streamlit", None)
    monkeypatch.setitem(sys.modules, "streamlit.web", None)
    with pytest.raises(MissingExtraError, match=re.escape("nearedge[app]")):
        serve(free_port(), browser=False)


def test_it_listens_here_alone_and_ends_with_ctrl_c() -> None:
    port = free_port()
    command = [sys.executable, "-m", "nearedge", "app", "--no-browser", "--port", str(port)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, "HOME": "/nonexistent"},
    ) as server:  # fmt: skip
        assert server.stdout is not None
        assert server.stdout.readline().startswith(f"http://127.0.0.1:{port} on this machine alone")
        assert server.stderr is not None
        # Streamlit says so once it listens.
        server.stderr.readline()
        with urlopen(f"http://127.0.0.1:{port}/_stcore/health") as reply:
            assert reply.read() == b"ok"
        # Also an address of this machine, but not the one it listens on.
        elsewhere = ("127.0.0.2", port)
        with pytest.raises(ConnectionRefusedError), socket.create_connection(elsewhere, 2):
            pass
        server.send_signal(signal.SIGINT)
        assert server.wait(20) == 0
