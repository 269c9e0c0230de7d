"""What a child process of the photo pool is given to do in tests: by the first bytes of the "photo"."""

import os
import signal
import time

from cardsvc.capture.problems import refuse, result

PORTRAIT = b"\xff\xd8portrait"


def pretend(data, profile):
    """Die, hang, eat memory, or make a portrait."""
    assert profile.photo.width
    if data.startswith(b"die"):
        os.kill(os.getpid(), signal.SIGKILL)
    if data.startswith(b"hang"):
        time.sleep(600)
    if data.startswith(b"eat"):
        return result(bytes(4 << 30), [])
    if data.startswith(b"bad"):
        return result(None, [refuse("photo.no_face")])
    return result(PORTRAIT, [])
