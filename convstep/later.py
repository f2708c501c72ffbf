"""Modules of the standard library that load when something of them is used.

`importlib.util.LazyLoader` would not do: to it the second `import` of a module is a use.
"""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.machinery import PathFinder
from importlib.util import module_from_spec
from threading import RLock
from types import ModuleType
from typing import Any

_ONE_AT_A_TIME = RLock()


class _Later(ModuleType):
    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # asked of every module, whatever is in it
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        with _ONE_AT_A_TIME:
            loader = vars(self).pop("_loads_later", None)
            if loader is not None:
                loader.exec_module(self)
                self.__class__ = ModuleType  # type: ignore[assignment]
        return ModuleType.__getattribute__(self, name)


def tls_later() -> None:
    """Let `ssl` load when somebody first uses it, and not with asyncio, which is loaded here.

    OpenSSL takes longer to load than all the rest of asyncio, and no screen has a use for it. Nothing is
    changed where asyncio is loaded already, or where Python was built without TLS, as asyncio has to know.
    """
    package = PathFinder.find_spec("asyncio")
    if package is None or not {"asyncio", "ssl"}.isdisjoint(sys.modules) or not PathFinder.find_spec("_ssl"):
        return
    inside = package.submodule_search_locations
    specs = PathFinder.find_spec("ssl"), PathFinder.find_spec("asyncio.sslproto", inside)
    for spec in filter(None, specs):
        module = module_from_spec(spec)
        vars(module)["_loads_later"] = spec.loader
        module.__class__ = _Later
        sys.modules[spec.name] = module
    vars(import_module("asyncio"))["sslproto"] = sys.modules["asyncio.sslproto"]
