"""Readers of what comes from outside, each with odd input, and what each may raise.

Runs in CPython and inside an isolate, whose blobs are JavaScript's.
"""

import traceback
import zlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from random import Random

from darkroom.address import AddressRefused, public_address
from darkroom.alpha import put_alpha
from darkroom.blob import Blob, BytesBlob
from darkroom.dialects.a1111.infotext import read_infotext
from darkroom.dialects.a1111.png_text import read_texts
from darkroom.errors import Failure, InvalidRequest
from darkroom.generation.input_images import read_source
from darkroom.image import ImageFile, NotAnImage, read_image_text
from darkroom.json_reader import ANSWER, CONFIG, CONVERSATION, EVENT, FIELDS, parse_json
from darkroom.masks import Convention, Mask
from darkroom.multipart import FormFile, form_parts, form_type
from darkroom.pauses import WorkMeter
from darkroom.png import Colours, Header, read_png, write_png
from darkroom.prompts.thinking import ThinkingStream
from darkroom.providers.error_mapping import UpstreamError, map_error, read_text
from darkroom.providers.gradio.config import find_signature
from darkroom.providers.gradio.diffs import OutputDiffs, UnreadableDiff
from darkroom.providers.gradio.messages import MessageReader
from darkroom.providers.gradio.outputs import FileAddresses, find_pictures, find_seed
from darkroom.providers.hidden_states import read_hidden_states
from darkroom.request_body import parse_document
from darkroom.sse import EventReader, EventTooLarge
from tests.support.odd import BASE64, TEXTS, Odd, words
from tests.support.odd_upstreams import DATA_URL, GRADIO_CONFIG, GRADIO_MESSAGES, IMAGES

ToBlob = Callable[[bytes], Blob]
Read = Callable[[Odd, ToBlob], Awaitable[object]]
MAX_STEPS = 200_000
SIDE = 16
COLOURS = tuple(Colours)


def _picture(odd: Odd) -> bytes:
    """A PNG that may have been changed, or the beginning of another format."""
    random = odd.random
    if random.random() < 0.3:
        heads = (b"\xff\xd8\xff\xc0", b"\xff\xd8\xff\xe0", b"GIF89a", b"RIFF\x10\0\0\0WEBPVP8 ",
                 b"RIFF\x10\0\0\0WEBPVP8X", b"RIFF\x10\0\0\0WEBPVP8L", b"\0\0\0\x1cftypavif", b"\x89PNG\r\n\x1a\n")  # fmt: skip
        return random.choice(heads) + random.randbytes(random.choice((0, 3, 20, 200, 3_000)))
    header = Header(
        random.choice((0, 1, SIDE, 5_000)), SIDE, random.choice((1, 8, 16)), random.choice(COLOURS)
    )
    rows = random.choice((b"\0", b"\x04", b"\xff")) + bytes(random.randrange(200))
    file = write_png(header, zlib.compress(rows * random.choice((1, SIDE, 2_000))))
    return odd.broken(file) if random.random() < 0.5 else file


async def _json(odd: Odd, to_blob: ToBlob) -> object:
    data = odd.text(odd.changed(odd.random.choice((IMAGES, GRADIO_CONFIG, odd.value()))))
    return parse_json(
        to_blob(data), odd.random.choice((FIELDS, ANSWER, EVENT, CONFIG, CONVERSATION))
    )


def _written(odd: Odd) -> str:
    return str(odd.value()).encode("utf-8", "replace").decode()


async def _form(odd: Odd, to_blob: ToBlob) -> object:
    names = [odd.value_name() for _ in range(3)]
    fields: list[tuple[str, str | FormFile]] = [(name, _written(odd)) for name in names]
    fields.append(("image", FormFile("a.png", BytesBlob(_picture(odd)), "image/png")))
    boundary = odd.random.choice(("b", "--", "x" * 200, "b"))
    data = b"".join(
        part if isinstance(part, bytes) else part.head(part.size)
        for part in form_parts(fields, boundary)
    )
    kind = odd.random.choice(
        (form_type(boundary), "multipart/form-data", 'multipart/form-data; boundary="')
    )
    return await parse_document(to_blob(odd.broken(data)), {"content-type": kind})


