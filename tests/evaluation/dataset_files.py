"""Minimal files in the published formats of the data sets, by set."""

from __future__ import annotations

import gzip
import json
import zipfile
from pathlib import Path
from typing import Any

SQUAD = {
    "version": "1.1",
    "data": [
        {
            "title": "Nile_River",
            "paragraphs": [
                {
                    "context": "The Nile is 6,650 km long.",
                    "qas": [
                        {
                            "id": "q1",
                            "question": "How long is the Nile?",
                            "answers": [
                                {"text": "6,650 km", "answer_start": 12},
                                {"text": "6,650 km", "answer_start": 12},
                            ],
                        },
                        {
                            "id": "q2",
                            "question": "Who dug it?",
                            "answers": [],
                            "is_impossible": True,
                            "plausible_answers": [{"text": "km", "answer_start": 18}],
                        },
                        {"id": "q3", "question": "", "answers": []},
                    ],
                }
            ],
        }
    ],
}
MLQA = {
    "version": "1.0",
    "data": [
        {
            "title": "Nil",
            "paragraphs": [
                {
                    "context": "Der Nil ist 6650 km lang.",
                    "qas": [
                        {
                            "id": "m1",
                            "question": "कितनी लंबी है नील?",
                            "answers": [{"text": "6650 km", "answer_start": 12}],
                        }
                    ],
                }
            ],
        }
    ],
}
NQ_SIMPLIFIED = {
    "example_id": 5655,
    "question_text": "where does the nile end",
    "document_text": "<P> The Nile ends in Egypt . </P> <P> It is long . </P> <Table> x </Table>",
    "document_url": "https://example.org/nile",
    "long_answer_candidates": [
        {"start_token": 0, "end_token": 8, "top_level": True},
        {"start_token": 8, "end_token": 14, "top_level": True},
        {"start_token": 9, "end_token": 10, "top_level": False},
    ],
    "annotations": [
        {
            "annotation_id": 1,
            "yes_no_answer": "NONE",
            "long_answer": {"start_token": 0, "end_token": 8, "candidate_index": 0},
            "short_answers": [{"start_token": 5, "end_token": 6}],
        }
    ],
}
NQ_DPR = [
    {
        "dataset": "nq_dev",
        "question": "who sang it",
        "answers": ["Umm Kulthum", "أم كلثوم"],
        "positive_ctxs": [{"title": "Song", "text": "Umm Kulthum sang it.", "passage_id": "7"}],
        "negative_ctxs": [],
        "hard_negative_ctxs": [{"title": "Other", "text": "Fairuz sang another."}],
    }
]
NQ_OPEN = {"question": "who built it", "answer": ["Gustave Eiffel"]}
TRIVIA = {
    "Data": [
        {
            "QuestionId": "tc_1",
            "QuestionSource": "http://example.org",
            "Question": "Which river flows through Cairo?",
            "Answer": {
                "Value": "Nile",
                "Aliases": ["The Nile", "النيل"],
                "Type": "WikipediaEntity",
            },
            "EntityPages": [{"Title": "Nile", "Filename": "Nile.txt", "DocSource": "TagMe"}],
            "SearchResults": [
                {
                    "Title": "Cairo",
                    "Description": "Cairo lies on the Nile.",
                    "Url": "http://example.org/cairo",
                    "Rank": 0,
                }
            ],
        }
    ],
    "Domain": "Web",
    "Version": 1.0,
}
CANARD = [
    {
        "History": ["Zappa", "Band"],
        "QuAC_dialog_id": "C_1",
        "Question": "What group disbanded?",
        "Question_no": 1,
        "Rewrite": "What group disbanded?",
    },
    {
        "History": ["Zappa", "Band", "What group disbanded?", "The Mothers"],
        "QuAC_dialog_id": "C_1",
        "Question": "When did they?",
        "Question_no": 2,
        "Rewrite": "When did The Mothers disband?",
    },
    {
        "History": ["Nile", "Course"],
        "QuAC_dialog_id": "C_2",
        "Question": "Where is it?",
        "Question_no": 1,
        "Rewrite": "Where is the Nile?",
    },
]
QRECC = [
    {
        "Context": [],
        "Question": "Who wrote Faust?",
        "Rewrite": "Who wrote Faust?",
        "Answer": "Goethe wrote it.",
        "Answer_URL": "https://example.org/faust",
        "Conversation_no": 4,
        "Turn_no": 1,
        "Conversation_source": "trec",
    },
    {
        "Context": ["Who wrote Faust?", "Goethe wrote it."],
        "Question": "When?",
        "Rewrite": "When did Goethe write Faust?",
        "Answer": "",
        "Answer_URL": "",
        "Conversation_no": 4,
        "Turn_no": 2,
        "Conversation_source": "trec",
    },
]
SCAI = [
    {
        "Conversation_no": 9,
        "Turn_no": 1,
        "Question": "Is it wet?",
        "Context": [],
        "Truth_rewrite": "Is the Nile wet?",
        "Truth_answer": "Yes, all of it.",
        "Truth_passages": ["p1"],
        "Conversation_source": "nq",
    }
]
TOPIOCQA = [
    {
        "Conversation_no": 1,
        "Turn_no": 1,
        "Question": "what is the nile",
        "Answer": "A river",
        "Topic": "Nile",
        "Topic_section": "Introduction",
        "Rationale": "The Nile is a river in Africa.",
        "Context": [],
        "Additional_answers": [{"Answer": "A long river", "Topic": "Nile"}],
    },
    {
        "Conversation_no": 1,
        "Turn_no": 2,
        "Question": "who owns it",
        "Answer": "UNANSWERABLE",
        "Topic": "Nile",
        "Rationale": "UNANSWERABLE",
        "Context": ["what is the nile", "A river"],
    },
    {
        "Conversation_no": 2,
        "Turn_no": 1,
        "Question": "what is cairo",
        "Answer": "A city",
        "Gold_passage": {"title": "Cairo", "text": "Cairo is a city.", "id": "wiki:1"},
        "Context": [],
    },
]
COQA = {
    "version": "1.0",
    "data": [
        {
            "id": "s1",
            "source": "mctest",
            "filename": "mc.txt",
            "name": "mc.txt",
            "story": "Cotton was a white kitten. She lived in a barn.",
            "questions": [
                {"input_text": "What color was Cotton?", "turn_id": 1},
                {"input_text": "Who owned her?", "turn_id": 2},
            ],
            "answers": [
                {"span_text": "a white kitten", "input_text": "white", "turn_id": 1},
                {"span_text": "unknown", "input_text": "unknown", "turn_id": 2},
            ],
            "additional_answers": {
                "0": [
                    {"span_text": "white", "input_text": "White.", "turn_id": 1},
                    {"span_text": "unknown", "input_text": "unknown", "turn_id": 2},
                ]
            },
        }
    ],
}
QUAC = {
    "data": [
        {
            "title": "Frank Zappa",
            "section_title": "Disbandment",
            "background": "An American musician.",
            "paragraphs": [
                {
                    "id": "C_9",
                    "context": "In 1969 Zappa broke up the band. CANNOTANSWER",
                    "qas": [
                        {
                            "id": "C_9_q#0",
                            "question": "When did they disband?",
                            "followup": "y",
                            "yesno": "x",
                            "answers": [
                                {"text": "In 1969", "answer_start": 0},
                                {"text": "1969", "answer_start": 3},
                            ],
                            "orig_answer": {"text": "In 1969", "answer_start": 0},
                        },
                        {
                            "id": "C_9_q#1",
                            "question": "Why?",
                            "followup": "n",
                            "yesno": "x",
                            "answers": [{"text": "CANNOTANSWER", "answer_start": 33}],
                            "orig_answer": {"text": "CANNOTANSWER", "answer_start": 33},
                        },
                    ],
                }
            ],
        }
    ]
}
LINES = [
    {"document": "d1", "text": "O Nilo tem 6650 km.", "title": "Nilo", "language": "pt"},
    {"subject": "urn:x:nile", "predicate": "urn:x:length", "value": "6650"},
    {"subject": "urn:x:nile", "predicate": "urn:x:mouth", "object": "urn:x:egypt"},
    {"question": "Quanto mede o Nilo?", "dialogue": "a", "language": "pt", "relevant": ["d1"]},
    {"question": "E onde acaba?", "dialogue": "a", "language": "pt", "relevant": {"d1": 2}},
    {"question": "Who?", "answerable": False, "kind": "nothing"},
]
CAST = [
    {
        "number": 106,
        "turn": [
            {
                "number": 1,
                "raw_utterance": "What is lobular carcinoma?",
                "manual_rewritten_utterance": "What is lobular carcinoma?",
                "passage": "Lobular carcinoma begins in the lobules.",
                "canonical_result_id": "MARCO_D5",
                "passage_id": 7,
            },
            {
                "number": 2,
                "raw_utterance": "Is it deadly?",
                "manual_rewritten_utterance": "Is lobular carcinoma deadly?",
            },
        ],
    }
]
IKAT = [
    {
        "number": "9-1",
        "title": "Diet",
        "ptkb": {"1": "I'm vegetarian.", "2": "I own a dog."},
        "turns": [
            {
                "turn_id": 1,
                "utterance": "Find me a diet.",
                "resolved_utterance": "Find me a vegetarian diet.",
                "response": "Try lentils.",
                "ptkb_provenance": [1],
                "response_provenance": [],
            }
        ],
    }
]
MTRAG = {
    "task_id": "t<::>2",
    "contexts": [{"document_id": "d1", "text": "Lima is the capital.", "title": ""}],
    "input": [
        {"speaker": "user", "text": "Tell me about Peru."},
        {"speaker": "agent", "text": "It is a country."},
        {"speaker": "user", "text": "And its capital?"},
    ],
    "targets": [{"speaker": "agent", "text": "Lima."}],
    "answerability": ["ANSWERABLE"],
    "Question Type": ["Factoid"],
}
KDCONV = [
    {
        "name": "故宫",
        "messages": [
            {"message": "你知道故宫吗？"},
            {
                "message": "知道，门票60元，附近有天坛。",
                "attrs": [
                    {"name": "故宫", "attrname": "门票", "attrvalue": "60元"},
                    {"name": "故宫", "attrname": "周边景点", "attrvalue": "天坛"},
                    {"name": "天坛", "attrname": "地址", "attrvalue": "北京"},
                    {"name": "故宫", "attrname": "Information", "attrvalue": "故宫是皇宫。"},
                ],
            },
            {"message": "再见。"},
        ],
    }
]
CROSSWOZ = {
    "11": {
        "messages": [
            {
                "role": "usr",
                "content": "故宫的门票多少钱？",
                "dialog_act": [["Request", "景点", "门票", "", ""]],
                "user_state": [[1, "景点", "名称", "故宫", True]],
            },
            {
                "role": "sys",
                "content": "60元。",
                "dialog_act": [["Inform", "景点", "门票", "60", ""]],
            },
            {"role": "usr", "content": "谢谢。", "dialog_act": [["General", "thank", "", ""]]},
        ]
    }
}
PLACES = [["故宫", {"名称": "故宫", "门票": 60, "周边景点": ["天坛"], "地铁": None}]]
QALD = {
    "questions": [
        {
            "id": "3",
            "question": [
                {"language": "en", "string": "What is the time zone of Salt Lake City?"},
                {"language": "uk", "string": "У якому часовому поясі Солт-Лейк-Сіті?"},
                {"language": "hi", "string": ""},
            ],
            "query": {
                "sparql": "PREFIX res: <http://dbpedia.org/resource/> SELECT ?u WHERE"
                " { res:Salt_Lake_City <http://dbpedia.org/ontology/timeZone> ?u }"
            },
            "answers": [
                {
                    "head": {"vars": ["u"]},
                    "results": {
                        "bindings": [
                            {
                                "u": {
                                    "type": "uri",
                                    "value": "http://dbpedia.org/resource/Mountain_Time_Zone",
                                }
                            }
                        ]
                    },
                }
            ],
        }
    ]
}


def write(path: Path, value: Any, *, indent: int | None = 1) -> Path:
    """Write JSON, in lines for ``.jsonl``, packed as the name says."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if ".jsonl" in path.name:
        rows = value if isinstance(value, list) else [value]
        text = "\n".join(json.dumps(row, ensure_ascii=False) for row in rows) + "\n"
    else:
        text = json.dumps(value, ensure_ascii=False, indent=indent)
    if path.suffix == ".gz":
        path.write_bytes(gzip.compress(text.encode()))
    elif path.suffix == ".zip":
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr(path.stem, text)
    else:
        path.write_text(text, encoding="utf-8")
    return path
