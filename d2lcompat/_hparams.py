"""Hyper-parameters: a class keeps its arguments, and a book defines a class cell by cell."""

import inspect
from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, Any, TypeVar

T = TypeVar("T", bound=Callable[..., Any])


def add_to_class(Class: type) -> Callable[[T], T]:
    """Register the decorated function as a method of a class that exists already.

    A book introduces a class in pieces; this puts each piece in its place. Unlike d2l 1.0.3, the
    decorated name stays usable: it is the function, not None.
    """

    def register(function: T) -> T:
        setattr(Class, function.__name__, function)
        return function

    return register


class HyperParameters:
    """The base class of everything that is made from hyper-parameters."""

    hparams: dict[str, Any]

    if TYPE_CHECKING:  # attributes come from arguments, which no type checker can see

        def __getattr__(self, name: str) -> Any: ...

    def save_hyperparameters(self, ignore: Collection[str] = []) -> None:
        """Save the variables of the method that calls this one as attributes and in ``hparams``.

        Called first in a method, as it is meant to be, these are the method's arguments.

        Args:
            ignore: names to leave out. ``self`` and names that begin with ``_`` always are.

        Raises:
            RuntimeError: called where there is no calling method to take arguments from.
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
            # A variable of a function around the class is no argument.
            if name not in {*ignore, "self", *caller.f_code.co_freevars}
            and not name.startswith("_")
        }
        for name, value in self.hparams.items():
            setattr(self, name, value)
