"""A small graph of rivers and countries, named in eleven languages, to plan questions over."""

from __future__ import annotations

from convrag.graph import terms
from convrag.graph.model import KnowledgeGraph
from convrag.types import Literal, Triple

_LABEL, _ALIAS, _XSD = terms.RDFS + "label", terms.ALIAS, terms.XSD
NAMES = {
    "avaria": "Avaria,Awarien,Avaria,Avarie,Avária,Avaria,"
    "Авария,阿瓦里亚,アヴァリア,أفاريا,अवारिया",
    "borland": "Borland,Borland,Borlandia,Borlande,Borlândia,Borlanda,"
    "Борландия,博兰,ボルランド,بورلاند,बोरलैंड",
    "corvia": "Corvia,Korvien,Corvia,Corvie,Córvia,Corvia,Корвия,科维亚,コルヴィア,كورفيا,कोर्विया",
    "ister": "Ister,Ister,Íster,Istre,Íster,Istro,Истер,伊斯特河,イステル川,إستر,इस्तर",
    "tyras": "Tyras,Tyras,Tiras,Tyrase,Tiras,Tira,Тирас,蒂拉斯河,テュラス川,تيراس,तिरास",
    "solem": "Solem,Solem,Solem,Solem,Solem,Solem,Солем,索莱姆,ソレム,سوليم,सोलेम",
    "ducat": "ducat,Dukat,ducado,ducat,ducado,ducato,дукат,杜卡特,ダカット,دوقية,डुकाट",
    "Country": "country,Land,país,pays,país,paese,страна,国家,国,دولة,देश",
    "River": "river,Fluss,río,fleuve,rio,fiume,река,河流,川,نهر,नदी",
    "area": "area,Fläche,superficie,superficie,área,superficie,площадь,面积,面積,المساحة,क्षेत्रफल",
    "length": "length,Länge,longitud,longueur,comprimento,lunghezza,длина,长度,長さ,الطول,लंबाई",
    "capital": "capital,Hauptstadt,capital,capitale,capital,capitale,"
    "столица,首都,首都,عاصمة,राजधानी",
    "currency": "currency,Währung,moneda,monnaie,moeda,valuta,валюта,货币,通貨,عملة,मुद्रा",
    "neighbour": "neighbour,Nachbarland,vecino,voisin,vizinho,vicino,сосед,邻国,隣国,جيران,पड़ोसी",
    "flows": "flows through,fließt durch,pasa por,traverse,passa por,attraversa,"
    "течёт через,流经,流れる,يمر عبر,बहती है",
}  # fmt: skip
LANGUAGES = ("en", "de", "es", "fr", "pt", "it", "ru", "zh", "ja", "ar", "hi")


def planning_graph(*more: Triple, without: tuple[Triple, ...] = ()) -> KnowledgeGraph:
    """Return the graph with ``more`` facts and without some of its own."""
    facts = [
        *(Triple(c, terms.TYPE, "Country") for c in ("avaria", "borland", "corvia")),
        *(Triple(r, terms.TYPE, "River") for r in ("ister", "tyras")),
        number("avaria", "area", 900),
        number("borland", "area", 120.5),
        number("corvia", "area", 400),
        number("ister", "length", 2850),
        number("tyras", "length", 1400),
        Triple("area", terms.UNIT, Literal("km²")),
        Triple("length", terms.UNIT, Literal("km")),
        Triple("neighbour", terms.TYPE, terms.SYMMETRIC),
        Triple("avaria", "neighbour", "borland"),
        Triple("avaria", "neighbour", "corvia"),
        Triple("borland", "neighbour", "corvia"),
        Triple("avaria", "capital", "solem"),
        Triple("avaria", "currency", "ducat"),
        Triple("ister", "flows", "avaria"),
        Triple("ister", "flows", "borland"),
        Triple("tyras", "flows", "avaria"),
        Triple("Country", _ALIAS, Literal("countries", "", "en")),
        Triple("neighbour", _ALIAS, Literal("border", "", "en")),
    ]
    for term, names in NAMES.items():
        for language, name in zip(LANGUAGES, names.split(","), strict=True):
            facts.append(Triple(term, _LABEL, Literal(name, "", language)))
    return KnowledgeGraph([f for f in facts if f not in without] + list(more))


def number(subject: str, item: str, value: float) -> Triple:
    """Return the fact that the subject measures so much."""
    kind = "integer" if isinstance(value, int) else "decimal"
    return Triple(subject, item, Literal(str(value), _XSD + kind))
