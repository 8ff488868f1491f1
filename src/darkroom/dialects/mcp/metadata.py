"""`GET /.well-known/oauth-protected-resource`: which credentials `/mcp` takes (RFC 9728).

No authorization server is named, as there is none: keys and tokens are had elsewhere, and sent as
bearers. A client without any is served all that is free.
"""

from darkroom.context import RequestContext
from darkroom.dialects.mcp.server import PATH
from darkroom.http import MODELS_CACHE, Reply, json_reply

DOCUMENTATION = "/docs"


async def report_metadata(context: RequestContext) -> Reply:
    """Describe the protected resource, which is `/mcp` wherever this is asked."""
    origin = context.gateway.settings.public_url or context.request.origin
    return json_reply(
        {
            "resource": f"{origin}{PATH}",
            "resource_name": "Darkroom",
            "bearer_methods_supported": ["header"],
            "resource_documentation": f"{origin}{DOCUMENTATION}",
        },
        cache=MODELS_CACHE,
    )
