"""The linear model that weighs the facts at hand, and what it knows of a question and a fact."""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from functools import cache
from importlib import resources

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, slots=True)
class FactFeatures:
    """What is known about a question and one fact; values are about 0..1, none names a word.

    Names of two parts without a text of their own are products: ``asked_long`` is the length when
    the question is marked as one, ``open_long`` when it names no property besides.
    """

    linked: float
    """1 when the question names the entity, less for a namesake of the one it was linked to."""
    focus: float
    """How prominent the entity is in the dialogue."""
    only: float
    """1 when the question names no entity and this one is the most prominent."""
    forward: float
    """1 when the fact is about the entity, 0 when it points at it."""
    relation: float
    """How surely the question's words name the property."""
    relation_last: float
    """The same for its last clause: what was said before often answers something else."""
    relation_before: float
    """How surely what was said before names the property."""
    relation_once: float
    """The same, of the message just before alone."""
    meaning: float
    """How close the property's names lie to the question, in standard deviations among all."""
    closest: float
    """1 when no other property lies closer."""
    kind_fits: float
    """1 when the value is of a kind asked for, -1 when a kind is asked for that it is not."""
    named: float
    """Share of the value's words that the question has."""
    covers: float
    """Share of the question's words that the value has."""
    said: float
    """Share of the value's words that were said before the question."""
    group_said: float
    """Share of the entity's values for the property that were said up to now."""
    crowd: float
    """Logarithm of how many values the entity has for the property."""
    length: float
    """How long a text the value is."""
    asked_long: float
    """The same when the question is marked as one."""
    long_said: float
    long_named: float
    long_first: float
    """Length of a value of an entity that was not spoken of before the question."""
    asked_said: float
    asked_relation: float
    asked_meaning: float
    asked_kind: float
    asked_crowd: float
    told_group: float
    """Share of the group said, when the question is not marked as one."""
    other_focus: float
    """Prominence of the entity that is the value."""
    told: float
    """1 when nearly all words of a short value were said."""
    open_long: float
    """Length, when a question names no property of the entities at hand."""
    open_crowd: float
    kind_named: float
    """1 when the question names a class of the entity ("its" restaurant), -1 when of others."""
    value_kind: float
    """1 when the question names a class of the value."""
    popular: float
    """How much the graph knows of the entity that is the value, beside what it knows of others."""


@cache
def weights() -> npt.NDArray[np.float64]:
    """Return the weights (F,) of :class:`FactFeatures`.

    A conditional logit model, fitted by ``python -m tests.bench.knowledge_selection --fit``.
    """
    file = resources.files("convrag.retrieval").joinpath("facts_model.json")
    weights = json.loads(file.read_text(encoding="utf-8"))["weights"]
    return np.array([weights[f.name] for f in fields(FactFeatures)])
