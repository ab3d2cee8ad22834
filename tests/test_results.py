"""docs/results.md is what the benchmarks' files say."""

import json

import pytest

from benchmarks import results


def test_the_page_is_what_the_files_say():
    told = "run python -m benchmarks.results"
    assert results.PAGE.read_text(encoding="utf-8") == results.page(), told


def test_a_changed_figure_changes_the_page(monkeypatch, tmp_path):
    monkeypatch.setattr(results, "RESULTS", tmp_path)
    path = tmp_path / "grocery.json"
    path.write_text(json.dumps({"commit": "abc", "rows": {"code": {"hit@1": 0.25}}}))
    before = results.page()
    assert "| code | 0.25 |" in before
    assert "python -m benchmarks.bench_grocery" in before
    assert "commit abc" in before
    assert "fine-tuned classifier" in before
    path.write_text(json.dumps({"commit": "abc", "rows": {"code": {"hit@1": 0.5}}}))
    assert "| code | 0.5 |" in results.page()


@pytest.mark.parametrize("name", [path.stem for path in results.RESULTS.glob("*.json")])
def test_every_result_names_a_benchmark_that_there_is(name):
    assert (results.FOLDER / f"{results.module(name)}.py").exists()


def test_nested_figures_become_columns_and_deviations_go_to_their_figure():
    row = {"method": "itq", "seen": {"map": 0.5, "±": 0.01, "hit@1": 0.6}}
    assert results.flat(row) == {
        "method": "itq",
        "seen map": "0.5 ± 0.01",
        "seen hit@1": 0.6,
    }


def test_what_makes_no_table_is_told_figure_by_figure(monkeypatch, tmp_path):
    monkeypatch.setattr(results, "RESULTS", tmp_path)
    wide = {str(n): {str(k): k for k in range(n)} for n in range(30)}
    (tmp_path / "odd.json").write_text(json.dumps({"rows": wide, "n": 12345}))
    assert "| rows 29 28 | 28 |" in results.page()
    assert "| n | 12,345 |" in results.page()


def test_a_result_may_say_what_is_shown_of_it(monkeypatch, tmp_path):
    monkeypatch.setattr(results, "RESULTS", tmp_path)
    shown = {"table": [{"a|b": True, "c": None}], "runs": [{"deep": [{"x": 1}]}]}
    (tmp_path / "odd.json").write_text(json.dumps(shown))
    assert "| yes | – |" in results.page()
    assert "deep" not in results.page()
