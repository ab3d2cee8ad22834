"""A service that does not answer is left alone, by all but one who tries."""

import pytest

from outages import pause
from outages.pause import Pause


class Clock:
    now = 0.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(pause, "time", clock)
    return clock


def test_one_caller_tries_when_a_pause_is_over(clock: Clock) -> None:
    service = Pause(2)
    assert not service.is_on()
    service.begin()
    assert service.is_on()
    clock.now = 2.5
    assert [service.is_on() for _ in range(3)] == [False, True, True]
    clock.now = 5.0
    assert not service.is_on()


def test_it_ends_with_an_answer(clock: Clock) -> None:
    service = Pause(2)
    service.begin()
    service.end()
    assert not service.is_on()
    assert not service.is_on()
