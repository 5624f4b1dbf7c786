"""Loggers are silent while somebody needs it, and as they were afterwards."""

from __future__ import annotations

import logging
import threading
import warnings

import pytest

from keras_acts.export.silence import quiet, silenced

pytestmark = pytest.mark.runs_once("loggers, which no backend takes part in")

NAME = "keras_acts_tests.silence"


@pytest.mark.parametrize("level", [logging.NOTSET, logging.INFO, logging.ERROR])
def test_the_level_comes_back(level: int) -> None:
    logger = logging.getLogger(NAME)
    logger.setLevel(level)
    with silenced(NAME):
        assert not logger.isEnabledFor(logging.ERROR)
        assert not logging.getLogger(f"{NAME}.below").isEnabledFor(logging.ERROR)
    assert logger.level == level
    with pytest.raises(KeyError), silenced(NAME):
        raise KeyError
    assert logger.level == level


def test_two_that_overlap_leave_the_level_of_before() -> None:
    logger = logging.getLogger(NAME)
    logger.setLevel(logging.WARNING)
    first_is_in, second_is_in = threading.Event(), threading.Event()

    def first() -> None:
        with silenced(NAME):
            first_is_in.set()
            second_is_in.wait()

    thread = threading.Thread(target=first)
    thread.start()
    first_is_in.wait()
    with silenced(NAME, level=logging.ERROR):
        second_is_in.set()
        thread.join()
        assert not logger.isEnabledFor(logging.WARNING)
    assert logger.level == logging.WARNING


def test_warnings_are_silent_and_come_back() -> None:
    with quiet(NAME):
        warnings.warn("unheard", UserWarning, stacklevel=1)
    with pytest.warns(UserWarning, match="heard"):
        warnings.warn("heard", UserWarning, stacklevel=1)
