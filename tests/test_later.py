"""What loads later is the same once it has."""

from __future__ import annotations

import subprocess
import sys

TLS = """
import sys
import convstep.ui.app

assert "asyncio" in sys.modules and "_ssl" not in sys.modules

import asyncio, asyncio.sslproto, ssl

assert "_ssl" not in sys.modules


async def plain(reader, writer):
    writer.write(b"no TLS here")
    writer.close()


async def talk():
    server = await asyncio.start_server(plain, "127.0.0.1", 0)
    context = ssl.create_default_context()
    try:
        await asyncio.open_connection(*server.sockets[0].getsockname(), ssl=context)
    except ssl.SSLError:
        print("asyncio speaks TLS")


asyncio.run(talk())
print(type(ssl).__name__, type(asyncio.sslproto).__name__, hasattr(ssl, "nothing"))
"""


def test_a_screen_loads_no_tls_and_who_wants_it_has_it() -> None:
    done = subprocess.run([sys.executable, "-c", TLS], capture_output=True, text=True, timeout=300)
    assert done.stdout.splitlines() == ["asyncio speaks TLS", "module module False"], done.stderr
