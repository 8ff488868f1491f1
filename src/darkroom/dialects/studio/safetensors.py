"""A writer of safetensors files: header, then raw float32 (reference/studio-api.md §9)."""

import json
from collections.abc import Sequence

from darkroom.blob import Blob, BytesBlob

TENSOR = "embeddings"
MEDIA_TYPE = "application/octet-stream"
ALIGNMENT = 8  # of the numbers, in bytes: what maps the file into memory reads them where they are


def float32_file(rows: int, columns: int, data: Blob) -> Sequence[Blob]:
    """The parts of a file around little-endian float32, which nobody has to look at.

    The length of the header as eight bytes, the header in JSON, padded with spaces, the numbers.
    """
    tensor = {"dtype": "F32", "shape": [rows, columns], "data_offsets": [0, data.size]}
    header = json.dumps({TENSOR: tensor}, separators=(",", ":")).encode()
    header += b" " * (-len(header) % ALIGNMENT)
    return BytesBlob(len(header).to_bytes(8, "little") + header), data
