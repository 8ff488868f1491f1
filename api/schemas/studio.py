"""Responses of the studio's routes, as types."""

from typing import Annotated, Any, Literal, NotRequired

from pydantic import Field
from typing_extensions import TypedDict  # pydantic reads that of `typing` from Python 3.12 on


class Problem(TypedDict):
    """What is wrong with one field."""

    type: Annotated[str, Field(description="The kind of mistake, as pydantic calls it.")]
    loc: Annotated[list[str | int], Field(description="`body`, `path` or `query`, and then where.")]
    msg: Annotated[str, Field(description="What is wrong, for people.")]
    input: Annotated[Any, Field(description="What was sent there, cut short.")]
    ctx: NotRequired[Annotated[dict[str, Any], Field(description="The limits, for example.")]]


class ErrorAnswer(TypedDict):
    """A failure."""

    detail: Annotated[
        str | list[Problem],
        Field(description="What went wrong: a text, or with 422 a list of it."),
    ]


class FormattedPrompt(TypedDict):
    """A prompt as the text encoder gets it, and the request as it was sent."""

    formatted_prompt: str
    char_count: Annotated[int, Field(description="Unicode code points of the formatted prompt.")]
    token_count: Annotated[None, Field(description="Null: there is no tokenizer here.")]
    estimated_token_count: Annotated[
        int, Field(description="About how many tokens they are for Qwen3.")
    ]
    max_tokens: Annotated[int, Field(description="How many the painter takes.")]
    prompt: str
    system_prompt: str | None
    thinking_content: str | None
    assistant_content: str | None
    template: str | None
    force_think_block: bool
    strip_quotes: bool


class Template(TypedDict):
    """What may be put around a prompt; an empty text is none."""

    name: str
    description: str
    category: str
    system_prompt: str
    thinking_content: str
    assistant_content: str
    add_think_block: Annotated[
        bool, Field(description="Goes before `force_think_block` of a request.")
    ]


class TemplateList(TypedDict):
    """Every template, by category and name."""

    templates: list[Template]


class RewriterTemplate(TypedDict):
    """An instruction to a text model for rewriting a prompt."""

    name: str
    description: str


class RewriterList(TypedDict):
    """Every rewriter."""

    rewriters: list[RewriterTemplate]


class DyPE(TypedDict):
    """Whether a size is beyond those of the training, and by how much."""

    recommended: bool
    exponent: float | None


class Preset(TypedDict):
    """A size that is worth choosing."""

    value: Annotated[str, Field(description="Pixels, such as `1024x1024`.")]
    label: str
    width: int
    height: int
    category: Literal["square", "landscape", "portrait"]
    ratio: str
    default: NotRequired[Literal[True]]
    dype: DyPE


class ResolutionConfig(TypedDict):
    """Which sizes there are; in pixels."""

    vae_multiple: Annotated[int, Field(description="What both sides are multiples of.")]
    vae_scale_factor: int
    min_resolution: int
    max_resolution: int
    default_resolution: int
    dype_base_resolution: int
    aspect_ratios: dict[str, list[int]]
    presets: list[Preset]
    categories: list[str]


class RewriterModel(TypedDict):
    """A text model for rewriting."""

    id: str
    name: str
    supports_image: bool
    loaded: Annotated[bool, Field(description="Whether this caller can use it now.")]


class RewriterModelList(TypedDict):
    """The text models for rewriting."""

    models: list[RewriterModel]
    default: str
    vl_available: Annotated[bool, Field(description="Whether one of them sees.")]
    vl_enabled: Annotated[bool, Field(description="The same.")]


class RewriterConfig(TypedDict):
    """What a rewrite is done with where it does not say."""

    temperature: float
    top_p: float
    top_k: int
    min_p: float
    presence_penalty: float
    max_tokens: int
    use_api: Annotated[
        bool, Field(description="Whether this caller's prompts go to an API, or to a studio.")
    ]


class Rewritten(TypedDict):
    """A prompt, rewritten."""

    original_prompt: Annotated[str, Field(description="`(image only)` where there was none.")]
    rewritten_prompt: str
    thinking_content: Annotated[
        str | None, Field(description="What the model thought before it answered.")
    ]
    rewriter: Annotated[
        str | None,
        Field(description="The rewriter that was named; of pictures also `custom`, `default_vl`."),
    ]
    backend: Annotated[
        Literal["local", "api", "vl", "vl-api"],
        Field(description="A studio (`local`, `vl`) or an API, for text or for pictures."),
    ]
    model: Annotated[str, Field(description="The text model that wrote it, as `provider/id`.")]
    gen_time: Annotated[float, Field(description="Seconds.")]


class ThinkingEvent(TypedDict):
    """`rewrite.thinking`: a piece of what the model thinks."""

    type: Literal["rewrite.thinking"]
    delta: str


class DeltaEvent(TypedDict):
    """`rewrite.delta`: a piece of the prompt."""

    type: Literal["rewrite.delta"]
    delta: str


class CompletedEvent(Rewritten):
    """`rewrite.completed`: the whole, which holds where the pieces say otherwise; always last."""

    type: Literal["rewrite.completed"]


class ErrorEvent(ErrorAnswer):
    """`error`: what went wrong after the answer had begun; always last."""


RewriteEvent = ThinkingEvent | DeltaEvent | CompletedEvent | ErrorEvent


class VisionStatus(TypedDict):
    """Whether pictures can be conditioned on others."""

    available: bool
    configured: Annotated[bool, Field(description="Whether there is a model that sees.")]
    emulated: Annotated[
        bool, Field(description="By describing a picture in words, where no studio embeds it.")
    ]
    reason: NotRequired[Annotated[str, Field(description="Why it is not available.")]]
    model_path: str | None
    device: None
    default_alpha: float
    default_hidden_layer: int
    blend_modes: list[str]
    cached_embeddings: list[str]


class VisionConfig(TypedDict):
    """What conditioning is done with where a request does not say."""

    alpha: float
    hidden_layer: int
    auto_unload: bool
    blend_mode: str


class QwenImageConfig(TypedDict):
    """What taking apart is done with where a request does not say."""

    layer_num: int
    cfg_scale: float
    resolution: int
    steps: int


class EditStatus(TypedDict):
    """Whether layers can be edited, and by what."""

    available: bool
    reason: NotRequired[Annotated[str, Field(description="Why it is not available.")]]
    edit_model_loaded: NotRequired[bool]
    edit_model_path: NotRequired[Annotated[str, Field(description="The first that is tried.")]]
    supports_multi_image: NotRequired[bool]
