"""The operations of OpenAI's API."""

from dataclasses import replace

from api.dialects import OPENAI
from api.operation import EVENTS, FORM, JSON, Operation, Parameter, Path, Response
from api.operations.common import (
    ACCEPTED,
    ASKING,
    ASYNC_HEADERS,
    IMAGES,
    IN_BACKGROUND,
    LAST_EVENT_ID,
    MODELS,
    PAINTED,
    PAINTING,
    TASK_FAILURES,
    TASK_ID,
    TASKS,
    TEXT,
    WAIT,
)
from api.schemas.openai import ChatAnswer, ChatEvent, ImagesAnswer, PromptAnswer
from api.schemas.openai_models import AnyModel, ModelList
from api.schemas.openai_requests import ChatBody, GenerationBody, GenerationForm
from api.schemas.openai_responses import ResponseAnswer, ResponseBody, ResponseEvent
from api.schemas.openai_tasks import ImageOrTaskEvent, TaskAnswer, TaskEvent
from darkroom.dialects.openai.background_responses import CANCEL, PREFIX
from darkroom.dialects.openai.models import KINDS
from darkroom.dialects.openai.prompts import PromptBody
from darkroom.errors import InvalidRequest, ModelNotFound
from darkroom.tasks.following import EVENTS_VERB

GENERATE = Operation(
    "createImage",
    "Paint pictures of a prompt",
    IMAGES,
    [Response({JSON: ImagesAnswer, EVENTS: ImageOrTaskEvent}, (*PAINTED, "location")), ACCEPTED],
    description="With `stream: true`, server-sent events tell what happens: each event's name is "
    "also in its `type`, and a comment comes every ten seconds. A job that no upstream takes is "
    "answered with the status of its failure. Leaving the stream cancels the job. With `async: "
    "true` as well, it cancels nothing: the events are then a task's, its id in the first.",
    request_body={JSON: GenerationBody, FORM: GenerationForm},
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
    parameters=ASYNC_HEADERS,
    failures=(*PAINTING, *IN_BACKGROUND),
    secured=True,
)

EDIT = Operation(
    "createImageEdit",
    "Change pictures as a prompt says",
    IMAGES,
    [Response({JSON: ImagesAnswer, EVENTS: ImageOrTaskEvent}, (*PAINTED, "location")), ACCEPTED],
    description="As for generations, with at least one `image`. Events are called `image_edit.…`.",
    request_body={JSON: GenerationBody, FORM: GenerationForm},
    examples={
        "By address": {
            "model": "qwen-image-edit",
            "prompt": "make it a winter night",
            "images": [{"image_url": "https://example.com/photo.png"}],
        }
    },
    parameters=ASYNC_HEADERS,
    failures=(*PAINTING, *IN_BACKGROUND),
    secured=True,
)

VARY = Operation(
    "createImageVariation",
    "Make pictures like another one",
    IMAGES,
    [Response({JSON: ImagesAnswer, EVENTS: ImageOrTaskEvent}, (*PAINTED, "location")), ACCEPTED],
    description="By a model that edits; no prompt is needed.",
    request_body={JSON: GenerationBody, FORM: GenerationForm},
    parameters=ASYNC_HEADERS,
    failures=(*PAINTING, *IN_BACKGROUND),
    secured=True,
)

COMPLETE_CHAT = Operation(
    "createChatCompletion",
    "Talk with a text model, or have a conversation painted",
    TEXT,
    [
        Response({JSON: ChatAnswer, EVENTS: ChatEvent}, PAINTED, sentinel="[DONE]"),
        ACCEPTED,
    ],
    description="A text model's answer comes back byte for byte. An image model paints the last "
    "user message, pictures in it being sources. A stream ends with `[DONE]`.",
    request_body={JSON: ChatBody},
    examples={
        "A picture": {
            "model": "flux-1-schnell",
            "messages": [{"role": "user", "content": "a lighthouse at dusk"}],
        },
        "Words": {"messages": [{"role": "user", "content": "Say hello."}]},
    },
    parameters=ASYNC_HEADERS,
    failures=(*PAINTING, *IN_BACKGROUND),
    secured=True,
)

RESPOND = Operation(
    "createResponse",
    "Have pictures painted by the image_generation tool",
    IMAGES,
    [
        Response({JSON: ResponseAnswer, EVENTS: ResponseEvent}, PAINTED),
        replace(ACCEPTED, content={JSON: ResponseAnswer}),
    ],
    description="Only for pictures: text goes to `/v1/chat/completions`. Answers are not kept, so "
    "their items are sent again to go on from them.",
    request_body={JSON: ResponseBody},
    examples={
        "A picture": {
            "model": "z-image-turbo",
            "input": "a lighthouse at dusk",
            "tools": [{"type": "image_generation", "size": "1024x1024"}],
        }
    },
    parameters=ASYNC_HEADERS,
    failures=(*PAINTING, *IN_BACKGROUND),
    secured=True,
)

