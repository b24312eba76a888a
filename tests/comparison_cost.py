"""Print how long the comparison of 10 MB of output takes, for outputs of several kinds.

    python tests/comparison_cost.py [MEGABYTES]

It measures processor time. `tools/test_compare_cost.py` tests that the cost is proportional.
"""

import base64
import copy
import random
import sys
import time
import uuid
from collections.abc import Iterator
from typing import Any

from tabbook.check.compare import Tolerance, compare

Pair = tuple[str, dict[str, Any], dict[str, Any]]


def pairs(size: int) -> Iterator[Pair]:
    """A name and two outputs of about ``size`` bytes: equal ones, and with few or many changes."""
    draw = random.Random(0)
    table, moved = (
        "\n".join(" ".join(f"{draw.random():.6f}" for _ in range(10)) for _ in range(size // 90))
        for _ in range(2)
    )
    yield "a table of numbers, equal", _text(table), _text(table)
    last = table[:-1] + str((int(table[-1]) + 1) % 10)
    yield "the same, one number rounded differently", _text(table), _text(last)
    yield "the same, every number another", _text(table), _text(moved)
    picture = base64.b64encode(draw.randbytes(size * 3 // 4)).decode()
    html = f'<div id="_"><img src="data:image/png;base64,{picture}"></div><script>f("_")</script>'
    ids = [str(uuid.UUID(int=draw.getrandbits(128))) for _ in range(2)]
    stored, new = ({"text/html": html.replace("_", one)} for one in ids)
    yield "HTML with a picture, another random id", stored, new
    words = "lorem ipsum dolor " * (size // 18)
    yield "one line of words, another word at its end", _text(words), _text(f"{words}end")
    values = {"application/json": {"x": [draw.random() for _ in range(size // 20)]}}
    other = copy.deepcopy(values)
    other["application/json"]["x"][-1] += 1e-9
    yield "JSON, one number rounded differently", values, other


def _text(text: str) -> dict[str, Any]:
    return {"text/plain": text}


def main(megabytes: float = 10) -> None:
    print("| output | seconds | verdict |\n|---|---|---|")
    for name, stored, new in pairs(int(megabytes * 1e6)):
        one, other = ([{"output_type": "display_data", "data": data}] for data in (stored, new))
        begin = time.process_time()
        verdict = compare(one, other, Tolerance()).verdict
        print(f"| {name} | {time.process_time() - begin:.2f} | {verdict} |", flush=True)


if __name__ == "__main__":
    main(*map(float, sys.argv[1:]))
