"""All paths of the API, in the order of the document."""

from api.operations import (
    a1111,
    gemini,
    hf,
    mcp,
    openai,
    relay,
    service,
    studio,
    studio_embeddings,
    studio_history,
    studio_images,
)

PATHS = (
    *openai.PATHS,
    *service.PATHS,
    *gemini.PATHS,
    *hf.PATHS,
    *mcp.PATHS,
    *relay.PATHS,
    *a1111.PATHS,
    *studio.PATHS,
    *studio_embeddings.PATHS,
    *studio_images.PATHS,
    *studio_history.PATHS,
)
