"""The check for an administrator, who manages keys and sees all usage."""

from darkroom.access import is_admin
from darkroom.access_errors import NotAllowed
from darkroom.context import RequestContext
from darkroom.errors import CredentialMissing


def demand_admin(context: RequestContext) -> None:
    """Raise a `Failure` for callers without an administrator's key."""
    caller = context.caller
    if is_admin(caller):
        return
    words = "This is for administrators: send a key whose digest stands in ADMIN_KEYS."
    if caller.holds_key:
        raise NotAllowed(words, code="admin_key_required", param="authorization")
    raise CredentialMissing(words, code="admin_key_required", param="authorization")
