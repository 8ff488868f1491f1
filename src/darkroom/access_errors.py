"""Errors of access: keys that are not looked up yet, and what a key does not open."""

from typing import Self

from darkroom.errors import CredentialRefused, Failure


class KeyNotRead(CredentialRefused):
    """A gateway key is not in the settings, and was not looked up in the database yet.

    `digest` is the key's. It never reaches a caller: see `limits.admission`.
    """

    digest = ""

    @classmethod
    def of(cls, digest: str) -> Self:
        """The failure of the key with that digest."""
        failure = cls("This gateway key was not looked up.", param="authorization")
        failure.digest = digest
        return failure


class NotAllowed(Failure):
    """The caller is known, and may not do this."""

    status = 403
    type = "invalid_request_error"
    default_code = "not_allowed"
