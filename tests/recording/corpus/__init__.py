"""Functions over arrays as people write them, to be recorded: plain modules, each with `cases()`.

Written without a look at the recorder. A case is `(name, callable, arguments, keyword arguments)`, made anew
at every call of `cases()` from a fixed seed, because many of these functions change what they are given.
"""
