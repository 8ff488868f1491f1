"""The routes of OpenAI's shape, each with what `GET /openapi.json` tells of it."""

from darkroom.described import EVENTS, JSON, Answer, Described, Parameter
from darkroom.dialects.openai.chat import complete_chat
from darkroom.dialects.openai.images import read_edit, read_generation, read_variation
from darkroom.dialects.openai.model_schemas import AnyModel, ModelList
from darkroom.dialects.openai.models import KINDS, get_model, list_models
from darkroom.dialects.openai.prompts import PromptBody, prompt_handler
from darkroom.dialects.openai.request_schemas import ChatBody, GenerationBody, GenerationForm
from darkroom.dialects.openai.responses import read_response
from darkroom.dialects.openai.responses_schemas import ResponseAnswer, ResponseBody, ResponseEvent
from darkroom.dialects.openai.schemas import (
    ChatAnswer,
    ChatEvent,
    ImageEvent,
    ImagesAnswer,
    PromptAnswer,
)
from darkroom.dialects.openai.task_schemas import TaskAnswer
from darkroom.dialects.openai.tasks import SHAPE, cancel_task, poll_task
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
    PictureOmitted,
    QuotaExhausted,
    RateLimited,
    UnsupportedMediaType,
    UpstreamBroken,
    UpstreamUnavailable,
)
from darkroom.prompts.instructions import Task
from darkroom.tasks.dispatch import with_tasks
from darkroom.tasks.errors import (
    KeyInProgress,
    KeyReused,
    NoBackground,
    StreamNotReplayable,
    TaskCancelled,
    TaskNotFound,
    UnfitTogether,
)
from darkroom.tasks.routes import LONGEST_WAIT_S
from darkroom.transfer_rate import RequestTimeout

IMAGES, TEXT, MODELS, TASKS = "Images", "Text", "Models", "Tasks"

SERVED = ("x-darkroom-provider", "x-darkroom-attempts", "x-darkroom-tried")
ASKING = (  # whoever asks an upstream meets these
    InvalidRequest,
    CredentialMissing,
    CredentialRefused,
    ModelNotFound,
    RequestTimeout,
    BodyTooLarge,
    RateLimited,
    QuotaExhausted,
    UpstreamBroken,
    JobFailed,
    JobLost,
    UpstreamUnavailable,
    NotConfigured,
    Busy,
    DeadlineExceeded,
)
PAINTING = (*ASKING, ContentRefused, PictureOmitted, UnsupportedMediaType)
PAINTED = (*SERVED, "x-darkroom-cache", "idempotency-replayed", "idempotency-ignored")
IN_BACKGROUND = (
    UnfitTogether,
    KeyReused,
    KeyInProgress,
    StreamNotReplayable,
    TaskCancelled,
    NoBackground,
)
ACCEPTED = Answer(
    {JSON: TaskAnswer},
    (
        "location",
        "retry-after",
        "preference-applied",
        "idempotency-replayed",
        "idempotency-ignored",
    ),
    status=202,
    about="What was asked for is done in the background.",
)
WAYS = [
    Parameter(
        "Idempotency-Key",
        "1 to 255 characters that stand for this request for a day: sent again, nothing is done "
        "again, and the answer is the first one's. For callers with a credential.",
        {"type": "string", "minLength": 1, "maxLength": 255},
        is_header=True,
    ),
    Parameter(
        "Prefer",
        "`respond-async` is as good as `async`, where this gateway can.",
        is_header=True,
    ),
]

GENERATE = Described(
    "createImage",
    with_tasks(read_generation, SHAPE),
    "Paint pictures of a prompt",
    IMAGES,
    [Answer({JSON: ImagesAnswer, EVENTS: ImageEvent}, PAINTED), ACCEPTED],
    about="With `stream: true`, server-sent events tell what happens: each event's name is also in "
    "its `type`, and a comment comes every ten seconds. A job that no upstream takes is answered "
    "with the status of its failure. Leaving the stream takes the job back.",
    body=GenerationBody,
    form=GenerationForm,
    examples={
        "A picture": {
            "model": "z-image-turbo",
            "prompt": "a lighthouse at dusk",
            "size": "1024x1024",
            "seed": 42,
        },
        "Watched while it is painted": {
            "model": "z-image-turbo",
            "prompt": "a lighthouse at dusk",
            "size": "16:9",
            "stream": True,
        },
        "By whichever serves first": {
            "model": ["z-image-turbo", "flux-1-schnell"],
            "prompt": "a lighthouse at dusk",
        },
    },
    parameters=WAYS,
    failures=(*PAINTING, *IN_BACKGROUND),
    takes_token=True,
)

