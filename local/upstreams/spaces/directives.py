"""Directives in a prompt, `a cat [[quota]]`, by which a caller makes a Space misbehave.

Before anything is drawn, in the order written:

    [[quota]] [[quota:1 day, 3:00:00]]  no ZeroGPU quota left; the argument is the time to wait
    [[runs]] [[nogpu]] [[badtoken]] [[duration]]        the other refusals of ZeroGPU
    [[worker:RuntimeError]]             a crash inside the GPU function, as seen from outside
    [[gpuqueue:1.5]]                    toasts of the ZeroGPU queue around a wait in seconds
    [[refuse]]                          content policy
    [[error:text]] [[raise:text]] [[hidden:text]]       gr.Error, bare exception, hidden gr.Error
    [[info:text]] [[warn:text]] [[success:text]]        toasts
    [[sleep:2.5]]                       block, in seconds

While the steps run:

    [[steps:N]]                         this many steps, whatever was asked for
    [[stall]]                           silence after the first step
    [[fail]]                            an error half-way
    [[mid:text]]                        likewise, with a text of one's own

After the last step:

    [[late:text]]                       gr.Error
    [[none]]                            no picture
    [[words]]                           no picture; where the Space has a text output, a text
"""

from ..common.directives import Directives, parse_directives

__all__ = ["Directives", "parse_directives"]
