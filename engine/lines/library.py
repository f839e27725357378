"""How is the WebSocket library's protocol loaded, and nothing of what its own clients need?

5 MB otherwise, of which 2 are for its version: `websockets.version` loads `importlib.metadata`, and
so email, zip and temporary files, for a text that its own clients and servers send. While its
protocol is imported, three plain names stand in for that one module.
"""

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING

from engine.errors import Refused

if TYPE_CHECKING:
    from websockets.client import ClientProtocol

    from engine.lines.address import Address

VERSION = "websockets.version"
UNSAID = "unsaid"


def load() -> None:
    """Import the protocol, once. Refused where the library is not installed.

    One that is already there is left as it is.
    """
    if "websockets" in sys.modules:
        return
    stand_in = ModuleType(VERSION)
    stand_in.__dict__.update(tag=UNSAID, version=UNSAID, commit=UNSAID)
    sys.modules[VERSION] = stand_in
    try:
        import_module("websockets.client")
    except ImportError as error:
        raise Refused(
            f"streams need the websockets library: {error}",
            "install it: .venv/bin/pip install '.[exchange]'",
        ) from error
    finally:
        del sys.modules[VERSION]  # whoever asks for the version later gets the true one


def protocol_for(address: "Address", message_max: int) -> "ClientProtocol":
    """A client's half of one WebSocket, without a socket and without compression."""
    load()
    from logging import getLogger

    from websockets.client import ClientProtocol
    from websockets.uri import WebSocketURI

    # What it finds wrong is told by the line; it must not speak to the screen by itself.
    getLogger("websockets.client").disabled = True
    path, _, query = address.target.partition("?")
    secure = address.is_secure
    uri = WebSocketURI(secure, address.host, address.port, path, query, None, None)
    return ClientProtocol(uri, max_size=message_max)
