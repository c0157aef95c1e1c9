"""One thread setting for every numeric library of the process."""

from __future__ import annotations

import os
import sys

from convrag.config import Config

_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMEXPR_NUM_THREADS")


def thread_count(config: Config) -> int:
    """Return the threads to use: the setting, else ``OMP_NUM_THREADS``, else the cores at hand."""
    if config.threads:
        return config.threads
    given = os.environ.get("OMP_NUM_THREADS", "")
    if given.isascii() and given.isdigit() and int(given) > 0:
        return min(int(given), config.thread_count)
    return config.thread_count


def set_threads(n: int) -> None:
    """Let every numeric library use ``n`` threads: those loaded now, and those loaded later.

    torch and faiss are told when they are loaded; a library loaded later reads the environment.

    Raises:
        ValueError: ``n`` is below 1.
    """
    if n < 1:
        raise ValueError(f"threads must be at least 1, not {n}")
    for name in _VARIABLES:
        os.environ[name] = str(n)
    # Spinning threads starve others: beside other work a query took 7 times as long.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    # Tokenizers warns and may hang after a fork when its own pool was used.
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    torch = sys.modules.get("torch")
    if torch is not None and hasattr(torch, "set_num_threads"):
        torch.set_num_threads(n)
    faiss = sys.modules.get("faiss")
    if faiss is not None and hasattr(faiss, "omp_set_num_threads"):
        faiss.omp_set_num_threads(n)
