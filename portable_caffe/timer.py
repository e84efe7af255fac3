"""How long does something take? `caffe.Timer`."""
import time


class Timer:
    """A stop-watch: `start()`, `stop()`, and `ms`, the milliseconds between them."""

    def __init__(self):
        self._began, self._ms = None, 0.0

    def start(self):
        """Begin, unless it runs already."""
        if self._began is None:
            self._began = time.perf_counter()

    def stop(self):
        """End, if it runs."""
        if self._began is not None:
            self._ms, self._began = (time.perf_counter() - self._began) * 1000, None

    @property
    def ms(self):
        """Milliseconds of the last run, which ends where it is asked for; 0 before the first."""
        self.stop()
        return self._ms
