"""Directives in a prompt, `a cat [[sleep:2.5]]`, by which a caller makes a stand-in misbehave.

Before the work, in the order written:

    [[dead]]            503 at once
    [[quota]]           the provider's quota error, whatever the token
    [[limited]]         the provider's 429, with Retry-After
    [[html]]            a 200 HTML page
    [[error:text]]      a 400 with that text in the provider's error shape
    [[refuse]]          the provider's own refusal for its content policy
    [[sleep:2.5]]       takes that long, in seconds
    [[fail]]            accepted, then failed
    [[stall]]           no answer until the client leaves; a stream sends its first event before
                        it falls silent, a task runs for ever

While the work runs, where the API has such a thing:

    [[steps:N]]         this many polls before a task is done

In the answer:

    [[words]]           a text and no picture
    [[none]]            no picture
    [[b64]]             base64, even though a URL was asked for
"""

from ..common.directives import Directives, parse_directives

__all__ = ["Directives", "parse_directives"]
