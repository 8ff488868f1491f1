"""The routes of the Model Context Protocol."""

from darkroom.dialects.mcp.errors import error_frame, error_reply
from darkroom.dialects.mcp.metadata import report_metadata
from darkroom.dialects.mcp.server import METADATA, PATH, handle_message
from darkroom.endpoint import Dialect, Endpoint, Route

MCP = Dialect("mcp", error_reply, error_frame, own_pages_only=True)

ENDPOINTS = (
    Endpoint(PATH, {"POST": Route(handle_message)}, MCP),
    Endpoint(METADATA, {"GET": Route(report_metadata)}, MCP),
    Endpoint(METADATA + PATH, {"GET": Route(report_metadata)}, MCP),
)
