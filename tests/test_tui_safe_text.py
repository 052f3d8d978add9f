"""The door for foreign text, and JSON laid out within limits."""

from __future__ import annotations

import json
import unicodedata

import pytest
from rich.cells import cell_len
from rich.segment import ControlType, Segment
from textual.color import Color

from sqs_tui import json_text
from sqs_tui.safe_text import DropObeyed, content, many_lines, one_line
from sqs_tui.widgets.long_text import fold

HOSTILE = [
    ("\x1b[31mred", "⟨1B⟩[31mred"),
    ("\x1b]52;c;QUFBQQ==\x07", "⟨1B⟩]52;c;QUFBQQ==⟨07⟩"),
    ("\x1b]8;;http://x", "⟨1B⟩]8;;http://x"),
    ("\x9b31m", "⟨9B⟩31m"),
    ("a\x00b\x7fc", "a⟨00⟩b⟨7F⟩c"),
    ("a\rb\r\nc", "a⟨0D⟩b c"),
    ("abc\u202egpj.exe", "abc⟨U+202E⟩gpj.exe"),
    ("a\u200bb\ufeffc", "a⟨U+200B⟩b⟨U+FEFF⟩c"),
    ("a\u2028b", "a⟨U+2028⟩b"),
    ("\ud800", "⟨U+D800⟩"),
    ("\ufffe", "⟨U+FFFE⟩"),
    ("[/foo] [@click=app.quit]x[/]", "[/foo] [@click=app.quit]x[/]"),
    ("Grüße 漢字 🎉", "Grüße 漢字 🎉"),
]


@pytest.mark.parametrize(("text", "shown"), HOSTILE)
def test_one_line_makes_visible_what_a_terminal_obeys(text: str, shown: str) -> None:
    assert one_line(text) == shown
    assert content(text).plain == shown


def test_no_character_of_unicode_gets_through() -> None:
    every = "".join(map(chr, range(0x110000)))
    kept = set(many_lines(every)) | set(one_line(every, len(every)))
    obeyed = {c for c in kept if unicodedata.category(c) in {"Cc", "Cf", "Cs", "Zl", "Zp"}}
    assert obeyed == {"\n"}


def test_lines_and_tabs_stay_where_lines_are_allowed() -> None:
    assert many_lines("a\r\n\tb\x1b") == "a\n    b⟨1B⟩"


@pytest.mark.parametrize(("text", "limit", "shown"), [("x" * 300, 10, "x" * 9 + "…"), ("\x1b" * 9, 10, "⟨1B⟩⟨1B⟩⟨…")])
def test_cut_to_length(text: str, limit: int, shown: str) -> None:
    assert one_line(text, limit) == shown


def test_stacked_marks_are_capped() -> None:
    assert one_line("e" + "\u0301" * 50 + "x") == "e" + "\u0301" * 4 + "x"


def test_the_backstop_drops_obeyed_characters_but_not_the_terminals_own_control() -> None:
    control = Segment("\x1b[2J", None, [(ControlType.CLEAR,)])
    segments = [Segment("fine"), Segment("a\x1b]52;c;x\x07\u202e\x9bb"), control]
    assert [segment.text for segment in DropObeyed().apply(segments, Color(0, 0, 0))] == ["fine", "a]52;c;xb", "\x1b[2J"]


def test_json_is_re_indented_without_changing_a_token() -> None:
    body = '{"a":1.10,"a":[],"b":[1,{"c":"x,\\"]\\u001b"}],"d":{}}'
    laid_out = json_text.lay_out(body)
    assert laid_out.text.splitlines()[:3] == ["{", '  "a": 1.10,', '  "a": [],']
    assert json.loads(laid_out.text) == json.loads(body)
    assert "".join(laid_out.text.split()) == body
    assert not laid_out.note


@pytest.mark.parametrize("body", ["not json", "", "12", '"text"', "9" * 5000, '{"a": ', "NaN"])
def test_what_is_not_a_json_structure_stays_as_it_is(body: str) -> None:
    assert json_text.lay_out(body) == json_text.Layout(body)


@pytest.mark.parametrize(
    "body",
    [
        "[" * 60_000,
        "[" * 990 + "]" * 990,
        '{"a":' * 900 + "1" + "}" * 900,
        "[" + "[1]," * 10_000 + "1]",
        "[" * 1_000_000,
        "[" * 200 + "1" + "]" * 200,
    ],
)
def test_no_body_grows_beyond_the_limit_or_ends_the_parser(body: str) -> None:
    laid_out = json_text.lay_out(body)
    assert len(laid_out.text) <= max(json_text.OUTPUT_LIMIT, len(body))
    assert "\n" + "  " * (json_text.DEPTH_LIMIT + 1) not in laid_out.text


def test_a_long_body_is_cut_and_says_so() -> None:
    laid_out = json_text.lay_out("[" + "1," * 40_000 + "1]")
    assert len(laid_out.text) == json_text.INPUT_LIMIT
    assert laid_out.note == "the first 65,536 of 80,003 characters, not laid out"


def test_what_is_drawn_at_once_is_bounded_in_lines_and_characters() -> None:
    assert json_text.drawable("a\nb\n") == json_text.Layout("a\nb\n")
    drawn = json_text.drawable("ab\n" * 15_000)
    assert drawn.text.count("\n") == json_text.LINES_LIMIT - 1
    assert drawn.note == "the first 10,000 of 15,001 lines are drawn"
    drawn = json_text.drawable("⟨00⟩" * 65_536)
    assert (len(drawn.text), drawn.note) == (65_536, "the first 65,536 of 262,144 characters are drawn")


@pytest.mark.parametrize("width", [2, 10, 37])
@pytest.mark.parametrize("text", ["", "\n\n", "x" * 100, "a word or two " * 9, "漢字" * 40 + "\nx", "e\u0301" * 50 + "  y\n"])
def test_a_folded_text_holds_every_character_and_fits(text: str, width: int) -> None:
    pieces = list(fold(text, width))
    assert max(cell_len(piece.text) for piece in pieces) <= width
    lines = ["".join(piece.text for piece in pieces if piece.number == number) for number in range(text.count("\n") + 1)]
    assert "\n".join(lines) == text


def test_a_line_is_folded_after_a_word() -> None:
    assert [piece.text for piece in fold("one two three", 9)] == ["one two ", "three"]