_PROMPTED = [Response({JSON: PromptAnswer}, ("x-darkroom-provider", "x-darkroom-tried"))]

ENHANCE = Operation(
    "enhancePrompt",
    "Have a prompt improved",
    TEXT,
    _PROMPTED,
    request_body={JSON: PromptBody},
    examples={"A prompt": {"prompt": "a lighthouse"}},
    failures=ASKING,
    secured=True,
)

TRANSLATE = Operation(
    "translatePrompt",
    "Have a prompt translated",
    TEXT,
    _PROMPTED,
    request_body={JSON: PromptBody},
    examples={"A prompt": {"prompt": "ein Leuchtturm", "language": "English"}},
    failures=ASKING,
    secured=True,
)

LIST_MODELS = Operation(
    "listModels",
    "List all models there are",
    MODELS,
    [Response({JSON: ModelList})],
    parameters=[
        Parameter("type", "One kind of it alone.", {"type": "string", "enum": list(KINDS)})
    ],
    failures=[InvalidRequest],
)

GET_MODEL = Operation(
    "retrieveModel",
    "Describe one model",
    MODELS,
    [Response({JSON: AnyModel})],
    tail="{model}",
    parameters=[
        Parameter(
            "model", "An id or alias; its slashes may be raw or `%2F`.", example="z-image-turbo"
        )
    ],
    failures=[ModelNotFound],
)

FOLLOW_TASK = Operation(
    "followTask",
    "Follow a task by its events",
    TASKS,
    [Response({EVENTS: TaskEvent})],
    description="Server-sent events, each with an id: the latest of each picture, then all that "
    "comes, to the end. Leaving cancels nothing; `Last-Event-ID` goes on where one left.",
    tail=f"{{task_id}}{EVENTS_VERB}",
    parameters=[TASK_ID, LAST_EVENT_ID],
    failures=TASK_FAILURES,
)

POLL_TASK = Operation(
    "retrieveTask",
    "Poll a task",
    TASKS,
    [Response({JSON: TaskAnswer}, ("retry-after",))],
    description="The id is all that it takes.",
    tail="{task_id}",
    parameters=[TASK_ID, WAIT],
    failures=TASK_FAILURES,
)

CANCEL_TASK = Operation(
    "cancelTask",
    "Cancel a task",
    TASKS,
    [Response({JSON: TaskAnswer}, ("retry-after",))],
    description="The job is cancelled upstream, too. One that is over stays as it is.",
    tail="{task_id}",
    parameters=[TASK_ID],
    failures=TASK_FAILURES,
)

RESPONSE_ID = Parameter("response_id", "The id of a response that is made in the background.")

GET_RESPONSE = Operation(
    "retrieveResponse",
    "Poll a response that is made in the background",
    IMAGES,
    [Response({JSON: ResponseAnswer}, ("retry-after",))],
    tail="{response_id}",
    parameters=[RESPONSE_ID, WAIT],
    failures=TASK_FAILURES,
)

CANCEL_RESPONSE = Operation(
    "cancelResponse",
    "Cancel a response that is made in the background",
    IMAGES,
    [Response({JSON: ResponseAnswer}, ("retry-after",))],
    tail=f"{{response_id}}{CANCEL}",
    parameters=[RESPONSE_ID],
    failures=TASK_FAILURES,
)

PATHS = (
    Path("/v1/images/generations", {"POST": GENERATE}, OPENAI),
    Path("/v1/images/edits", {"POST": EDIT}, OPENAI),
    Path("/v1/images/variations", {"POST": VARY}, OPENAI),
    Path("/v1/chat/completions", {"POST": COMPLETE_CHAT}, OPENAI),
    Path("/v1/responses", {"POST": RESPOND}, OPENAI),
    Path(PREFIX, {"POST": CANCEL_RESPONSE}, OPENAI, CANCEL),
    Path(PREFIX, {"GET": GET_RESPONSE}, OPENAI),
    Path("/v1/prompts/enhance", {"POST": ENHANCE}, OPENAI),
    Path("/v1/prompts/translate", {"POST": TRANSLATE}, OPENAI),
    Path("/v1/models", {"GET": LIST_MODELS}, OPENAI),
    Path("/v1/models/", {"GET": GET_MODEL}, OPENAI),
    Path("/v1/tasks/", {"GET": FOLLOW_TASK}, OPENAI, EVENTS_VERB),
    Path("/v1/tasks/", {"GET": POLL_TASK, "DELETE": CANCEL_TASK}, OPENAI),
)
