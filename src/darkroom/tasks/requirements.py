"""Requirements of running a request in the background."""

from darkroom.async_options import AsyncOptions
from darkroom.context import RequestContext
from darkroom.errors import InvalidRequest
from darkroom.tasks.errors import NoBackground
from darkroom.tasks.stored_request import credentials_of
from darkroom.tasks.webhooks import check_webhook_url


def missing_requirement(context: RequestContext, options: AsyncOptions) -> NoBackground | None:
    """Return why this request cannot be run as a task here, or None where it can."""
    background = context.gateway.background
    if background is None:
        return NoBackground(
            f"{options.spelling}: this gateway does nothing in the background. Its operator has to "
            "bind the Durable Objects TASKS.",
            param=options.spelling,
        )
    if background.sealer is None and credentials_of(context.request) is not None:
        return NoBackground(
            f"{options.spelling}: this gateway cannot keep your credential for when you have left. "
            "Its operator has to set the secret TASK_SECRET.",
            param=options.spelling,
        )
    return None


def check_webhook(context: RequestContext, options: AsyncOptions) -> None:
    """Raise a `Failure` where a webhook is asked for that cannot be had."""
    url = options.webhook_url
    if url is None:
        return
    if not options.asynchronous:
        raise InvalidRequest(
            "webhook_url: only background tasks have webhooks; send "
            f'"{options.spelling}": true as well.',
            param="webhook_url",
        )
    if context.credential_key is None:
        raise InvalidRequest(
            "webhook_url: is for callers who send a credential.", param="webhook_url"
        )
    check_webhook_url(url, context.gateway, context.request.origin)
    if context.gateway.settings.webhook_secret is None:
        raise NoBackground(
            "webhook_url: this gateway has nothing to sign with. Its operator has to set the "
            "secret WEBHOOK_SECRET.",
            param="webhook_url",
        )