async def _encoded_form(odd: Odd, to_blob: ToBlob) -> object:
    data = odd.broken(b"prompt=a+cat&n=%31&size=%E0%A4%A&" * odd.random.choice((1, 300)))
    return await parse_document(
        to_blob(data), {"content-type": "application/x-www-form-urlencoded"}
    )


async def _events(odd: Odd, _: ToBlob) -> object:
    reader = EventReader(odd.random.choice((100, 100_000)))
    lines = (
        b"data: x\n",
        b"data\n",
        b": so\n",
        b"event: e\r\n",
        b"id: 1\r",
        b"retry: x\n",
        b"\n",
        b"\r\n",
        b"\xff\n",
    )
    for _number in range(odd.random.randrange(60)):
        reader.feed(
            odd.broken(odd.random.choice(lines))
            if odd.random.random() < 0.2
            else odd.random.choice(lines)
        )
    return reader.feed(b"\n\n")


async def _header(odd: Odd, to_blob: ToBlob) -> object:
    file = ImageFile(data=to_blob(_picture(odd)))
    return file.dimensions, file.format


async def _data_url(odd: Odd, to_blob: ToBlob) -> object:
    text = odd.broken(
        odd.random.choice((DATA_URL, BASE64, "data:image/png,x", "data:;base64,")).encode()
    )
    as_blob = odd.random.random() < 0.5
    file = read_image_text(to_blob(text) if as_blob else text.decode("utf-8", "replace"))
    return (await file.to_bytes()).size, file.dimensions, file.format


async def _source(odd: Odd, _: ToBlob) -> object:
    return read_source(odd.changed({"image_url": {"url": DATA_URL}}), "image")


async def _png(odd: Odd, _: ToBlob) -> object:
    return sum(map(len, read_png(_picture(odd)).lines(WorkMeter(MAX_STEPS))))


async def _png_texts(odd: Odd, to_blob: ToBlob) -> object:
    chunks = b"".join(
        len(data).to_bytes(4, "big") + kind + data + bytes(4)
        for kind, data in (
            (odd.random.choice((b"tEXt", b"zTXt", b"iTXt")),
             odd.broken(b"parameters\0\0" + zlib.compress(b"a cat\nSteps: 4" * 50)))
            for _ in range(odd.random.choice((1, 3, 300))))
    )  # fmt: skip
    file = write_png(Header(1, 1, 8, Colours.GREY), zlib.compress(b"\0\0"))
    return await read_texts(ImageFile(data=to_blob(odd.broken(file[:33] + chunks + file[33:]))))


async def _mask(odd: Odd, to_blob: ToBlob) -> object:
    mask = Mask(ImageFile(data=to_blob(_picture(odd))), odd.random.choice(tuple(Convention)))
    mask.check(ImageFile(data=to_blob(_picture(odd))))
    return await (mask.to_alpha() if odd.random.random() < 0.5 else mask.to_black_and_white())


async def _alpha(odd: Odd, _: ToBlob) -> object:
    return await put_alpha(_picture(odd), _picture(odd))


async def _infotext(odd: Odd, _: ToBlob) -> object:
    text = b'a cat\nNegative prompt: so\nSteps: 4, Sampler: "x\\"y", Size: 8x8, Model hash: 1' * 3
    return read_infotext(odd.broken(text).decode("utf-8", "replace"))


async def _gradio_config(odd: Odd, _: ToBlob) -> object:
    data = odd.text(odd.changed(GRADIO_CONFIG))
    return find_signature(
        data, "infer", odd.random.choice((6, 7, 8)), odd.random.choice((None, 0, 1))
    )


async def _gradio_messages(odd: Odd, _: ToBlob) -> object:
    reader = MessageReader("a/b", FileAddresses("https://a-b.hf.space", "/gradio_api", None))
    for message in GRADIO_MESSAGES:
        changed = odd.changed(message) if odd.random.random() < 0.5 else message
        if isinstance(changed, Mapping):
            reader.read(changed)
    return reader


