from __future__ import annotations

import pytest

from convrag.cli import output
from convrag.errors import ConfigError, UsageError
from convrag.packs import available_packs, find_pack, pack_called


def test_packs_are_listed_for_programs(run, packs) -> None:
    lines = run("packs").out.splitlines()
    assert lines[0] == "name\ttitle\tlanguages\tdescription"
    assert lines[1] == "helpdesk\tKundendienst 客服\ten zh\tAbout helpdesk"


def test_columns_align_for_people_whatever_the_script(run, packs, monkeypatch) -> None:
    from rich.cells import cell_len

    monkeypatch.setattr(output, "stdout_is_terminal", lambda: True)
    lines = run("packs").out.splitlines()
    starts = {cell_len(line[: line.index(word)]) for line, word in zip(
        lines, ("languages", "en zh", "en zh"), strict=True)}  # fmt: skip
    assert len(starts) == 1


def test_a_pack_says_where_its_data_are(packs) -> None:
    pack = find_pack("world")
    assert pack.graph == packs / "kg" / "world" / "graph.ttl"
    assert pack.passages.is_dir()
    assert pack.examples == {"en": ("What?",), "zh": ("什么？",)}
    assert [each.name for each in available_packs()] == ["helpdesk", "world"]
    assert pack_called("Kundendienst 客服") == "helpdesk"
    assert pack_called("world") == "world"
    assert pack_called("nothing") is None


@pytest.mark.parametrize("name", ["mars", "", "..", "../kg/world", "world/", "WORLD"])
def test_an_unknown_pack_lists_the_known(packs, name: str) -> None:
    with pytest.raises(UsageError) as caught:
        find_pack(name)
    assert "known packs: helpdesk, world" in caught.value.hint


@pytest.mark.parametrize(
    "text",
    ["title = ", 'title = 3', 'languages = "en"', "languages = [1]", "examples = 1",
     "[examples]\nen = [1]"],
)  # fmt: skip
def test_a_broken_pack_file_is_named(packs, text: str) -> None:
    path = packs / "kg" / "world" / "pack.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match="pack.toml"):
        find_pack("world")
