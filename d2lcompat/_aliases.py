"""d2l's names for functions that have other names in the frameworks: ``d2l.reduce_mean(x)``."""

from collections.abc import Callable
from typing import Any, TypeVar

T = TypeVar("T")


def methods_of(returns: type[T]) -> Callable[[str], Callable[..., T]]:
    """Return ``method``, which makes functions of methods: ``method("mean")(x)`` is ``x.mean()``.

    Args:
        returns: the type that these methods return, for editors and type checkers.
    """

    def method(name: str) -> Callable[..., T]:
        def call(x: Any, *args: Any, **kwargs: Any) -> T:
            value: T = getattr(x, name)(*args, **kwargs)
            return value

        call.__name__ = call.__qualname__ = name
        call.__doc__ = f"Call ``x.{name}(...)``."
        return call

    return method