async def _gradio_outputs(odd: Odd, _: ToBlob) -> object:
    value = odd.changed(
        [{"path": "/tmp/a.png", "url": None, "image": {"url": DATA_URL}}, "seed: 7", 7]
    )
    pictures = find_pictures(value, FileAddresses("https://a-b.hf.space", "", None))
    return pictures, find_seed(value if isinstance(value, list) else [value])


async def _gradio_diffs(odd: Odd, _: ToBlob) -> object:
    diffs = OutputDiffs()
    diffs.update([{"a": [1, {"b": "x"}]}])
    for _number in range(5):
        edit = odd.changed(["replace", ["a", 1, "b"], "y"])
        diffs.update([[edit]] if odd.random.random() < 0.8 else [edit])
    return diffs


async def _refusal(odd: Odd, _: ToBlob) -> object:
    status, headers = odd.status_and_type("application/json")
    body = odd.text(
        odd.changed({"error": {"message": "no", "code": "x", "param": "y"}, "retry_after": 5})
    )
    failure = map_error(UpstreamError(status, headers, read_text(body)), "Somebody")
    assert len(failure.message) < 2_000
    return failure


async def _hidden_states(odd: Odd, to_blob: ToBlob) -> object:
    states = odd.random.choice((BASE64[:44], [[0.5, 1.0], [1.5, 2.0]], [[[1, 2]]]))
    answer = odd.changed({"shape": [1, 2, 4], "model": "q", "hidden_states": states})
    return await read_hidden_states(to_blob(odd.text(answer)), "Somebody")


async def _address(odd: Odd, _: ToBlob) -> object:
    base = odd.random.choice((*TEXTS, "https://files.example.com/a.png?x=1#y"))
    return str(
        public_address(odd.broken(base.encode("utf-8", "replace")).decode("utf-8", "replace"))
    )


async def _thinking(odd: Odd, _: ToBlob) -> object:
    stream = ThinkingStream()
    for _number in range(10):
        stream.feed(
            odd.random.choice(("<think>", "</think>", "<thi", "nk>", " ", "a cat", "\ud800", "<"))
        )
    return stream.end()


# Each reader, and what it may raise.
READERS: Mapping[str, tuple[Read, tuple[type[Exception], ...]]] = {
    "JSON": (_json, (ValueError,)),
    "a form": (_form, (Failure,)),
    "an encoded form": (_encoded_form, (Failure,)),
    "events": (_events, (EventTooLarge,)),
    "a picture's header": (_header, (NotAnImage,)),
    "a data URL": (_data_url, (NotAnImage,)),
    "a source": (_source, (InvalidRequest,)),
    "a PNG": (_png, (ValueError, zlib.error)),
    "a PNG's texts": (_png_texts, ()),
    "a mask": (_mask, (InvalidRequest,)),
    "transparency": (_alpha, (ValueError, zlib.error)),
    "an infotext": (_infotext, ()),
    "a Space's configuration": (_gradio_config, (Failure,)),
    "a Space's messages": (_gradio_messages, (Failure,)),
    "a Space's outputs": (_gradio_outputs, ()),
    "a Space's diffs": (_gradio_diffs, (UnreadableDiff,)),
    "a refusal": (_refusal, ()),
    "hidden states": (_hidden_states, (Failure,)),
    "an address": (_address, (AddressRefused,)),
    "thinking": (_thinking, ()),
}


async def read_many(
    name: str, first: int, count: int, to_blob: ToBlob = BytesBlob
) -> Sequence[str]:
    """What went wrong when a reader was given so many odd inputs, from a seed on."""
    read, expected = READERS[name]
    names = words("providers", "dialects")
    faults = []
    for seed in range(first, first + count):
        try:
            await read(Odd(Random(f"{name} {seed}"), names), to_blob)
        except expected:
            continue
        except Exception:
            faults.append(f"{name} {seed}: {traceback.format_exc()[-1_500:]}")
    return faults
