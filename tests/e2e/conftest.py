"""What all end-to-end tests share. The command under test is $SONDE, or else the release build's."""

import os
import signal
import sys

import pytest

sys.path.insert(0, os.path.dirname(__file__))

import lab  # noqa: E402

# A shell starts what it puts into the background with SIGINT ignored, and that is inherited: the command would never end.
signal.signal(signal.SIGINT, signal.default_int_handler)


def made(make):
    try:
        return make()
    except lab.Unavailable as why:
        pytest.skip(f"SKIP user namespaces cannot be made or set up here: {why}")


@pytest.fixture(scope="session", autouse=True)
def binary():
    path = lab.sonde_binary()
    assert os.access(path, os.X_OK), f"{path} is not there: build it, or set SONDE"
    return path


@pytest.fixture
def host():
    """A machine of its own with nothing but a loopback interface."""
    namespace = made(lab.Namespace.fresh)
    namespace.use_names()
    yield namespace
    namespace.close()


@pytest.fixture
def routed():
    """host -- router -- far, with fresh rate limits."""
    net = made(lab.RoutedLab)
    yield net
    net.close()


@pytest.fixture(scope="module")
def fake():
    """A network of badly behaved hosts."""
    net = made(lab.FakeNet)
    yield net
    net.close()


@pytest.fixture(scope="module")
def raw_fake():
    """The same, and ICMP datagram sockets are forbidden: what works, works through a raw socket."""
    net = made(lambda: lab.FakeNet(datagrams=False))
    yield net
    net.close()
