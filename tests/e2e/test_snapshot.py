"""The snapshot of Python's memory with which the offline Worker begins."""

import subprocess
import sys
from pathlib import Path

import pytest

from local import snapshot


def test_a_worker_that_was_packed_has_a_fresh_snapshot() -> None:
    subprocess.run([sys.executable, "-m", "local.pack"], check=True)
    assert snapshot.SNAPSHOT.stat().st_size > 20_000_000
    assert snapshot.is_fresh()


def test_a_snapshot_is_taken_anew_when_the_worker_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    packed = tmp_path / "worker.zip"
    monkeypatch.setattr(snapshot, "INPUTS", (packed,))
    memories = iter([b"first", b"second"])
    monkeypatch.setattr(snapshot, "take", lambda: next(memories))
    kept = tmp_path / "snapshot.bin"
    seen = []
    for content in (b"one", b"one", b"another"):
        packed.write_bytes(content)
        snapshot.refresh(kept)
        seen.append(kept.read_bytes())
    assert seen == [b"first", b"first", b"second"]


def test_a_worker_of_which_no_snapshot_can_be_taken_starts_without(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "broken.js").write_text("export default }", "utf-8")
    monkeypatch.setattr(snapshot, "MAKER", tmp_path / "broken.js")
    kept = tmp_path / "snapshot.bin"
    snapshot.refresh(kept)
    assert kept.read_bytes() == b""
    assert "No snapshot, so the Worker starts more slowly" in capsys.readouterr().err
