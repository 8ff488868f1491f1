"""A stand-in for a self-hosted Z-Image studio (studio-api.md, whose sections are cited).

It has no accounts. A password may be sent as a Bearer token, and a bad one is refused.
"""

from .server import build as build
