"""A kernel whose port another process has taken meanwhile is started again, with other ports."""

import socket
from collections.abc import Iterator

import nbformat
import pytest
from jupyter_client.connect import LocalPortCache

from tabbook.execution import STARTS, Execution, ExecutionError


@pytest.fixture
def taken_port() -> Iterator[int]:
    """A port on which this process listens."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


def offer(monkeypatch, port, times):
    """Let jupyter_client choose a port for the next so many kernels (it needs five for each)."""
    choose, calls = LocalPortCache.find_available_port, []

    def chosen(cache, ip):
        calls.append(ip)
        first_of_five = len(calls) % 5 == 1
        return port if first_of_five and len(calls) <= 5 * times else choose(cache, ip)

    monkeypatch.setattr(LocalPortCache, "find_available_port", chosen)


def notebook():
    return nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("print(6 * 7)")])


@pytest.mark.parametrize("times", range(1, STARTS))
def test_a_kernel_with_a_taken_port_starts_again(monkeypatch, tmp_path, taken_port, times):
    offer(monkeypatch, taken_port, times)
    with Execution(notebook(), tmp_path) as execution:
        assert execution.run(0)[0].text == "42\n"


def test_a_port_that_stays_taken_is_an_error_with_its_cause(monkeypatch, tmp_path, taken_port):
    offer(monkeypatch, taken_port, STARTS)
    with (
        pytest.raises(ExecutionError, match=rf"did not start(.|\n)*in use.*{taken_port}"),
        Execution(notebook(), tmp_path),
    ):
        pass


def test_a_kernel_that_fails_for_another_reason_is_started_once(monkeypatch, tmp_path):
    starts = []
    monkeypatch.setattr(Execution, "_manager", counted(Execution._manager, starts))
    with (
        pytest.raises(ExecutionError, match="did not start"),
        Execution(notebook(), tmp_path, variables={"PYTHONHOME": str(tmp_path)}),
    ):
        pass
    assert len(starts) == 1


def counted(method, calls):
    def call(self):
        calls.append(self)
        return method(self)

    return call
