"""What stands in for an import that failed: silent until somebody needs it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any, NoReturn

from convstep.language import tr

_defining = 0
"""How many definitions are being executed; a decorator may be called then."""


@contextlib.contextmanager
def defining() -> Iterator[None]:
    """While `def` and `class` statements run: placeholders may be called, as decorators are."""
    global _defining
    _defining += 1
    try:
        yield
    finally:
        _defining -= 1


_WELL_KNOWN = """
    autograd cupy einops h5py jax keras matplotlib networkx numba numexpr pandas scipy sympy taichi
    tensorflow theano tinygrad torch torchvision tqdm triton Cython=cython IPython=ipython PIL=pillow
    cv2=opencv-python pyximport=cython skimage=scikit-image sklearn=scikit-learn yaml=pyyaml
"""
_PACKAGES = {
    name: package or name for name, _, package in (each.partition("=") for each in _WELL_KNOWN.split())
}
"""Well known packages, and what pip calls them."""


class Missing(ImportError):
    """The candidate uses what could not be imported."""

    def __init__(self, dotted: str, reason: str, distribution: str | None) -> None:
        """Raised when `dotted` is used; the distribution would have to be installed, if there is one."""
        super().__init__(
            tr("{reason}, and the candidate uses {name}", reason=reason, name=dotted), name=dotted
        )
        self._dotted, self._reason, self._distribution = dotted, reason, distribution

    def sentence(self, file: str) -> str:
        """What to do about it, given the file whose code needs it."""
        name = self._distribution
        if name is None:
            return tr("{file} needs {name}, but {reason}", file=file, name=self._dotted, reason=self._reason)
        if name not in _PACKAGES:  # perhaps a module of the author's own: nobody should install a stranger's
            return tr(
                "{file} needs {name}, which is neither installed nor beside it; put it there, or install it",
                file=file,
                name=name,
            )
        said = "{file} needs {name}, which is not installed: pip install {package}"
        return tr(said, file=file, name=name, package=_PACKAGES[name])


Missing.__module__, Missing.__qualname__ = "builtins", "ImportError"  # what its author would read


class Placeholder:
    """A module, or something in a module, that could not be imported."""

    def __init__(self, dotted: str, reason: str, distribution: str | None = None) -> None:
        """Nothing is raised yet; for the arguments see `imports.Absent`."""
        self._dotted = dotted
        self._reason = reason
        self._distribution = distribution

    def __getattr__(self, name: str) -> Placeholder:
        if name.startswith("__") and name.endswith("__"):
            raise AttributeError(name)  # protocols that Python and NumPy look for
        return Placeholder(f"{self._dotted}.{name}", self._reason, self._distribution)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Before a definition, a decorator that changes nothing; anywhere else this raises."""
        if _defining or isinstance(self, _Decorator):
            if len(args) == 1 and not kwargs and callable(args[0]) and not isinstance(args[0], Placeholder):
                return args[0]
            return _Decorator(self._dotted, self._reason, self._distribution)
        return self._complain()

    def __getitem__(self, index: Any) -> Any:
        # a signature in a decorator: @jit(float64[:](float64[:]))
        return self if _defining else self._complain()

    def __mro_entries__(self, bases: tuple[Any, ...]) -> tuple[type, ...]:
        """A class on a missing base is a class without that base."""
        return ()

    def __instancecheck__(self, instance: object) -> bool:
        """Nothing is an instance of what is not installed."""
        return False

    def __subclasscheck__(self, subclass: type) -> bool:
        """As for instances."""
        return False

    def __repr__(self) -> str:
        return f"<{self._dotted}: {self._reason}>"

    def _complain(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise Missing(self._dotted, self._reason, self._distribution)


class _Decorator(Placeholder):
    """The decorator that a placeholder returns when it is called with arguments before a definition."""


def why_missing(value: Placeholder) -> str:
    """The reason it is not there: "matplotlib is not installed"."""
    return value._reason


_BINARY = "add sub mul truediv floordiv mod pow matmul and or xor lshift rshift divmod"
_OTHERS = (
    "neg pos abs invert lt le gt ge bool int float complex index "
    "iter next len contains setitem delitem enter exit array"
)
_COMPLAINING = [
    *(f"__{side}{name}__" for name in _BINARY.split() for side in ("", "r")),
    *(f"__{name}__" for name in _OTHERS.split()),
]


def _complaint(name: str) -> Callable[..., NoReturn]:
    def complain(self: Placeholder, *args: Any, **kwargs: Any) -> NoReturn:
        self._complain()

    complain.__name__ = name
    return complain


for _name in _COMPLAINING:
    setattr(Placeholder, _name, _complaint(_name))
