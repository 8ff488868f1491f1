"""The one way in which every store fails."""


class StoreUnavailable(Exception):
    """The store did not do what it was asked."""
