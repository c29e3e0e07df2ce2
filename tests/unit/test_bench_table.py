import pytest

from dashboard.cli.bench import show_table


def test_each_figure_is_a_line_with_a_column_for_each_level(
    capsys: pytest.CaptureFixture[str],
) -> None:
    level = {"generations": 1000, "overhead_p50_s": None, "cpu_s": {"watcher": 1.5}}
    show_table([level, {**level, "overhead_p50_s": 0.25}])
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert lines == [
        ["generations", "1,000", "1,000"],
        ["overhead_p50_s", "-", "0.25"],
        ["cpu_s.watcher", "1.5", "1.5"],
    ]
