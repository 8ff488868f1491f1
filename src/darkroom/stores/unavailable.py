"""The error of a store that does not answer."""


class StoreUnavailable(Exception):
    """The store did not do what it was asked."""
