"""Stand-ins for the providers' servers, each on a port of its own.

Run them from the repository root:

    python -m local.upstreams.apis --port 8791
"""
