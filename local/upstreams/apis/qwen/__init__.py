"""A stand-in for Alibaba's DashScope (Model Studio) and its Qwen pictures (wire-formats B4).

[[quota]]           429 `Throttling.AllocationQuota`; [[quota:Arrearage]] an account in arrears,
                    [[quota:FreeTierOnly]] a free tier that is used up
[[refuse:output]]   the picture is refused instead of the prompt
[[inside200]] [[inside200:Throttling.RateQuota]]    an error, of that code, in a 200
[[partial]]         the last of a task's pictures is an error
[[badpoll]] [[badpoll:429]]     the second poll meets a proxy's 502 page, or a 429
"""

from .server import build as build
