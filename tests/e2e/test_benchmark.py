"""The whole benchmark runs to its report, slow."""

import subprocess
import sys

from tests.support.slow import SLOW

LIMIT_S = 1_800


@SLOW
def test_the_benchmark_reports_every_kind_of_figure() -> None:
    command = [sys.executable, "-m", "bench"]
    run = subprocess.run(command, check=False, capture_output=True, text=True, timeout=LIMIT_S)
    assert run.returncode == 0, run.stderr[-2_000:]
    for figures in ("stream-300", "Progress: from", "History: a long one", "The page with a cold"):
        assert figures in run.stdout
