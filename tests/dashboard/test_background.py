"""What is prepared in the background: once for all, again after a failure, and with a progress bar for who waits."""

import itertools
import threading
import time

import pytest
import streamlit

from digitjax.errors import InputError
from tests.dashboard.conftest import DASHBOARD

_keys = itertools.count()


@pytest.fixture
def background(monkeypatch):
    monkeypatch.syspath_prepend(DASHBOARD)
    from parts import background

    return background


@pytest.fixture
def key():
    """A key that no other test has used."""
    return "test", next(_keys)


@pytest.fixture
def bar(monkeypatch):
    """Record what a progress bar shows; empty once it is removed."""
    shown = []

    class Bar:
        def progress(self, share, text):
            shown.append((share, text))

        def empty(self):
            shown.append("removed")

    monkeypatch.setattr(streamlit, "empty", Bar)
    return shown


def test_a_result_is_computed_once_and_shown_at_once_when_it_is_there(background, bar, key):
    calls = []
    background.prepare(key, lambda: calls.append(1) or "result").result(10)
    assert background.wait_for(key, "Computing", 5, lambda: calls.append(1)) == "result"
    assert calls == [1]
    assert not bar


def test_who_waits_sees_a_bar_that_grows_until_the_result_is_there(background, bar, key):
    def compute():
        time.sleep(1)  # longer than a page waits without a bar
        return 7

    assert background.wait_for(key, "Computing", 5, compute) == 7
    *progress, last = bar
    assert last == "removed"
    assert len(progress) >= 2
    shares = [share for share, _ in progress]
    assert shares == sorted(shares)
    assert 0 < shares[0] < shares[-1] < 1
    assert progress[0][1] == "Computing: 0 s of about 5 s"


@pytest.mark.parametrize("error", [InputError("damaged"), TimeoutError("of its own")])
def test_a_failure_is_raised_and_the_next_call_tries_again(background, bar, key, error):
    def fail():
        raise error

    with pytest.raises(type(error), match=str(error)):
        background.wait_for(key, "Computing", 5, fail)
    assert background.wait_for(key, "Computing", 5, lambda: "result") == "result"


def test_preparing_does_not_wait(background, key):
    end = threading.Event()
    preparation = background.prepare(key, lambda: end.wait(60))
    assert not preparation.failed
    end.set()
    assert preparation.result(10) is True