EDIT = Described(
    "createImageEdit",
    with_tasks(read_edit, SHAPE),
    "Change pictures as a prompt says",
    IMAGES,
    [Answer({JSON: ImagesAnswer, EVENTS: ImageEvent}, PAINTED), ACCEPTED],
    about="As for generations, with at least one `image`. Events are called `image_edit.…`.",
    body=GenerationBody,
    form=GenerationForm,
    examples={
        "By address": {
            "model": "qwen-image-edit",
            "prompt": "make it a winter night",
            "images": [{"image_url": "https://example.com/photo.png"}],
        }
    },
    parameters=WAYS,
    failures=(*PAINTING, *IN_BACKGROUND),
    takes_token=True,
)

VARY = Described(
    "createImageVariation",
    with_tasks(read_variation, SHAPE),
    "Make pictures like another one",
    IMAGES,
    [Answer({JSON: ImagesAnswer, EVENTS: ImageEvent}, PAINTED), ACCEPTED],
    about="By a model that edits; no prompt is needed.",
    body=GenerationBody,
    form=GenerationForm,
    parameters=WAYS,
    failures=(*PAINTING, *IN_BACKGROUND),
    takes_token=True,
)

COMPLETE_CHAT = Described(
    "createChatCompletion",
    complete_chat,
    "Talk with a text model, or have a conversation painted",
    TEXT,
    [Answer({JSON: ChatAnswer, EVENTS: ChatEvent}, SERVED, sentinel="[DONE]")],
    about="A text model's answer comes back byte for byte. An image model paints the last user "
    "message, pictures in it being sources. A stream ends with `[DONE]`.",
    body=ChatBody,
    examples={
        "A picture": {
            "model": "flux-1-schnell",
            "messages": [{"role": "user", "content": "a lighthouse at dusk"}],
        },
        "Words": {"messages": [{"role": "user", "content": "Say hello."}]},
    },
    failures=PAINTING,
    takes_token=True,
)

RESPOND = Described(
    "createResponse",
    with_tasks(read_response, SHAPE),
    "Have pictures painted by the image_generation tool",
    IMAGES,
    [Answer({JSON: ResponseAnswer, EVENTS: ResponseEvent}, PAINTED)],
    about="Only for pictures: text goes to `/v1/chat/completions`. Answers are not kept, so their "
    "items are sent again to go on from them.",
    body=ResponseBody,
    examples={
        "A picture": {
            "model": "z-image-turbo",
            "input": "a lighthouse at dusk",
            "tools": [{"type": "image_generation", "size": "1024x1024"}],
        }
    },
    failures=PAINTING,
    takes_token=True,
)

_PROMPTED = [Answer({JSON: PromptAnswer}, ("x-darkroom-provider", "x-darkroom-tried"))]

ENHANCE = Described(
    "enhancePrompt",
    prompt_handler(Task.ENHANCE),
    "Have a prompt improved",
    TEXT,
    _PROMPTED,
    body=PromptBody,
    examples={"A prompt": {"prompt": "a lighthouse"}},
    failures=ASKING,
    takes_token=True,
)

TRANSLATE = Described(
    "translatePrompt",
    prompt_handler(Task.TRANSLATE),
    "Have a prompt translated",
    TEXT,
    _PROMPTED,
    body=PromptBody,
    examples={"A prompt": {"prompt": "ein Leuchtturm", "language": "English"}},
    failures=ASKING,
    takes_token=True,
)

LIST_MODELS = Described(
    "listModels",
    list_models,
    "List all models there are",
    MODELS,
    [Answer({JSON: ModelList})],
    parameters=[
        Parameter("type", "One kind of it alone.", {"type": "string", "enum": list(KINDS)})
    ],
    failures=[InvalidRequest],
)

GET_MODEL = Described(
    "retrieveModel",
    get_model,
    "Describe one model",
    MODELS,
    [Answer({JSON: AnyModel})],
    tail="{model}",
    parameters=[
        Parameter(
            "model", "An id or alias; its slashes may be raw or `%2F`.", example="z-image-turbo"
        )
    ],
    failures=[ModelNotFound],
)

TASK_ID = Parameter("task_id", "The task's id, as it was given when the task was accepted.")
WAIT = Parameter(
    "wait",
    "Answer as soon as the task is over, or after so many seconds.",
    {"type": "integer", "minimum": 1, "maximum": LONGEST_WAIT_S},
)
TASK_FAILURES = (InvalidRequest, TaskNotFound, UpstreamUnavailable, DeadlineExceeded)

POLL_TASK = Described(
    "retrieveTask",
    poll_task,
    "Ask after a task",
    TASKS,
    [Answer({JSON: TaskAnswer}, ("retry-after",))],
    about="The id is all that it takes.",
    tail="{task_id}",
    parameters=[TASK_ID, WAIT],
    failures=TASK_FAILURES,
)

CANCEL_TASK = Described(
    "cancelTask",
    cancel_task,
    "Take a task back",
    TASKS,
    [Answer({JSON: TaskAnswer}, ("retry-after",))],
    about="The job is cancelled upstream, too. One that is over stays as it is.",
    tail="{task_id}",
    parameters=[TASK_ID],
    failures=TASK_FAILURES,
)
