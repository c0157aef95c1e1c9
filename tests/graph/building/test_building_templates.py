"""Sentences in ten languages state relations; sentences that only look like them do not."""

from __future__ import annotations

import pytest

from convrag.graph.building.relations import known
from tests.graph.building.texts import facts

STATED = {
    "en": {
        "Ostholm is the capital of Varnia.": ("Varnia", "capital", "Ostholm"),
        "Varnia borders Belsk, Corvia and Dunmark.": ("Varnia", "border", "Corvia"),
        "The Lisk flows into the Amber Sea.": ("Lisk", "flows into", "Amber Sea"),
        "Varnia gained independence from Corvia in 1921.": (
            "Varnia",
            "independence from",
            "Corvia",
        ),
        "Ada Brandt was born on 7 March 1871 in Ostholm.": (
            "Ada Brandt",
            "date of birth",
            "1871-03-07",
        ),
        "Brandt Motors was founded in 1902 by Ada Brandt.": (
            "Brandt Motors",
            "founded by",
            "Ada Brandt",
        ),
        "Mount Tarn is 3,412 m high.": ("Mount Tarn", "height", "3412 m"),
        "The population of Varnia is 4.2 million.": ("Varnia", "population", "4200000"),
        "The Silent Mill was written by Nils Aho.": ("Silent Mill", "author", "Nils Aho"),
        "Nils Aho is the mayor of Ostholm.": ("Ostholm", "mayor", "Nils Aho"),
    },
    "de": {
        "Ostholm ist die Hauptstadt von Varnien.": ("Varnien", "capital", "Ostholm"),
        "Die Lisk mündet in die Bernsteinsee.": ("Lisk", "flows into", "Bernsteinsee"),
        "Die Lisk ist 1.280 km lang.": ("Lisk", "length", "1280 km"),
        "Brandt wurde 1902 von Ada Brandt gegründet.": ("Brandt", "founded by", "Ada Brandt"),
        "Varnien hat 4,2 Millionen Einwohner.": ("Varnien", "population", "4200000"),
    },
    "fr": {
        "Ostholm est la capitale de la Varnie.": ("Varnie", "capital", "Ostholm"),
        "La Lisque se jette dans la mer Noire.": ("Lisque", "flows into", "mer Noire"),
        "Ada Brandt est née à Ostholm.": ("Ada Brandt", "birthplace", "Ostholm"),
        "Brandt a été fondée par Ada Brandt.": ("Brandt", "founded by", "Ada Brandt"),
    },
    "es": {
        "Ostholm es la capital de Varnia.": ("Varnia", "capital", "Ostholm"),
        "Varnia limita con Belsk, Corvia y Dunia.": ("Varnia", "border", "Dunia"),
        "El Lisco desemboca en el mar Negro.": ("Lisco", "flows into", "mar Negro"),
        "El Lisco tiene una longitud de 1.280 km.": ("Lisco", "length", "1280 km"),
    },
    "pt": {
        "Ostholm é a capital da Várnia.": ("Várnia", "capital", "Ostholm"),
        "Ada Brandt nasceu em Ostholm.": ("Ada Brandt", "birthplace", "Ostholm"),
        "A Várnia tem 4,2 milhões de habitantes.": ("Várnia", "population", "4200000"),
    },
    "ru": {
        "Лиска впадает в Чёрное море.": ("Лиска", "flows into", "Чёрное море"),
        "Ада Брандт родилась 7 марта 1871 года.": ("Ада Брандт", "date of birth", "1871-03-07"),
        "Лиска имеет длину 1280 км.": ("Лиска", "length", "1280 km"),
    },
    "ar": {
        "أوستهولم هي عاصمة فارنيا.": ("فارنيا", "capital", "أوستهولم"),
        "تقع أوستهولم في فارنيا.": ("أوستهولم", "location", "فارنيا"),
        "عدد سكان فارنيا ٤٫٢ مليون نسمة.": ("فارنيا", "population", "4200000"),
    },
    "hi": {
        "वार्निया की राजधानी ओस्थोल्म है।": ("वार्निया", "capital", "ओस्थोल्म"),
        "वार्निया का क्षेत्रफल ८४,२०० वर्ग किमी है।": ("वार्निया", "area", "84200 km²"),
        "एडा ब्रांट का जन्म ओस्थोल्म में हुआ था।": ("एडा ब्रांट", "birthplace", "ओस्थोल्म"),
    },
    "zh": {
        "奥斯特是瓦尼亚的首都。": ("瓦尼亚", "capital", "奥斯特"),
        "瓦尼亚与贝尔斯克、科维亚接壤。": ("瓦尼亚", "border", "科维亚"),
        "里斯克河全长1280公里。": ("里斯克河", "length", "1280 km"),
        "瓦尼亚人口为420万。": ("瓦尼亚", "population", "4200000"),
    },
    "ja": {
        "ヴァルニアの首都はオストホルムである。": ("ヴァルニア", "capital", "オストホルム"),
        "ターン山の標高は3412メートルである。": ("ターン山", "height", "3412 m"),
        "リスク川は琥珀海に注ぐ。": ("リスク川", "flows into", "琥珀海"),
    },
}
SAID_OTHERWISE = [
    ("en", "Nobody knows whether Ostholm is the capital of Varnia."),
    ("en", "It is the capital of Varnia."),
    ("en", "Ostholm is not the capital of Varnia."),
    ("en", "Varnia is a key member of the union."),
    ("en", "The country borders three others."),
    ("de", "Er mündet in die Frage, was zu tun ist."),
    ("fr", "Elle est la plus grande de toutes."),
    ("es", "Este es el fin."),
    ("ru", "Он впадает в отчаяние."),
    ("zh", "他是不是首都的居民？"),
    ("ja", "それは問題である。"),
    ("ar", "هذا هو السؤال."),
    ("hi", "यह एक सवाल है।"),
]


@pytest.mark.parametrize(
    ("language", "sentence"),
    [(language, sentence) for language, found in STATED.items() for sentence in found],
)
def test_sentences_state_relations(language, sentence) -> None:
    subject, relation, value = STATED[language][sentence]
    label = relation if relation == "mayor" else known(relation, language).label
    assert (subject, label, value) in facts(sentence, language=language)


@pytest.mark.parametrize(("language", "sentence"), SAID_OTHERWISE)
def test_other_sentences_state_nothing(language, sentence) -> None:
    assert not facts(sentence, language=language)


@pytest.mark.parametrize(
    ("language", "sentence", "kind"),
    [
        ("en", "Ostholm is a port city in Varnia.", "port city"),
        ("en", "Ada Brandt (1871–1950) was a Varnian engineer.", "engineer"),
        ("en", "Brandt Motors is a company based in Ostholm.", "company"),
        ("de", "Ostholm ist eine Stadt in Varnien.", "Stadt"),
        ("fr", "Ostholm est une ville de Varnie.", "ville"),
        ("fr", "Brandt est une entreprise fondée en 1902.", "entreprise"),
        ("es", "Ostholm es una ciudad de Varnia.", "ciudad"),
        ("pt", "Ostholm é uma cidade da Várnia.", "cidade"),
        ("ru", "Остхольм — город.", "город"),
        ("hi", "ओस्थोल्म एक शहर है।", "शहर"),
        ("zh", "奥斯特是一座城市。", "城市"),
    ],
)
def test_sentences_state_kinds(language, sentence, kind) -> None:
    assert kind in {value for _, relation, value in facts(sentence, language=language)}
