"""The operations of a Z-Image studio: prompts, and what is there."""

from api.dialects import STUDIO
from api.operation import EVENTS, JSON, Operation, Path, Response
from api.schemas import studio as shapes
from darkroom.context import Handler
from darkroom.dialects.studio import status as facts
from darkroom.dialects.studio.errors import NotFound
from darkroom.dialects.studio.format_prompt import ChatPromptBody
from darkroom.dialects.studio.rewrite_request import RewriteBody
from darkroom.errors import (
    BodyTooLarge,
    Busy,
    ContentRefused,
    CredentialMissing,
    CredentialRefused,
    DeadlineExceeded,
    InvalidRequest,
    JobFailed,
    JobLost,
    ModelNotFound,
    NotConfigured,
    QuotaExhausted,
    RateLimited,
    UpstreamBroken,
    UpstreamUnavailable,
)
from darkroom.transfer_rate import RequestTimeout
from darkroom.validation_error import Unprocessable

STUDIO_TAG = "Z-Image studio"

READING = (  # whoever sends a body meets these
    Unprocessable,
    RequestTimeout,
    BodyTooLarge,
    Busy,
    DeadlineExceeded,
)
ASKING = (
    *READING,
    InvalidRequest,
    CredentialMissing,
    CredentialRefused,
    NotFound,
    ModelNotFound,
    ContentRefused,
    RateLimited,
    QuotaExhausted,
    UpstreamBroken,
    JobFailed,
    JobLost,
    UpstreamUnavailable,
    NotConfigured,
)
SERVED = ("x-darkroom-provider", "x-darkroom-model", "x-darkroom-tried", "x-darkroom-ignored")

FORMAT_PROMPT = Operation(
    "formatPrompt",
    "Show a prompt as the text encoder gets it",
    STUDIO_TAG,
    [Response({JSON: shapes.FormattedPrompt}, ("x-darkroom-ignored",))],
    request_body={JSON: ChatPromptBody},
    examples={
        "A prompt": {"prompt": "A cat sleeping"},
        "With all sides": {
            "prompt": "A cat sleeping",
            "system_prompt": "You are a painter.",
            "thinking_content": "Orange fur, green eyes.",
            "assistant_content": "Here is your cat:",
            "strip_quotes": True,
        },
        "Under a template": {"prompt": "A cat sleeping", "template": "photorealistic"},
    },
    failures=READING,
)

REWRITE = Operation(
    "rewritePrompt",
    "Have a prompt rewritten, or a picture described",
    STUDIO_TAG,
    [Response({JSON: shapes.Rewritten, EVENTS: shapes.RewriteEvent}, SERVED)],
    description="With `stream: true`, server-sent events bring thoughts and prompt as they come; "
    "each event's name is also in its `type`. A model that fails before its first word is "
    "answered with the status of its failure.",
    request_body={JSON: RewriteBody},
    examples={
        "A prompt": {"prompt": "A cat", "model": "qwen3-4b", "rewriter": "rewriter_official"},
        "With words of your own": {
            "prompt": "A cat",
            "model": "pollinations/openai-fast",
            "custom_system_prompt": "Make a haiku of it.",
        },
    },
    failures=ASKING,
    secured=True,
)


def _report(
    name: str, handler: Handler, summary: str, shape: object, *, personal: bool = False
) -> Operation:
    """A fact about this deployment, or one that depends on who asks."""
    return Operation(
        name,
        summary,
        STUDIO_TAG,
        [Response({JSON: shape})],
        failures=[InvalidRequest, CredentialRefused] if personal else (),
        secured=personal,
    )


TEMPLATES = _report(
    "listTemplates",
    facts.list_templates,
    "List what may be put around a prompt",
    shapes.TemplateList,
)
RESOLUTIONS = _report(
    "getResolutionConfig",
    facts.get_resolution_config,
    "Tell which sizes are worth choosing",
    shapes.ResolutionConfig,
)
REWRITERS = _report(
    "listRewriters",
    facts.list_rewriters,
    "List the instructions for rewriting a prompt",
    shapes.RewriterList,
)
REWRITER_MODELS = _report(
    "listRewriterModels",
    facts.list_rewriter_models,
    "List the text models for rewriting",
    shapes.RewriterModelList,
    personal=True,
)
REWRITER_CONFIG = _report(
    "getRewriterConfig",
    facts.get_rewriter_config,
    "Tell what a rewrite is done with where it does not say",
    shapes.RewriterConfig,
    personal=True,
)
VISION_STATUS = _report(
    "getVisionStatus",
    facts.get_vision_status,
    "Tell whether pictures can be conditioned on others",
    shapes.VisionStatus,
    personal=True,
)
VISION_CONFIG = _report(
    "getVisionConfig",
    facts.get_vision_config,
    "Tell what conditioning is done with where a request does not say",
    shapes.VisionConfig,
)
QWEN_IMAGE_CONFIG = _report(
    "getQwenImageConfig",
    facts.get_qwen_image_config,
    "Tell what taking apart is done with where a request does not say",
    shapes.QwenImageConfig,
)
EDIT_STATUS = _report(
    "getEditStatus",
    facts.get_edit_status,
    "Tell whether layers can be edited",
    shapes.EditStatus,
)

PATHS = (
    Path("/api/format-prompt", {"POST": FORMAT_PROMPT}, STUDIO),
    Path("/api/templates", {"GET": TEMPLATES}, STUDIO),
    Path("/api/resolution-config", {"GET": RESOLUTIONS}, STUDIO),
    Path("/api/rewriters", {"GET": REWRITERS}, STUDIO),
    Path("/api/rewriter-models", {"GET": REWRITER_MODELS}, STUDIO),
    Path("/api/rewriter-config", {"GET": REWRITER_CONFIG}, STUDIO),
    Path("/api/rewrite", {"POST": REWRITE}, STUDIO),
    Path("/api/vl/status", {"GET": VISION_STATUS}, STUDIO),
    Path("/api/vl/config", {"GET": VISION_CONFIG}, STUDIO),
    Path("/api/qwen-image/config", {"GET": QWEN_IMAGE_CONFIG}, STUDIO),
    Path("/api/qwen-image/edit-status", {"GET": EDIT_STATUS}, STUDIO),
)
