"""The worker: delivers the outbox and fills gaps in the inbox until it is told to stop."""

import random
import threading
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final

import structlog

from cardsvc.bank.gateway import BankGateway
from cardsvc.errors import Busy
from cardsvc.services import inbox, outbox
from cardsvc.store.uow import UnitOfWork

_IDLE_SECONDS: Final = 0.2
_GAP_EVERY: Final = 25  # idle rounds between looks for gaps

log = structlog.get_logger()


def run(
    uow: UnitOfWork,
    banks: Mapping[str, BankGateway],
    *,
    clock: Callable[[], datetime],
    stop: threading.Event,
    rng: random.Random,
) -> None:
    """Work until ``stop`` is set; a fault of one round is logged and the next one goes on."""
    idle = 0
    while not stop.is_set():
        try:
            done = outbox.deliver_due(uow, banks, clock=clock, rng=rng)
            idle = 0 if done else idle + 1
            if idle % _GAP_EVERY == 1:
                inbox.fill_gaps(uow, banks, now=clock())
        except Busy:
            idle = 1  # another writer was first; the message stays due
        except Exception:
            # The lease takes the message back; a worker that dies of one bad row would take all others along.
            log.exception("worker_round_failed")
            idle = 1
        if idle:
            stop.wait(_IDLE_SECONDS)


def start(
    uow: UnitOfWork,
    banks: Mapping[str, BankGateway],
    *,
    clock: Callable[[], datetime],
    workers: int = 2,
) -> Callable[[], None]:
    """Start worker threads inside this process; return what stops them and waits for them."""
    stop = threading.Event()
    threads = [
        threading.Thread(
            target=run,
            args=(uow, banks),
            kwargs={"clock": clock, "stop": stop, "rng": random.SystemRandom()},
            name=f"worker-{index}",
            daemon=True,
        )
        for index in range(workers)
    ]
    for thread in threads:
        thread.start()

    def finish() -> None:
        stop.set()
        for thread in threads:
            thread.join(timeout=15)

    return finish
