"""What lessons say by themselves: the same in both languages, all of it used, and in the right language."""

from __future__ import annotations

import ast
import functools
import re
import string
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

import convstep
from convstep.language import LANGUAGES
from convstep.lessons.words import default_language, escaped, say, sentences

PACKAGE = Path(convstep.__file__).parent
WORDS = sentences()
SAYING = ("say", "_said", "_wrong", "_error")
"""Functions that take a key."""


def places(sentence: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name is not None}


@functools.cache
def keys_in_code() -> tuple[set[str], list[str]]:
    """The keys that the package names, and patterns of those it puts together."""
    keys, patterns = set[str](), list[str]()
    for path in PACKAGE.rglob("*.py"):
        if path.name == "words.py" and path.parent.name == "lessons":
            continue
        text = path.read_text(encoding="utf-8")
        if "lessons" not in text and "lessons" not in path.parts:  # it does not know these sentences
            continue
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Call):
                name = getattr(node.func, "attr", getattr(node.func, "id", ""))
                if name in SAYING:
                    inside = [part for argument in node.args for part in ast.walk(argument)]
                    keys |= {part.value for part in inside if _is_text(part)}  # type: ignore[attr-defined]
            elif isinstance(node, ast.FunctionDef) and node.name in SAYING:
                keys |= {default.value for default in node.args.defaults if _is_text(default)}  # type: ignore[attr-defined]
            elif isinstance(node, ast.Constant) and isinstance(node.value, str) and "." in node.value:
                keys.add(node.value)
            elif isinstance(node, ast.JoinedStr):
                parts = [re.escape(str(p.value)) if _is_text(p) else ".*" for p in node.values]  # type: ignore[attr-defined]
                patterns.append("".join(parts))
    return keys, [pattern for pattern in patterns if re.match(r"[a-z]+\\\.", pattern)]


def _is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def test_both_languages_have_the_same_sentences() -> None:
    assert set(WORDS) == set(LANGUAGES)
    assert list(WORDS["en"]) == list(WORDS["zh"])


@pytest.mark.parametrize("key", WORDS["en"])
def test_both_languages_fill_in_the_same(key: str) -> None:
    assert places(WORDS["en"][key]) == places(WORDS["zh"][key])


def test_every_sentence_is_said_somewhere() -> None:
    keys, patterns = keys_in_code()
    silent = {
        key for key in WORDS["en"] if key not in keys and not any(re.fullmatch(p, key) for p in patterns)
    }
    assert not silent


def test_every_key_in_the_code_is_a_sentence() -> None:
    groups = {key.split(".")[0] for key in WORDS["en"] if "." in key} - {"page"}
    named = {key for key in keys_in_code()[0] if re.fullmatch(r"[a-z]+(\.[a-z]+)+", key)}
    assert {key for key in named if key.split(".")[0] in groups} <= set(WORDS["en"])


@pytest.mark.parametrize("key", WORDS["zh"])
def test_chinese_is_chinese_and_english_is_not(key: str) -> None:
    english, chinese = (re.sub(r"\{\w+\}", "", WORDS[language][key]) for language in LANGUAGES)
    if re.search(r"[a-z]{3}", english):
        assert re.search(r"[\u4e00-\u9fff]", chinese)
    assert not re.search(r"[\u3000-\u9fff\uff00-\uffef]", english)
    assert not re.search(r"[\u4e00-\u9fff][,;?!]", chinese), "Chinese has its own commas"


@pytest.mark.parametrize(
    "text", ["a*b*c", "x_1", "_x_", "`y`", "<dz>", "[a](b)", "a\\*", "&amp;", "dA_prev_pad[0]", "**", "_"]
)
def test_what_is_escaped_is_read_as_it_was_typed(text: str) -> None:
    (inline,) = [token for token in MarkdownIt("commonmark").parse(escaped(f"it: {text}")) if token.children]
    assert "".join(part.content for part in inline.children or ()) == f"it: {text}"
    assert {part.type for part in inline.children or ()} == {"text"}


@pytest.mark.parametrize(
    ("settings", "language"),
    [
        ({"LANG": "zh_CN.UTF-8"}, "zh"),
        ({"LANG": "zh_TW"}, "zh"),
        ({"LANG": "ZH_cn"}, "zh"),
        ({"LANG": "en_US.UTF-8"}, "en"),
        ({"LANG": "de_DE.UTF-8"}, "en"),
        ({"LANG": "C"}, "en"),
        ({"LC_ALL": "C.UTF-8", "LANG": "zh_CN.UTF-8"}, "en"),
        ({"LC_ALL": "", "LANG": "zh_CN.UTF-8"}, "zh"),
        ({"LC_MESSAGES": "zh_CN.UTF-8", "LANG": "en_US.UTF-8"}, "zh"),
        ({"LC_MESSAGES": "en_US.UTF-8", "LANG": "zh_CN.UTF-8"}, "en"),
        ({"LC_ALL": "zh_CN.UTF-8", "LC_MESSAGES": "en_US.UTF-8"}, "zh"),
    ],
)
def test_the_language_is_the_computers(
    monkeypatch: pytest.MonkeyPatch, settings: dict[str, str], language: str
) -> None:
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    assert default_language() == language


@pytest.mark.parametrize(
    ("found", "language"),
    [(None, "en"), ("Chinese (Simplified)_China", "zh"), ("zh_CN", "zh"), ("English_United States", "en")],
)
def test_without_settings_the_locale_decides(
    monkeypatch: pytest.MonkeyPatch, found: str | None, language: str
) -> None:
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("locale.getlocale", lambda: (found, None))
    assert default_language() == language


def test_braces_in_what_is_filled_in_are_kept() -> None:
    assert say("en", "not.number", text="'{0}'").startswith("'{0}' is not a number")


def test_chinese_puts_no_half_width_sign_beside_its_own() -> None:
    for key, words in WORDS["zh"].items():
        assert not re.search("[。，；：、！？] ?[ :;,]", words), key
    said = say("zh", "and", first=say("zh", "wrong"), second="它是旧值。")
    assert said == "还不对。它是旧值。"
    assert say("zh", "hint", number=1) == "提示 1："
