"""Lets a Home Assistant of any release trust the simulated clouds."""

import os
from pathlib import Path

from homeassistant.util import ssl as ssl_util


def trust(ca_pem_path: Path) -> None:
    """Let Home Assistant trust an authority, as it trusts a user's own one.

    It made its TLS contexts when it was imported, which may be before the environment
    could be set; so it makes them again, outside of the event loop.
    """
    os.environ["REQUESTS_CA_BUNDLE"] = str(ca_pem_path)
    ssl_util._client_context.cache_clear()
    for cipher_list in ssl_util.SSLCipherList:
        for protocols in ssl_util._SSL_ALPN_PROTOCOLS:
            ssl_util._client_context(cipher_list, protocols)
