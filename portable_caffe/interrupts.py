"""Ctrl-C comes at a moment when it does no harm, and it always comes."""
import signal
import threading


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

    def let_in(self):
        """In `with held.let_in():` Ctrl-C comes at once, also one that came before."""
        return _LetIn(self)

    def _hold(self):
        if self._handler:
            signal.signal(signal.SIGINT, lambda *came: self._came.append(came))

    def _let_go(self):
        if self._handler:
            signal.signal(signal.SIGINT, self._handler)
        while self._came:
            self._handler(*self._came.pop())


class _LetIn:
    """No generator, for one that is interrupted as it begins would hold back later, for ever."""

    def __init__(self, held):
        self._held = held

    def __enter__(self):
        self._held._let_go()

    def __exit__(self, *error):
        self._held._hold()
