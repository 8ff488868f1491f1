"""Python's memory once the Worker is imported, which the offline Worker begins with.

`[env.local]` would otherwise boot Pyodide and import everything at each start. Production's runtime
takes a snapshot of its own at the deployment.
"""

import hashlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

from local.processes import StartFailed, answers, free_port
from local.workerd import HOST, MODULE_TYPES, START_LIMIT_S, bundle_of, start_workerd

SNAPSHOT = Path("build/snapshot.bin")
MAKER = Path("local/snapshot.js")
INPUTS = (Path("build/worker.zip"), Path("local/python.js"), MAKER, Path("package-lock.json"))


def is_fresh(snapshot: Path = SNAPSHOT) -> bool:
    """True for a snapshot that was taken of the Worker as it is now."""
    mark = _mark_of(snapshot)
    return snapshot.exists() and mark.exists() and mark.read_text("ascii") == _digest()


def refresh(snapshot: Path = SNAPSHOT) -> None:
    """Take a snapshot where there is no fresh one.

    Where none can be taken the file is empty, the reason is printed, and the Worker boots without.
    """
    if is_fresh(snapshot):
        return
    mark = _mark_of(snapshot)
    mark.unlink(missing_ok=True)
    digest = _digest()
    try:
        memory = take()
    except (OSError, StartFailed, subprocess.CalledProcessError) as failure:
        print(f"No snapshot, so the Worker starts more slowly: {failure}", file=sys.stderr)
        memory = b""
    _replace(snapshot, memory)
    _replace(mark, digest.encode())


def take() -> bytes:
    """The memory of a Python in workerd that has imported the Worker.

    Raises `StartFailed` where workerd does not come up, `CalledProcessError` where the Worker that
    takes it cannot be bundled.
    """
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        bundle = bundle_of(directory, MAKER.name, objects={})
        copied = [f"--loader:{kind}=copy" for kind in MODULE_TYPES if kind != ".js"]
        command = ["node_modules/.bin/esbuild", str(MAKER), "--bundle", "--format=esm", *copied]
        command += ["--external:cloudflare:*", "--external:node:*"]
        subprocess.run([*command, f"--outdir={name}", "--log-level=error"], check=True)
        port = free_port()
        url = f"http://{HOST}:{port}/"
        worker = start_workerd(bundle, port, {}, log=directory / "log")
        try:
            worker.wait_until(lambda: answers(url), START_LIMIT_S)
            with urlopen(url) as response:
                return bytes(response.read())
        finally:
            worker.stop()


def _mark_of(snapshot: Path) -> Path:
    return snapshot.with_suffix(".sha256")


def _digest() -> str:
    return hashlib.sha256(b"".join(_digests())).hexdigest()


def _digests() -> Iterator[bytes]:
    for path in INPUTS:
        with path.open("rb") as file:
            yield hashlib.file_digest(file, "sha256").digest()


def _replace(path: Path, content: bytes) -> None:
    """Write a file in one step: wrangler may start two builds at once."""
    fresh = path.with_suffix(f".{os.getpid()}")
    fresh.write_bytes(content)
    fresh.replace(path)
