"""A stand-in for Black Forest Labs, api.bfl.ai (wire-formats B1): submit, then poll.

[[refuse]] [[refuse:output]]    `Request Moderated`, `Content Moderated`
[[fail]]            status `Error`, delivered with a 503
[[preview]]         polls carry a small picture as base64
[[elsewhere]]       a polling_url on a host that is not the provider's
[[gone]]            a sample whose ten minutes are over
"""

from .server import build as build
