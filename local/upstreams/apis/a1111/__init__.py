"""A stand-in for AUTOMATIC1111's web UI with `--api` (wire-formats B5).

It paints one job after the other, and goes on when the client has left: only `interrupt` ends a
job early, with whatever is there by then.

    [[fail]]            a job that runs out of memory half-way
    [[stall]]           a job that gets stuck at its second step, until it is interrupted
    [[steps:N]]         this many steps, whatever was asked for
"""

from .server import build as build
