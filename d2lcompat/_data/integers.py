"""Validation of integer arguments."""

import operator
from typing import Any

import numpy as np


def positive_integer(name: str, value: Any) -> int:
    """The value as an int.

    Raises:
        ValueError: it is not an integer of at least 1; the message calls it ``name``.
    """
    return _integer(name, value, 1, "a positive integer")


def non_negative_integer(name: str, value: Any) -> int:
    """The value as an int.

    Raises:
        ValueError: it is not an integer of at least 0; the message calls it ``name``.
    """
    return _integer(name, value, 0, "a non-negative integer")


def _integer(name: str, value: Any, least: int, expected: str) -> int:
    try:  # True and False are not accepted
        number = least - 1 if isinstance(value, bool | np.bool_) else operator.index(value)
    except TypeError:
        number = least - 1
    if number < least:
        whole = isinstance(value, float) and value.is_integer() and value >= least
        advice = f" Write {int(value)}." if whole else ""
        raise ValueError(f"Invalid {name}. Expected {expected}. Received: {value!r}.{advice}")
    return number
