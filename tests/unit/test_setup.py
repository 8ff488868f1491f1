"""What `make` sets up, by which Python, and what it leaves out."""

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.support.spaces import running_spaces

MAKEFILE = Path(__file__).parents[2] / "Makefile"
NAMES = ("python3", "python3.14", "python3.13", "python3.12", "python3.11")
VERSIONS = [
    ({"python3": (3, 12), "python3.11": (3, 11)}, "python3"),
    ({"python3": (3, 14), "python3.11": (3, 11)}, "python3"),
    ({"python3": (3, 10), "python3.12": (3, 12), "python3.13": (3, 13)}, "python3.13"),
    ({"python3": (3, 15), "python3.11": (3, 11)}, "python3.11"),
]


class Machine:
    """A checkout without Darkroom's packages, on a machine with stand-ins for its programs."""

    def __init__(self, folder: Path) -> None:
        self.checkout = folder / "checkout"
        self.programs = folder / "programs"
        self.calls = folder / "calls"
        self.calls.touch()
        for name in ("bootstrap", "dev", "gradio4"):
            self.write(self.checkout / f"requirements/{name}.txt", "")

    def write(self, path: Path, script: str) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f'#!/bin/sh\necho "$0 $*" >>{self.calls}\n{script}\n', "utf-8")
        path.chmod(0o755)

    def install_pythons(self, versions: Mapping[str, tuple[int, int]]) -> None:
        """Python by each name, of the given version or one that is too old; runs `-c` alone."""
        for name in NAMES:
            version = versions.get(name, (3, 9))
            code = f"import sys; sys.version_info = {version}; exec(sys.argv[1])"
            self.write(
                self.programs / name,
                f'test "$1" != -c || exec {sys.executable} -c "{code}" "$2"',
            )

    def make(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["make", "-f", str(MAKEFILE), *arguments],
            cwd=self.checkout,
            env={"PATH": f"{self.programs}:/usr/bin:/bin"},
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


@pytest.mark.parametrize(("versions", "chosen"), VERSIONS)
def test_the_first_python_of_a_supported_version_makes_the_environment(
    machine: Machine, versions: dict[str, tuple[int, int]], chosen: str
) -> None:
    machine.install_pythons(versions)
    machine.make(".venv/.ready")
    made = [line for line in machine.calls.read_text("utf-8").splitlines() if "-m venv" in line]
    assert made == [f"{machine.programs / chosen} -m venv --clear .venv"]


def test_the_python_of_the_environment_does_not_make_it_anew(machine: Machine) -> None:
    machine.install_pythons({"python3": (3, 13)})
    machine.write(machine.checkout / ".venv/bin/python3", "exit 0")
    (machine.checkout / "again.mk").write_text(f"all:\n\t@make -f {MAKEFILE} .venv/.ready\n")
    machine.make("-f", "again.mk", "all")
    assert f"{machine.programs}/python3 -m venv" in machine.calls.read_text("utf-8")


@pytest.mark.parametrize("arguments", [(), ("PYTHON=python3.13",), ("PYTHON=/nowhere/python3",)])
def test_without_a_supported_python_make_says_which_it_needs(
    machine: Machine, arguments: tuple[str, ...]
) -> None:
    machine.install_pythons({"python3": (3, 10), "python3.14": (3, 15)})
    result = machine.make(".venv/.ready", *arguments)
    assert result.returncode != 0
    assert "Darkroom needs Python 3.11, 3.12, 3.13 or 3.14" in result.stdout
    assert "-m venv" not in machine.calls.read_text("utf-8")


@pytest.mark.parametrize(
    ("installs", "left_out"), [("touch .venv-gradio4/bin/gradio", False), ("true", True)]
)
def test_make_names_a_gradio_that_cannot_be_installed(
    machine: Machine, installs: str, left_out: bool
) -> None:
    machine.write(
        machine.checkout / ".venv/bin/uv",
        f'case "$1" in venv) mkdir -p .venv-gradio4/bin ;; pip) {installs} ;; esac',
    )
    machine.write(machine.checkout / ".venv/bin/python", "echo Python 3.13.0")
    machine.write(machine.checkout / ".venv/.ready", "")
    result = machine.make(".venv-gradio4/.ready")
    assert result.returncode == 0, result.stderr
    sentence = "Gradio 4 left out: cannot be installed on Python 3.13.0"
    assert (sentence in result.stdout) is left_out


def test_tests_of_a_gradio_that_was_left_out_are_skipped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".venv-gradio4").mkdir()
    (tmp_path / ".venv-gradio4/.ready").touch()
    with (
        pytest.raises(pytest.skip.Exception, match="Gradio 4 left out: cannot be installed on"),
        running_spaces("gradio4", tmp_path),
    ):
        pass
