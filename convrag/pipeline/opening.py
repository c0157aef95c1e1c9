"""A pipeline over a bundled pack or an index folder, with the models that the settings name."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from convrag.config import Config
from convrag.errors import UsageError
from convrag.indexing import build_index, fingerprint
from convrag.models.registry import load_encoder, load_generator
from convrag.packs import DEFAULT_PACK, Pack, find_pack
from convrag.pipeline.follow_ups import load_learned
from convrag.pipeline.stages import Pipeline
from convrag.protocols import CancelToken, Encoder
from convrag.retrieval.index import Index
from convrag.retrieval.metering import Progress


def open_pipeline(
    config: Config,
    *,
    pack: str | None = None,
    index: Path | None = None,
    progress: Progress | None = None,
    cancel: CancelToken | None = None,
    without: Collection[str] = (),
) -> Pipeline:
    """Return a pipeline over a bundled pack or an index folder; a pack is indexed at first use.

    Args:
        config: The settings in force.
        pack: The pack's name; the default pack when neither is given.
        index: An index's folder.
        progress: Told what is being loaded or built.
        cancel: Stops building; what was committed stays for the next start.
        without: What to do without; see :class:`Pipeline`.

    Raises:
        UsageError: Both or an unknown pack is given.
        IndexStoreError: The index is missing, damaged, or was made with another encoder.
        ModelError: A model is unknown, missing or damaged.
    """
    if pack and index:
        raise UsageError("both a pack and an index are given", "choose one of --pack and --index")
    report = progress or (lambda stage, share: None)
    report("loading the encoder", 0.0)
    encoder = load_encoder(config.encoder, config=config)
    generator = None
    if config.generator != "none":
        report("loading the generator", 0.3)
        generator = load_generator(config.generator, config=config)
    reranker = None
    if config.reranker:
        report("loading the reranker", 0.6)
        from convrag.retrieval.reranking import load_reranker  # torch is loaded with it

        reranker = load_reranker(config.reranker, config=config)
    learned = load_learned(config)
    if index is not None:
        opened = Index.open(index, encoder_id=encoder.id)
        return Pipeline(
            opened,
            encoder,
            name=opened.title or index.name,
            k=config.k,
            generator=generator,
            reranker=reranker,
            learned=learned,
            without=without,
        )
    chosen = find_pack(pack or DEFAULT_PACK)
    opened = Index.open(_pack_index(config, chosen, encoder, report, cancel), encoder_id=encoder.id)
    return Pipeline(
        opened,
        encoder,
        name=chosen.title,
        k=config.k,
        generator=generator,
        reranker=reranker,
        examples=chosen.examples,
        learned=learned,
        without=without,
    )


def _pack_index(
    config: Config, pack: Pack, encoder: Encoder, progress: Progress, cancel: CancelToken | None
) -> Path:
    """Return the folder of the pack's index, brought up to date when the pack's files changed."""
    folder = config.indexes / f"{pack.name}-{encoder.id.split('@')[-1]}"
    paths = [pack.graph, pack.passages]
    stamp = fingerprint(paths, encoder.id)
    stamp_file = folder / "sources.stamp"
    if stamp_file.is_file() and stamp_file.read_text(encoding="utf-8") == stamp:
        return folder
    build_index(
        paths,
        folder,
        encoder,
        title=pack.title,
        languages=pack.languages,
        root=pack.graph.parent,
        prune=True,
        alone=True,  # the package may have been installed in another place before
        progress=progress,
        cancel=cancel,
    )
    if cancel is None or not cancel.cancelled:
        stamp_file.write_text(stamp, encoding="utf-8")
    return folder
