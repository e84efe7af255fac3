"""Ctrl-C comes at a moment when it does no harm, and it always comes."""
import signal
import threading
from contextlib import contextmanager


class HeldBack:
    """Within `with HeldBack() as held:` Ctrl-C waits for the end, or for `with held.let_in():`.

    Python raises `KeyboardInterrupt` after any instruction: also between the making of a file
    and the `try` that removes it, and in hooks of a fork, which swallow it. The handler is
    put aside, for blocking the signal in this thread would let another one receive it. Only
    the main thread is ever interrupted.
    """

    def __enter__(self):
        handler = signal.getsignal(signal.SIGINT)
        comes = callable(handler) and threading.current_thread() is threading.main_thread()
        self._handler, self._came = handler if comes else None, []
        self._hold()
        return self

    def __exit__(self, *error):
        self._let_go()

    @contextmanager
    def let_in(self):
        """In here Ctrl-C comes at once, also one that came before."""
        self._let_go()
        try:
            yield
        finally:
            self._hold()

    def _hold(self):
        if self._handler:
            signal.signal(signal.SIGINT, lambda *came: self._came.append(came))

    def _let_go(self):
        if self._handler:
            signal.signal(signal.SIGINT, self._handler)
        while self._came:
            self._handler(*self._came.pop())
