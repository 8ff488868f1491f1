"""Encryption of stored secrets by Web Crypto."""

import base64
import secrets
from typing import Any

import js
from js import Object
from pyodide.ffi import JsException, to_js

from darkroom.settings import Secret
from darkroom.stores.sealing import SealBroken

IV_BYTES = 12  # what AES-GCM is made for
_INFO = b"darkroom: credentials of a task"


class WebCryptoSealer:
    """A `Sealer` by AES-GCM, with a key for each purpose, derived from the secret by HKDF."""

    def __init__(self, secret: Secret) -> None:
        self._secret = secret

    async def seal(self, text: str, purpose: str) -> str:
        """The text, sealed: base64 of what makes each seal another, and of the seal."""
        start = secrets.token_bytes(IV_BYTES)
        key = await self._key(purpose)
        sealed = await js.crypto.subtle.encrypt(_cipher(start), key, to_js(text.encode()))
        return base64.b64encode(start + sealed.to_bytes()).decode()

    async def open(self, sealed: str, purpose: str) -> str:
        """The text again."""
        data = base64.b64decode(sealed)
        start, rest = data[:IV_BYTES], data[IV_BYTES:]
        key = await self._key(purpose)
        try:
            text = await js.crypto.subtle.decrypt(_cipher(start), key, to_js(rest))
        except (OSError, JsException) as error:
            raise SealBroken from error
        return bytes(text.to_bytes()).decode()

    async def _key(self, purpose: str) -> Any:
        subtle = js.crypto.subtle
        secret = to_js(self._secret.reveal().encode())
        material = await subtle.importKey("raw", secret, "HKDF", False, to_js(["deriveKey"]))
        salt, info = to_js(purpose.encode()), to_js(_INFO)
        derivation = _object(
            [["name", "HKDF"], ["hash", "SHA-256"], ["salt", salt], ["info", info]]
        )
        kind = _object([["name", "AES-GCM"], ["length", 256]])
        uses = to_js(["encrypt", "decrypt"])
        return await subtle.deriveKey(derivation, material, kind, False, uses)


def _cipher(start: bytes) -> Any:
    return _object([["name", "AES-GCM"], ["iv", to_js(start)]])


def _object(entries: list[list[Any]]) -> Any:
    return Object.fromEntries(to_js(entries))
