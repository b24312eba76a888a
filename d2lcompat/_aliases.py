"""d2l's names for what frameworks call differently, such as ``d2l.reduce_mean(x)``."""

from collections.abc import Callable
from typing import Any

from d2lcompat._types import Tensor


def method(name: str) -> Callable[..., Any]:
    """A function that calls the method ``name`` of its first argument: ``f(x, ...)`` is
    ``x.name(...)``."""

    def call(x: Tensor, *args: Any, **kwargs: Any) -> Any:
        return getattr(x, name)(*args, **kwargs)

    call.__name__ = call.__qualname__ = name
    call.__doc__ = f"Call ``x.{name}(...)``."
    return call
