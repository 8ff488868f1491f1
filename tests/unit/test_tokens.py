"""The estimate of tokens, against the vocabulary that it estimates.

Alibaba's client carries Qwen's vocabulary, which Qwen3 has in common with its forebears.
"""

import base64
from pathlib import Path

import dashscope
import pytest
import tiktoken

from darkroom.prompts.chat_format import ChatPrompt
from darkroom.prompts.template import TEMPLATES
from darkroom.prompts.tokens import estimate_tokens

VOCABULARY = Path(dashscope.__file__).parent / "resources" / "qwen.tiktoken"
PATTERN = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)
# As in reference/studio-api.md section 2.
MARKS = {
    "<|endoftext|>": 151643,
    "<|im_start|>": 151644,
    "<|im_end|>": 151645,
    "<think>": 151667,
    "</think>": 151668,
}


@pytest.fixture(scope="module")
def qwen() -> tiktoken.Encoding:
    lines = (line.split() for line in VOCABULARY.read_bytes().splitlines())
    ranks = {base64.b64decode(token): int(rank) for token, rank in lines}
    encoding = tiktoken.Encoding(
        "qwen", pat_str=PATTERN, mergeable_ranks=ranks, special_tokens=MARKS
    )
    assert encoding.encode("\n\n") == [271]
    return encoding


def count(qwen: tiktoken.Encoding, text: str) -> int:
    return len(qwen.encode(text, allowed_special="all"))


SAMPLES = {
    "English": "A weathered fishing boat rests on wet sand at low tide, nets drying over the rail, "
    "while two children with buckets examine a stranded jellyfish. Overcast morning, soft grey "
    "light, muted colours, a lighthouse out of focus in the distance.",
    "tags": "portrait of an old clockmaker, brass spectacles, workshop, warm lamp light, depth of "
    "field, 85mm, f/1.8, film grain, highly detailed, (wrinkles:1.1)",
    "JSON": '{"scene": {"subject": "tram", "colour": "#d0342c", "weather": ["rain", "fog"]}, '
    '"camera": {"lens_mm": 35, "aperture": 2.8}}',
    "Chinese": "雨夜的老街、青石板路泛着微光、一只黑猫蹲在红灯笼下、远处传来自行车的铃声。胶片质感、低饱和度、广角镜头。",
    "Japanese": "雪の降る夜、提灯に照らされた温泉街の石段を、浴衣姿の二人が傘を分け合って歩いている。静かで暖かい雰囲気。",
    "German": "Eine schmale Gasse in einer mittelalterlichen Stadt nach dem Regen, Fachwerkhäuser mit "
    "blühenden Geranien, ein Bäcker öffnet gerade seine Fensterläden. Frühes Morgenlicht.",
    "French": "Une ruelle étroite après la pluie, des maisons à colombages, des géraniums aux "
    "fenêtres ; un boulanger ouvre ses volets. Lumière du matin, couleurs délavées.",
    "Spanish": "Una callejuela estrecha después de la lluvia, casas con entramado de madera y "
    "geranios; un panadero abre las contraventanas. Luz de la mañana, tonos cálidos.",
    "Russian": "Узкая улочка после дождя, фахверковые дома и цветущие окна, пекарь открывает "
    "ставни. Утренний свет, приглушённые тёплые тона, плёночное зерно.",
}  # fmt: skip


@pytest.mark.parametrize("language", SAMPLES)
async def test_a_prompt_is_estimated_within_a_fifth(qwen: tiktoken.Encoding, language: str) -> None:
    text = SAMPLES[language]
    assert await estimate_tokens(text) == pytest.approx(count(qwen, text), rel=0.2)


async def test_our_own_templates_are_estimated_within_a_tenth_on_average(
    qwen: tiktoken.Encoding,
) -> None:
    wrong = []
    for template in TEMPLATES.values():
        text = ChatPrompt("A cat sleeping").under(template).format()
        wrong.append(await estimate_tokens(text) / count(qwen, text) - 1)
    assert abs(sum(wrong) / len(wrong)) < 0.1
    assert max(map(abs, wrong)) < 0.2


async def test_the_marks_of_the_format_are_one_token_each(qwen: tiktoken.Encoding) -> None:
    text = ChatPrompt("x", "y", "z", "w").format()
    assert await estimate_tokens(text) == count(qwen, text)
    assert await estimate_tokens("".join(MARKS)) == len(MARKS)


async def test_the_estimate_is_nearer_than_that_of_the_studios_page(
    qwen: tiktoken.Encoding,
) -> None:
    for language in ("English", "Chinese", "Japanese", "Russian"):
        text = SAMPLES[language]
        true = count(qwen, text)
        assert abs(await estimate_tokens(text) - true) < abs(len(text) / 3.5 - true)


async def test_a_long_run_of_anything_takes_no_more_than_its_length() -> None:
    for run in (" ", "\n", " \n", "a", "猫", "!", "7", "<", "<|im_start", "_"):
        assert await estimate_tokens(run * 100_000) >= 0


async def test_a_long_text_is_read_with_pauses_and_within_a_limit(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pauses = 0

    async def note_pause() -> None:
        nonlocal pauses
        pauses += 1

    monkeypatch.setattr("darkroom.pauses.yield_to_host", note_pause)
    assert await estimate_tokens("7" * 100_000) == 100_000
    assert pauses >= 10
    pauses = 0
    assert await estimate_tokens("7" * 16_000_000) == 16_000_000
    assert pauses < 50
