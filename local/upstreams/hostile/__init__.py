"""Hostile stand-ins: a Space and an API that attack whoever asks them, and a host to be led to.

Run them from the repository root:

    python -m local.upstreams.hostile --port 9350
"""
