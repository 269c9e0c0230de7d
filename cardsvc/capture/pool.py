"""Photos made in child processes: one that kills its child, hangs or eats memory costs nobody else's.

Each child has one thread, a bound on memory, and is replaced after some hundred photos.
"""

import multiprocessing
import resource
from collections.abc import Callable
from concurrent.futures import Future
from typing import Final, Self

from pebble import ProcessExpired, ProcessPool

from cardsvc.capture.problems import PhotoResult
from cardsvc.domain.profiles import RegionProfile

SECONDS: Final = 30.0  # a 60-megapixel PNG takes three
_MEMORY: Final = 1 << 30  # bytes a photo may take on top of what a child has at its start
_PHOTOS: Final = 500

Normalise = Callable[[bytes, RegionProfile], PhotoResult]


class PhotoPool:
    """``workers`` child processes that make portraits; a context manager."""

    def __init__(self, workers: int, *, seconds: float = SECONDS, normalise: Normalise | None = None) -> None:
        self.workers = workers
        self._seconds = seconds
        self._normalise = normalise
        self._pool = ProcessPool(
            max_workers=workers,
            max_tasks=_PHOTOS,
            initializer=_prepare,
            context=multiprocessing.get_context("spawn"),
        )

    def __enter__(self) -> Self:
        """Return the pool; children start with the first photo."""
        return self

    def __exit__(self, *_: object) -> None:
        """Stop the children; photos in the making are lost, and made again by whoever takes them up."""
        self._pool.stop()  # type: ignore[no-untyped-call]  # pebble has left it out
        self._pool.join()

    def start(self, data: bytes, profile: RegionProfile) -> "Future[PhotoResult]":
        """Begin one photo; ``died`` tells what an exception of the result means."""
        made: Future[PhotoResult] = self._pool.schedule(
            _make, args=(data, profile, self._normalise), timeout=self._seconds
        )
        return made


def died(error: BaseException) -> bool:
    """Return whether a photo's failure means that it killed its child, or had to be killed with it."""
    return isinstance(error, ProcessExpired | TimeoutError | MemoryError)


def _prepare() -> None:
    import cv2

    from cardsvc.capture import normalise

    del normalise  # only to have it and its libraries loaded before memory is bounded
    cv2.setNumThreads(1)
    with open("/proc/self/statm", encoding="ascii") as file:  # noqa: PTH123 - a line of the kernel's
        pages = int(file.read().split()[0])
    bound = pages * resource.getpagesize() + _MEMORY
    resource.setrlimit(resource.RLIMIT_AS, (bound, bound))


def _make(data: bytes, profile: RegionProfile, normalise: Normalise | None) -> PhotoResult:
    if normalise is None:
        from cardsvc.capture.normalise import normalise as usual

        normalise = usual
    return normalise(data, profile)
