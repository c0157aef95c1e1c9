"""Values that several tests of conversations share: strategies and ready-made answers."""

from __future__ import annotations

from hypothesis import strategies as st

from convrag.types import (
    Answer,
    Asked,
    Choice,
    Citation,
    Clarification,
    Conclusion,
    Dialogue,
    DialogueState,
    Evidence,
    Filter,
    Focus,
    Inference,
    Link,
    Literal,
    Mention,
    Mode,
    Passage,
    Query,
    Role,
    Status,
    Triple,
    Turn,
)

SCRIPTS = (
    "What is the capital of Kenya?",
    "肯尼亚的首都是哪里?",
    "¿Cuál es la capital de España?",
    "ما هي عاصمة المغرب؟",
    "भारत की राजधानी क्या है?",
    "Какая столица России?",
    "日本の首都はどこですか?",
    "ประเทศไทยเมืองหลวงคืออะไร",
)

_EX = "urn:convrag:test/"

text = st.one_of(st.sampled_from(SCRIPTS), st.text(max_size=30))
number = st.floats(allow_nan=False, allow_infinity=False)
rank = st.integers(1, 1000)
span = st.tuples(st.integers(0, 99), st.integers(0, 99))
channels = st.dictionaries(st.sampled_from(["dense", "lexical", "graph"]), rank)
via = st.lists(text, max_size=3).map(tuple)
links = st.lists(
    st.builds(
        Link,
        mention=st.builds(Mention, text, span),
        entity_id=st.none() | text,
        score=number,
        alternatives=st.lists(st.tuples(text, number), max_size=2).map(tuple),
    ),
    max_size=2,
).map(tuple)
passages = st.builds(
    Passage,
    id=text,
    text=text,
    title=text,
    language=text,
    source=text,
    span=span,
    document_id=text,
    page=st.none() | rank,
    entity_ids=st.lists(text, max_size=2).map(tuple),
)
triples = st.builds(
    Triple,
    subject=text,
    predicate=text,
    object=text | st.builds(Literal, value=text, datatype=text, language=text),
    source=text,
)
literals = st.builds(Literal, value=text, datatype=text, language=text)
conclusions = st.builds(
    Conclusion,
    kind=st.sampled_from(Inference),
    values=st.lists(text | literals, max_size=2).map(tuple),
    property=text,
    most=st.booleans(),
    measured=st.lists(st.tuples(text, literals), max_size=2).map(tuple),
    lacking=st.lists(text, max_size=2).map(tuple),
    count=rank,
    holds=st.none() | st.booleans(),
    difference=st.none() | literals,
    place=rank,
)
evidences = st.builds(
    Evidence,
    item=passages,
    score=number,
    rank=rank,
    channels=channels,
    via=via,
    confidence=number,
) | st.builds(
    Evidence,
    item=triples,
    score=number,
    rank=rank,
    channels=channels,
    via=via,
    confidence=number,
    conclusion=st.none() | conclusions,
    sources=st.lists(text, max_size=3).map(tuple),
    disputed=st.booleans(),
)
_values = st.lists(text.map(str.strip).filter(bool), max_size=2, unique=True).map(tuple)
_days = st.sampled_from(("", "2024", "2024-05", "2024-02-29"))
filters = st.builds(
    Filter,
    languages=st.lists(st.sampled_from(("de", "zh", "ar")), max_size=2, unique=True).map(tuple),
    sources=_values,
    documents=_values,
    tags=_values,
    after=_days,
    before=_days,
)
queries = st.builds(
    Query,
    text=text,
    original=text,
    language=text,
    links=links,
    confidence=number,
    standalone=st.booleans(),
    act=text,
    filter=filters,
    reply_language=text,
)
_choices = st.lists(st.builds(Choice, text, text), max_size=3).map(tuple)
answers = st.builds(
    Answer,
    text=text,
    language=text,
    citations=st.lists(st.builds(Citation, rank, text, span), max_size=3).map(tuple),
    evidence=st.lists(evidences, max_size=3).map(tuple),
    query=queries,
    status=st.sampled_from(Status),
    mode=st.sampled_from(Mode),
    timings=st.dictionaries(text, number, max_size=3),
    choices=_choices,
)
turns = st.builds(
    Turn, id=text, role=st.sampled_from(Role), text=text, language=text, created=number
)
states = st.builds(
    DialogueState,
    focus=st.lists(
        st.builds(
            Focus,
            entity_id=text,
            name=text,
            salience=number,
            types=st.lists(text, max_size=2).map(tuple),
        ),
        max_size=2,
    ).map(tuple),
    last_question=text,
    last_links=links,
    language=text,
    topic=st.integers(0, 99),
    turn=st.integers(0, 9999),
    listed=st.lists(text, max_size=3).map(tuple),
    years=st.lists(st.integers(1000, 2099), max_size=2).map(tuple),
    asked=st.lists(
        st.builds(
            Asked,
            number=st.integers(0, 9999),
            text=text,
            language=text,
            act=text,
            answered=st.booleans(),
            about=st.lists(text, max_size=2).map(tuple),
            topic=st.integers(0, 99),
        ),
        max_size=2,
    ).map(tuple),
    pending=st.none()
    | st.builds(
        Clarification,
        question=text,
        mention=st.builds(Mention, text, span),
        choices=_choices,
        language=text,
        asked=st.booleans(),
    ),
    senses=st.lists(st.tuples(text, text), max_size=2).map(tuple),
    reply_language=text,
)


def passage_evidence(
    text: str, *, key: str = "p1", rank: int = 1, title: str = "Kenya"
) -> Evidence:
    """Return a passage found by two channels."""
    item = Passage(
        id=key,
        text=text,
        title=title,
        language="en",
        source="world/kenya.md",
        span=(0, len(text)),
        document_id="kenya",
        page=3,
    )
    return Evidence(item, 0.87, rank, {"dense": 1, "lexical": 2})


def triple_evidence(*, rank: int = 2) -> Evidence:
    """Return a triple found through the graph."""
    item = Triple(_EX + "kenya", _EX + "capital", _EX + "nairobi", source="graph.ttl")
    return Evidence(item, 0.66, rank, {"graph": 1}, via=(_EX + "kenya", _EX + "capital"))


def exchange(
    dialogue: Dialogue, question: str, reply: str, *, status: Status = Status.COMPLETE
) -> tuple[Turn, Dialogue, Answer]:
    """Return the question's turn, the dialogue with the answer appended, and the answer."""
    number = len(dialogue.turns)
    turn = Turn(f"t{number}", Role.USER, question, "en", 1000.0 + number)
    words = "Nairobi is the capital of Kenya. It lies at 1,795 m."
    answer = Answer(
        text=reply,
        language="en",
        citations=(Citation(1, "p1", (0, 32)), Citation(2, triple_evidence().id, (0, 0))),
        evidence=(passage_evidence(words), triple_evidence()),
        query=Query(question, question, "en"),
        status=status,
        mode=Mode.EXTRACT,
        timings={"retrieve": 0.2},
    )
    assistant = Turn(f"t{number + 1}", Role.ASSISTANT, reply, "en", 1001.0 + number)
    state = DialogueState(last_question=question, language="en", topic=number)
    return turn, Dialogue(dialogue.id, (*dialogue.turns, turn, assistant), state), answer
