"""What a Worker keeps on disk under `wrangler dev`, read while it runs."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path


def stored_files(state: Path) -> Iterator[tuple[Path, bytes]]:
    """Read each file below a directory.

    A file that goes away meanwhile is left out: SQLite removes its `-shm` and `-wal` files when a
    Durable Object is put to rest.
    """
    for path in state.rglob("*"):
        with suppress(FileNotFoundError):
            if path.is_file():
                yield path, path.read_bytes()


def stored_bytes(state: Path) -> bytes:
    """Read all that lies below a directory, in one piece."""
    return b"".join(content for _, content in stored_files(state))
