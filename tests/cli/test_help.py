"""Help worth reading, and mistakes in the command itself."""

from __future__ import annotations

import pytest

from server import __version__
from server.cli import main
from server.cli.parser import parser


@pytest.mark.parametrize("name", ["serve", "run", "check", "nodes", "models", "cache"])
def test_each_command_explains_itself_with_examples(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main([name, "--help"])
    said = capsys.readouterr().out
    assert left.value.code == 0
    assert f"\n  loom {name}" in said, "an example to copy"
    assert max(map(len, said.splitlines())) <= 120


def test_the_version_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--version"])
    assert capsys.readouterr().out == f"Latent Loom {__version__}\n"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["run"], "workflow"),
        (["run", "a.json", "--set", "steps=3"], "NODE.INPUT=VALUE"),
        (["serve", "--port", "http"], "is not a port"),
        (["serve", "--port", "65536"], "is not a port"),
        (["serve", "--device", "tpu"], "tpu"),
        (["cache", "--limit", "lots"], "is not a size"),
        (["dance"], "dance"),
    ],
)
def test_a_mistake_in_the_command_is_told_with_exit_code_2(
    arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as left:
        parser().parse_args(arguments)
    assert left.value.code == 2
    assert words in capsys.readouterr().err
