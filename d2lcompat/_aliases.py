"""d2l's names for what frameworks call differently, such as ``d2l.reduce_mean(x)``."""

from collections.abc import Callable


def method(name: str) -> Callable:
    """A function that calls the method ``name`` of its first argument: ``f(x, ...)`` is
    ``x.name(...)``."""

    def call(x, *args, **kwargs):
        return getattr(x, name)(*args, **kwargs)

    call.__name__ = call.__qualname__ = name
    call.__doc__ = f"Call ``x.{name}(...)``."
    return call
