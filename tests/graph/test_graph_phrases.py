"""Phrases found in texts of any script, whole words only, at exact places."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from convrag.graph.phrases import PhraseIndex, longest, mask, stems
from convrag.text.normalize import match_key


def index_of(*texts: str, language: str = "") -> PhraseIndex:
    return PhraseIndex([(text, language, text, True) for text in texts])


def found(index: PhraseIndex, text: str, language: str = "") -> list[tuple[int, str]]:
    matches = index.find(text, language=language)
    return [(m.span[0], text[m.span[0] : m.span[1]]) for m in matches]


@pytest.mark.parametrize(
    ("name", "text", "at"),
    [
        ("Mali", "Somalia, Malia and Mali.", 19),
        ("Мали", "Сомали, Малинин и Мали.", 18),
        ("Κρήτη", "υποΚρήτη και Κρήτη;", 13),
        ("מאלי", "סומאלי ומאלית, מאלי", 15),
        ("مالي", "صومالي ماليزيا مالي؟", 15),
        ("माली", "सोमाली मालीन माली।", 13),
        ("মালি", "সোমালি মালিক মালি।", 13),
        ("தமிழ்", "தமிழ்நாடு தமிழ்", 10),
        ("మాలి", "సోమాలి మాలిక మాలి", 13),
        ("მალი", "სომალი მალია მალი", 13),
        ("Մալի", "Սոմալի Մալիա Մալի", 13),
        ("ማሊ", "ሶማሊ ማሊያ ማሊ", 8),
        ("マリ", "ソマリア、マリア、マリ", 9),
        ("말리", "소말리아와 말리", 6),
    ],
)
def test_a_name_is_not_a_piece_of_another_word(name: str, text: str, at: int) -> None:
    assert found(index_of(name), text) == [(at, name)]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("中国", "我爱中国人的茶"),
        ("東京", "いま東京タワーにいる"),
        ("ひたち", "このひたちの町"),
        ("ニジェール", "ニジェール川"),
        ("ไทย", "ประเทศไทยสวย"),
        ("ລາວ", "ປະເທດລາວງາມ"),
        ("ខ្មែរ", "ភាសាខ្មែរល្អ"),
        ("မြန်မာ", "မြန်မာပြည်"),
        ("བོད", "བོད་ཡིག"),
        ("한국", "한국에서는"),
        ("한국", "한국은"),
        ("서울", "서울의 날씨"),
        ("KX-200", "请问KX-200的保修期"),
    ],
)
def test_scripts_without_word_boundaries_and_particles(name: str, text: str) -> None:
    assert found(index_of(name), text) == [(text.index(name), name)]


def test_a_name_does_not_end_before_a_mark_of_its_last_letter() -> None:
    assert found(index_of("มาล"), "มาลี") == []
    assert found(index_of("माल"), "माली") == []
    assert found(index_of("မြ"), "မြေ") == []


@pytest.mark.parametrize("clitic", ["و", "ف", "ب", "ل", "ك", "ال", "وال", "بال", "فب", "ول"])
def test_arabic_clitics_are_not_part_of_the_name(clitic: str) -> None:
    text = f"ذهب {clitic}مصر غدا"
    for language in ("ar", ""):
        assert found(index_of("مصر", language="ar"), text, language) == [(4 + len(clitic), "مصر")]


def test_other_arabic_letters_are_part_of_the_word() -> None:
    index = index_of("مصر", language="ar")
    assert found(index, "مصرف") == []
    assert found(index, "عمصر") == []


def test_the_article_after_li_is_found_by_its_stem() -> None:
    assert found(index_of("القاهرة", language="ar"), "سافر للقاهرة", "ar") == [(5, "للقاهرة")]


def test_short_capitals_are_not_taken_for_words() -> None:
    index = index_of("US", "IT", "WHO")
    assert found(index, "who told us about it") == []
    assert found(index, "the US and WHO, IT") == [(4, "US"), (11, "WHO"), (16, "IT")]
    assert found(index, "ＵＳ and us") == [(0, "ＵＳ")]
    for language in ("en", "de", "es"):
        assert found(index, "who told us about it", language) == []


def test_short_codes_with_digits_match_in_small_letters() -> None:
    assert found(index_of("E17"), "what is e17?") == [(8, "e17")]


@pytest.mark.parametrize(
    ("text", "matches"),
    [
        ("KX-2000", []),
        ("AKX-200", []),
        ("KX-200A", []),
        ("my kx-200!", [(3, "kx-200")]),
        ("KX‑200", [(0, "KX‑200")]),
        ("ＫＸ－２００です", [(0, "ＫＸ－２００")]),
        ("KX-2000 or KX-200", [(11, "KX-200")]),
        ("जल KX-२००", [(3, "KX-२००")]),
    ],
)
def test_identifiers(text: str, matches: list[tuple[int, str]]) -> None:
    assert found(index_of("KX-200"), text) == matches


def test_numbers_are_not_pieces_of_longer_numbers() -> None:
    index = index_of("200", "5")
    assert found(index, "2000, 1200, 1,200, 200.75, 4.5, 5.1, 4٫5") == []
    assert found(index, "200, 5. 200") == [(0, "200"), (5, "5"), (8, "200")]


INFLECTED = [
    ("ru", "Москва", "Кто живёт в Москве?", "Москве"),
    ("ru", "Чёрное озеро", "у Черного озера", "Черного озера"),
    ("de", "Fluss", "Welche Flüsse gibt es?", "Flüsse"),
    ("de", "Schwarzer See", "am Schwarzen See", "Schwarzen See"),
    ("ar", "مدينة", "في المدينة الكبيرة", "المدينة"),
    ("ar", "عاصمة", "ما عاصمتها", "عاصمتها"),
    ("hi", "नदी", "कौन सी नदियाँ", "नदियाँ"),
    ("hi", "लड़का", "लड़के ने कहा", "लड़के"),
    ("es", "ciudad", "¿Qué ciudades hay?", "ciudades"),
    ("es", "montaña rocosa", "las montañas rocosas", "montañas rocosas"),
    ("pt", "cidade", "Quais cidades?", "cidades"),
    ("pt", "montanha", "as montanhas", "montanhas"),
    ("fr", "montagne", "les montagnes", "montagnes"),
    ("en", "mountain", "two mountains", "mountains"),
]


@pytest.mark.parametrize(("language", "name", "text", "form"), INFLECTED)
def test_inflected_forms(language: str, name: str, text: str, form: str) -> None:
    index = index_of(name, language=language)
    (match,) = index.find(text, language=language)
    assert form.endswith(text[match.span[0] : match.span[1]])
    # Arabic's article can be split off, which makes the match exact.
    assert match.phrase.text == name
    assert found(index, text) == [] or language == "ar"


def test_stems_belong_to_their_language() -> None:
    index = index_of("ciudad", language="es")
    assert found(index, "ciudades", "de") == []
    assert found(index, "ciudades", "zh") == []


def test_stems_give_words_with_their_places() -> None:
    assert stems("Zwei Flüsse", "de") == [("zwei", (0, 4)), ("fluss", (5, 11))]
    assert stems("天气 E-17", "zh") == [("天", (0, 1)), ("气", (1, 2)), ("e-17", (3, 7))]
    assert stems("", "en") == []


@pytest.mark.parametrize(
    ("name", "text", "part"),
    [
        ("file", "the ﬁle.", "ﬁle"),
        ("Straße", "in der STRASSE", "STRASSE"),
        ("strasse", "eine Straße!", "Straße"),
        ("Malmö", "i Malmo\u0308 nu", "Malmo\u0308"),
        ("Ha Noi", "tại Hà  \u00a0Nội", "Hà  \u00a0Nội"),
        ("ガス", "ｶﾞｽの", "ｶﾞｽ"),
        ("مدرسة", "مَدْرَسَةٌ كبيرة", "مَدْرَسَةٌ"),
        ("Ёлка", "под Е\u0308лка", "Е\u0308лка"),
        ("각", "\u1100\u1161\u11a8", "\u1100\u1161\u11a8"),
        ("office", "of\u00adfice", "of\u00adfice"),
        ("क़लम", "क\u093cलम", "क\u093cलम"),
    ],
)
def test_spans_are_exact_in_the_original(name: str, text: str, part: str) -> None:
    assert found(index_of(name), text) == [(text.index(part), part)]


def test_half_of_a_written_character_is_no_match() -> None:
    assert found(index_of("1"), "½ cup") == []
    assert found(index_of("株"), "㈱") == []


ALPHABET = (
    "abzAZßſİıéÅøﬁﬃǆ０９Ａ½²①㈱\u0301\u0308\u00ad\u200d\u200f '’-–.,/\n\t\u00a0"
    "жЖёЁйΣςάאבּ٣ابةوللآأ\u064eलिक़\u093cकিখกำลี中国東京ｶﾞァーかが한각\u1100\u1161\u11a8မြខ្\0{}<"
)
TEXT = st.text(st.sampled_from(ALPHABET), max_size=24) | st.text(max_size=12)


@given(st.lists(TEXT, max_size=6), TEXT, st.sampled_from(["", "en", "ar", "de", "hi", "ru", "zh"]))
@example(["e"], "e\u0301", "en")
@example(["ss", "s"], "ß sſ", "de")
@example(["fi"], "ﬁ ﬃ", "en")
def test_exact_matches_lie_where_the_phrase_stands(
    phrases: list[str], text: str, language: str
) -> None:
    index = PhraseIndex([(p, "en", p, True) for p in phrases])
    for match in index.find(" ".join([text, *phrases]), language=language):
        start, end = match.span
        whole = " ".join([text, *phrases])
        assert 0 <= start < end <= len(whole)
        if match.exact:
            assert match_key(whole[start:end]) == match_key(match.phrase.text).strip()
        assert end == len(whole) or unicodedata.category(whole[end]) != "Mn"


@given(st.lists(TEXT, min_size=1, max_size=4), TEXT)
def test_every_phrase_that_stands_between_spaces_is_found(phrases: list[str], text: str) -> None:
    index = index_of(*phrases)
    for phrase in phrases:
        key = match_key(phrase)
        plain = key and key[0].isalnum() and key[-1].isalnum() and len(key) > 3
        if plain and unicodedata.category(phrase[0])[0] != "M":
            whole = f"{text} | {phrase} | "
            targets = {m.phrase.key for m in index.find(whole)}
            assert key in targets


@given(st.lists(TEXT, max_size=5), TEXT)
def test_longest_places_do_not_overlap(phrases: list[str], text: str) -> None:
    groups = longest(index_of(*phrases).find(" ".join([*phrases, text])))
    spans = [group[0].span for group in groups]
    assert all(one[1] <= two[0] for one, two in zip(spans, spans[1:], strict=False))
    assert all(m.span == group[0].span for group in groups for m in group)


def test_longest_prefers_longer_then_earlier_then_exact() -> None:
    index = index_of("東京", "京都", "東京都庁", "Rio", "Rio Negro")
    text = "東京都 東京都庁 Rio Negro"
    assert [text[g[0].span[0] : g[0].span[1]] for g in longest(index.find(text))] == [
        "東京",
        "東京都庁",
        "Rio Negro",
    ]


def test_one_key_keeps_all_its_phrases_in_order() -> None:
    index = PhraseIndex(
        [("Ombra", "en", "1", True), ("OMBRA", "es", "2", False), ("  ", "", "3", True)]
    )
    assert [p.target for p in index.phrases("ombra")] == ["1", "2"]
    assert index.keys == ("ombra",)
    assert index.phrases("nothing") == ()
    assert [m.phrase.target for m in index.find("ombra")] == ["1", "2"]


def test_nothing_is_found_in_nothing() -> None:
    assert PhraseIndex([]).find("text", language="en") == ()
    assert index_of("a").find("", language="en") == ()


@given(TEXT, st.integers(0, 20), st.integers(0, 20))
def test_masks_keep_offsets(text: str, a: int, b: int) -> None:
    start, end = sorted((min(a, len(text)), min(b, len(text))))
    masked = mask(text, [(start, end)])
    assert len(masked) == len(text)
    assert masked[:start] == text[:start]
    assert masked[end:] == text[end:]
    assert not masked[start:end].strip()
