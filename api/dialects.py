"""The descriptions of the dialects in the OpenAPI document."""

from api.operation import DescribedDialect
from api.schemas import a1111, gemini, hf, mcp, openai, relay, studio
from darkroom.dialects.a1111.routes import A1111 as A1111_DIALECT
from darkroom.dialects.gemini.routes import GEMINI as GEMINI_DIALECT
from darkroom.dialects.hf.routes import HF as HF_DIALECT
from darkroom.dialects.mcp.routes import MCP as MCP_DIALECT
from darkroom.dialects.openai.dialect import OPENAI as OPENAI_DIALECT
from darkroom.dialects.relay.routes import RELAY as RELAY_DIALECT
from darkroom.dialects.studio.errors import STUDIO as STUDIO_DIALECT

OPENAI = DescribedDialect(OPENAI_DIALECT, openai.ErrorAnswer)
RELAY = DescribedDialect(RELAY_DIALECT, relay.RelayErrorAnswer, ("key", "token"))
A1111 = DescribedDialect(A1111_DIALECT, a1111.SdapiErrorAnswer, ("basic", "token"))
GEMINI = DescribedDialect(GEMINI_DIALECT, gemini.GoogleErrorAnswer, ("googleKey", "token"))
HF = DescribedDialect(HF_DIALECT, hf.InferenceError)
STUDIO = DescribedDialect(STUDIO_DIALECT, studio.ErrorAnswer)
MCP = DescribedDialect(MCP_DIALECT, mcp.RpcErrorAnswer)
