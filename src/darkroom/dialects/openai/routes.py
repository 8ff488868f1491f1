"""The routes of OpenAI's API."""

from darkroom.dialects.openai import background_responses as background
from darkroom.dialects.openai.chat import complete_chat
from darkroom.dialects.openai.dialect import OPENAI
from darkroom.dialects.openai.images import read_edit, read_generation, read_variation
from darkroom.dialects.openai.models import get_model, list_models
from darkroom.dialects.openai.prompts import prompt_handler
from darkroom.dialects.openai.responses import read_response
from darkroom.dialects.openai.tasks import SHAPE, cancel_task, follow_task, poll_task
from darkroom.endpoint import Endpoint, Route, painting_route
from darkroom.prompts.instructions import Task
from darkroom.tasks.following import EVENTS_VERB
from darkroom.tasks.plain_shape import PREFIX as TASKS

ENDPOINTS = (
    Endpoint(
        "/v1/images/generations",
        {"POST": painting_route(read_generation, SHAPE, takes_form=True)},
        OPENAI,
    ),
    Endpoint(
        "/v1/images/edits", {"POST": painting_route(read_edit, SHAPE, takes_form=True)}, OPENAI
    ),
    Endpoint(
        "/v1/images/variations",
        {"POST": painting_route(read_variation, SHAPE, takes_form=True)},
        OPENAI,
    ),
    Endpoint("/v1/chat/completions", {"POST": Route(complete_chat, task_shape=SHAPE)}, OPENAI),
    Endpoint("/v1/responses", {"POST": painting_route(read_response, background.SHAPE)}, OPENAI),
    Endpoint(
        background.PREFIX, {"POST": Route(background.cancel_response)}, OPENAI, background.CANCEL
    ),
    Endpoint(background.PREFIX, {"GET": Route(background.get_response)}, OPENAI),
    Endpoint("/v1/prompts/enhance", {"POST": Route(prompt_handler(Task.ENHANCE))}, OPENAI),
    Endpoint("/v1/prompts/translate", {"POST": Route(prompt_handler(Task.TRANSLATE))}, OPENAI),
    Endpoint("/v1/models", {"GET": Route(list_models)}, OPENAI),
    Endpoint("/v1/models/", {"GET": Route(get_model)}, OPENAI),
    Endpoint(TASKS, {"GET": Route(follow_task)}, OPENAI, EVENTS_VERB),
    Endpoint(TASKS, {"GET": Route(poll_task), "DELETE": Route(cancel_task)}, OPENAI),
)
