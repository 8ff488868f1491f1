"""`POST /v2/image/…`: the relay's image routes, all of them by the table of families."""

from darkroom.deadline import Deadline
from darkroom.dialects.commission import carry_out, check_order, commission_of
from darkroom.dialects.context import Gateway, Handler
from darkroom.dialects.openai.document import read_document
from darkroom.dialects.pictures import Renderer
from darkroom.dialects.relay.asked import read_asked
from darkroom.dialects.relay.credentials import caller_of
from darkroom.dialects.relay.families import Family
from darkroom.dialects.relay.order import read_order
from darkroom.dialects.relay.painted import painted
from darkroom.dialects.relay.tasks import SHAPE
from darkroom.dialects.results import results_for
from darkroom.http import Reply, Request
from darkroom.tasks.asked import take_asked
from darkroom.tasks.kept_request import hold_body
from darkroom.tasks.reception import receive
from darkroom.tasks.visit import Checked, Visit


def painting_handler(family: Family) -> Handler:
    """The handler of one family's route.

    Tokens of providers that do not serve it are left aside: one list of them serves all routes.
    """

    async def handle(request: Request, gateway: Gateway) -> Reply:
        deadline = Deadline.after(gateway.settings.request_timeout_s, gateway.clock)
        caller = caller_of(request, gateway)
        async with deadline.enforced():
            request, body = await hold_body(request, gateway.settings.max_body_bytes)
        document = await read_document(request, gateway, deadline)
        way = take_asked(document, request.headers)
        asked = read_asked(document, family)

        async def check() -> Checked:
            order = await read_order(asked, request.origin, gateway, deadline)
            first, *_ = check_order(order, caller.narrowed(order.providers))
            return Checked(first.job.model)

        async def paint() -> Reply:
            order = await read_order(asked, request.origin, gateway, deadline)
            payer = caller.narrowed(order.providers)
            results = results_for(order, payer, request.headers, gateway)
            renderer = Renderer(gateway, request.origin, deadline)
            commission = await commission_of(order, payer, renderer, results)
            return painted(asked, commission, await carry_out(commission))

        visit = Visit(request, body, caller, way, SHAPE, gateway, deadline)
        return await receive(visit, check, paint)

    return handle
