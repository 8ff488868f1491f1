"""Pictures that a caller sends along with a prompt."""

import base64
import binascii
import io

from PIL import Image

from .painting import paint

REMOTE_SIDE_PX = 512
REMOTE = ("http://", "https://")


def read_reference(text: str) -> bytes:
    """The picture that a URL, a data URL or bare base64 stands for.

    Nothing is downloaded: a picture is made up for a URL. Raises ValueError when there is none.
    """
    if text.lower().startswith(REMOTE):
        return paint(f"The picture at {text}", 0, REMOTE_SIDE_PX, REMOTE_SIDE_PX)
    head, comma, rest = text.partition(",")
    if head.startswith("data:") and not (comma and head.endswith(";base64")):
        raise ValueError("not a base64 data URL")
    try:
        picture = base64.b64decode(rest if comma else text, validate=True)
    except binascii.Error as error:
        raise ValueError("not base64") from error
    try:
        with Image.open(io.BytesIO(picture)) as image:
            image.load()
    except (OSError, SyntaxError) as error:
        raise ValueError("not a picture") from error
    return picture


def fit_area(ratio: float, pixels: int, step: int) -> tuple[int, int]:
    """Width and height of about that ratio and that many pixels, each a multiple of `step`."""
    width = (pixels * ratio) ** 0.5
    return snap(width, step), snap(width / ratio, step)


def snap(side: float, step: int) -> int:
    """The multiple of `step` that is nearest, at least one."""
    return max(1, round(side / step)) * step
