"""Packs `src/` and the vendored wheels into the archive that the offline Worker unpacks.

Run from the repository's root; writes `build/worker.zip`, the same bytes for the same files, and
the snapshot of a Python that has imported it.
"""

import os
import shutil
import zipfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from local import snapshot
from local.carried import carried_files
from local.workerd import Bundle

ARCHIVE = Path("build/worker.zip")
SOURCES = (Path("python_modules"), Path("src"))
EPOCH = (1980, 1, 1, 0, 0, 0)


def pack(archive_path: Path = ARCHIVE, sources: Sequence[Path] = SOURCES) -> None:
    """Write the archive, unless the one that is there holds the same."""
    archive_path.parent.mkdir(exist_ok=True)
    # A name of its own: wrangler may start two builds at once.
    fresh = archive_path.with_suffix(f".{os.getpid()}")
    with zipfile.ZipFile(fresh, "w", zipfile.ZIP_DEFLATED) as archive:
        for root in sources:
            for path in carried_files(root):
                entry = zipfile.ZipInfo(path.relative_to(root).as_posix(), EPOCH)
                archive.writestr(entry, path.read_bytes(), zipfile.ZIP_DEFLATED)
    if archive_path.exists() and archive_path.read_bytes() == fresh.read_bytes():
        fresh.unlink()
    else:
        fresh.replace(archive_path)


def repacked(bundle: Bundle, directory: Path, sources: Sequence[Path]) -> Bundle:
    """A copy of a bundle in `directory` with the Python of other folders, without a snapshot."""
    own = replace(bundle, directory=directory)
    shutil.copytree(bundle.directory, directory, ignore=shutil.ignore_patterns("objects-*"))
    (archive,) = directory.glob("*worker.zip")
    pack(archive, sources)
    (taken,) = directory.glob("*snapshot.bin")
    taken.write_bytes(b"")
    return own


if __name__ == "__main__":
    pack()
    snapshot.refresh()
