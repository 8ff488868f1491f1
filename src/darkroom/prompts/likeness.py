"""A caption blended into a prompt, weighted by how much the picture counts.

What a studio does with embeddings, in words for a model that takes text alone: see `with_likeness`.
"""

import math
import re

# From here on the picture is what is painted, and the prompt says what is different.
PICTURE_FIRST = 0.7
STYLE_SHARE = 1 / 3  # of a caption that names style last, as of the dimensions in the original

MAX_CAPTION_CHARS = 32_000  # as of a prompt
# One character, so that a run of spaces is passed over once; phrases are stripped afterwards.
_BREAK = re.compile(r"[,;\n\uff0c\uff1b\u3001]|[.\u3002](?=\s)")


def with_likeness(prompt: str, caption: str, alpha: float, *, style_only: bool = False) -> str:
    """The prompt of a picture that is like the one captioned, by `alpha` from 0 to 1.

    Zero leaves the caption out. `alpha` is the share of its phrases that follow the prompt, counted
    from the end, where captions speak of style; from 0.7 on the whole of it goes before the prompt.
    `style_only` is that share of the last third, and never goes before.
    """
    said = _BREAK.split(caption[:MAX_CAPTION_CHARS])
    phrases = [phrase.strip().strip(".\u3002").strip() for phrase in said]
    phrases = [phrase for phrase in phrases if phrase]
    if alpha <= 0 or not phrases:
        return prompt
    whole = ", ".join(phrases)
    if not prompt.strip():
        return whole
    if alpha >= PICTURE_FIRST and not style_only:
        return f"{whole}. {prompt}"
    share = alpha * STYLE_SHARE if style_only else alpha
    count = math.ceil(share * len(phrases))
    return f"{prompt}, {', '.join(phrases[-count:])}"
