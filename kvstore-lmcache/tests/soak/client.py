"""A client that never stops: ``python -m soak.client KIND ADDRESS SEED``, one line of JSON with its counts a second."""

from __future__ import annotations

import json
import random
import signal
import sys
import time
from contextlib import suppress

from soak import values
from soak.doors import Door, open_door

BATCH = 4
WRONG_BYTES = 3


def main(kind: str, address: str, seed: str) -> int:
    """Runs until SIGTERM, or until a byte is wrong."""
    random.seed(seed)
    ended: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, _: ended.append(number))
    counts = dict.fromkeys(("stored", "hits", "misses", "wrong", "failures"), 0)
    door: Door | None = None
    next_line = 0.0
    while not ended and not counts["wrong"]:
        try:
            if door is None:
                door = open_door(kind, address)
            one_call(door, counts)
        except (OSError, AssertionError):
            # the daemon restarts; an adapter connects again by itself
            counts["failures"] += 1
            if door is not None:
                with suppress(OSError):
                    door.close()
                door = None
            time.sleep(0.1)
        if time.monotonic() >= next_line:
            print(json.dumps(counts), flush=True)
            next_line = time.monotonic() + 1
    print(json.dumps(counts), flush=True)
    if door is not None:
        door.close()
    return WRONG_BYTES if counts["wrong"] else 0


def one_call(door: Door, counts: dict[str, int]) -> None:
    """A put, a get or a lookup of a few keys, some of which are asked for more often than others."""
    numbers = [int(values.COUNT * random.random() ** 4) for _ in range(random.randint(1, BATCH))]
    numbers = list(dict.fromkeys(numbers))
    chance = random.random()
    if chance < 0.45:
        counts["stored"] += door.put(numbers)
    elif chance < 0.9:
        for right in door.get(numbers):
            counts["misses" if right is None else "hits" if right else "wrong"] += 1
    else:
        door.exists(numbers)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
