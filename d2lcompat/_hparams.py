"""Hyper-parameters: store arguments as attributes, and define a class over several cells."""

import inspect
from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, Any, TypeVar

T = TypeVar("T", bound=Callable[..., Any])


def add_to_class(Class: type) -> Callable[[T], T]:
    """A decorator that makes a function a method of an existing class.

    With it, a book can define a class over several cells. Unlike in d2l 1.0.3, the decorated name
    remains the function instead of None.
    """

    def register(function: T) -> T:
        setattr(Class, function.__name__, function)
        return function

    return register


class HyperParameters:
    """The base class of classes with hyper-parameters."""

    hparams: dict[str, Any]

    if TYPE_CHECKING:  # attributes come from arguments; type checkers cannot see that

        def __getattr__(self, name: str) -> Any: ...

    def save_hyperparameters(self, ignore: Collection[str] = []) -> None:
        """Save the variables of the method that calls this one as attributes and in ``hparams``.

        Call it first in a method; these variables are then the method's arguments.

        Args:
            ignore: names to omit. ``self`` and names that begin with ``_`` are always omitted.

        Raises:
            RuntimeError: it is not called in a method.
        """
        current = inspect.currentframe()
        caller = current.f_back if current else None
        if caller is None or caller.f_code.co_name == "<module>":
            raise RuntimeError(
                "save_hyperparameters() expected to be called inside a method such as __init__; "
                "it was called outside any."
            )
        _, _, _, values = inspect.getargvalues(caller)
        self.hparams = {
            name: value
            for name, value in values.items()
            # A variable of a function around the class is not an argument.
            if name not in {*ignore, "self", *caller.f_code.co_freevars}
            and not name.startswith("_")
        }
        for name, value in self.hparams.items():
            setattr(self, name, value)
