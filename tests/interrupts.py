"""Signals that a shell may have had its background ignore."""

import signal


def heed_interrupts() -> None:
    """A shell has what it runs in the background ignore two signals, and so would what tests start and interrupt."""
    for number, handler in ((signal.SIGINT, signal.default_int_handler), (signal.SIGQUIT, signal.SIG_DFL)):
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, handler)
