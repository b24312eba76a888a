"""A stopwatch, as in *Dive into Deep Learning*."""

import time
from itertools import accumulate


class Timer:
    """Record running times, in seconds. The timer starts when it is created."""

    def __init__(self) -> None:
        self.times: list[float] = []
        self.start()

    def start(self) -> None:
        """Restart the timer."""
        self.tik = time.perf_counter()

    def stop(self) -> float:
        """Stop the timer; record and return the time."""
        self.times.append(time.perf_counter() - self.tik)
        return self.times[-1]

    def avg(self) -> float:
        """The average of the recorded times.

        Raises:
            ValueError: no time was recorded.
        """
        if not self.times:
            raise ValueError("Timer.avg() expected a recorded time; call stop() first.")
        return sum(self.times) / len(self.times)

    def sum(self) -> float:
        """The sum of the recorded times."""
        return sum(self.times)

    def cumsum(self) -> list[float]:
        """The running sums of the recorded times."""
        return list(accumulate(self.times))
