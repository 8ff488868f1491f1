"""`POST /v2/image/…`: the relay's image routes, all of them by the table of families."""

from darkroom.deadline import Deadline
from darkroom.dialects.commission import carry_out, commission_of
from darkroom.dialects.context import Gateway, Handler
from darkroom.dialects.openai.document import read_document
from darkroom.dialects.pictures import Renderer
from darkroom.dialects.relay.asked import read_asked
from darkroom.dialects.relay.credentials import caller_of
from darkroom.dialects.relay.families import Family
from darkroom.dialects.relay.order import read_order
from darkroom.dialects.relay.painted import painted
from darkroom.dialects.results import results_for
from darkroom.http import Reply, Request


def painting_handler(family: Family) -> Handler:
    """The handler of one family's route."""

    async def paint(request: Request, gateway: Gateway) -> Reply:
        deadline = Deadline.after(gateway.settings.request_timeout_s, gateway.clock)
        caller = caller_of(request, gateway)
        document = await read_document(request, gateway, deadline)
        asked = read_asked(document, family)
        order = await read_order(asked, request.origin, gateway, deadline)
        caller = caller.narrowed(order.providers)  # one list of tokens serves all routes
        commission = await commission_of(
            order,
            caller,
            Renderer(gateway, request.origin, deadline),
            results_for(order, caller, request.headers, gateway),
        )
        return painted(asked, commission, await carry_out(commission))

    return paint
