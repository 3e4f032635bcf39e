"""Time to the first token with real vLLM and LMCache, and whether the answers are those of vLLM alone.

    python3 ttft.py --label NAME --mode none|lmc|mp --out FILE [--reference FILE]

An 8B shape (Llama 3.1) with made-up weights that are large enough for the answer to depend on the KV cache; one request
at a time, eager, one token out with its 20 most likely alternatives. For each length:

- cold: the first time that this prompt is seen
- gpu: again at once, from vLLM's own prefix cache, while the first store may be under way
- again: the same with that cache emptied, at once after another cold prompt: from LMCache, while its store is under way
- warm: after a pause, with vLLM's cache emptied, and in mode mp LMCache's memory, too

Answers are compared with those in REFERENCE (of a run in mode none), where there is one, else with the cold one. Equal
to rounding is: at least 17 of 20 tokens in common.
"""

from __future__ import annotations

import argparse
import json
import os
import pathlib
import random
import time
import urllib.request
from typing import Any

LEAST_IN_COMMON = 17


def patch_weights() -> None:
    """Gives made-up weights a size at which attention matters, one seed for each tensor, and norms of 1."""
    import torch
    import vllm.model_executor.model_loader.weight_utils as weights

    made = [0]

    @torch.no_grad()
    def initialise(parameter: Any, low: float = -1e-3, high: float = 1e-3, seed: int = 1234) -> None:
        if not torch.is_floating_point(parameter):
            return
        if parameter.dim() == 1:
            parameter.fill_(1)
            return
        made[0] += 1
        generator = torch.Generator(device=parameter.data.device)
        generator.manual_seed(seed + made[0])
        parameter.uniform_(-0.035, 0.035, generator=generator)

    weights.initialize_single_dummy_weight = initialise


class Engine:
    """vLLM, and what was measured."""

    def __init__(self, options: argparse.Namespace) -> None:
        started = time.time()
        import vllm

        patch_weights()
        more: dict[str, Any] = {}
        if options.mode != "none":
            from vllm.config import KVTransferConfig

            if options.mode == "lmc":
                more["kv_transfer_config"] = KVTransferConfig(kv_connector="LMCacheConnectorV1", kv_role="kv_both")
            else:
                extra = {"lmcache.mp.host": "tcp://localhost", "lmcache.mp.port": options.port}
                more["kv_transfer_config"] = KVTransferConfig(
                    kv_connector="LMCacheMPConnector", kv_role="kv_both", kv_connector_extra_config=extra
                )
        self._llm = vllm.LLM(
            model=options.model,
            load_format="dummy",
            skip_tokenizer_init=True,
            dtype="bfloat16",
            seed=0,
            enforce_eager=True,
            max_model_len=110_000,
            gpu_memory_utilization=options.util,
            enable_prefix_caching=True,
            attention_backend="FLASH_ATTN",
            **more,
        )
        self._sampling = vllm.SamplingParams(max_tokens=1, temperature=0.0, detokenize=False, logprobs=20)
        self.ready_seconds = round(time.time() - started, 1)
        self.versions = {"vllm": vllm.__version__}
        if options.mode != "none":
            import lmcache

            self.versions["lmcache"] = getattr(lmcache, "__version__", "?")

    def ask(self, prompt: list[int]) -> tuple[float, dict[str, float], int]:
        """Milliseconds, the likeliest tokens, and how many tokens of the prompt were not computed."""
        started = time.perf_counter()
        answer = self._llm.generate([{"prompt_token_ids": prompt}], self._sampling, use_tqdm=False)[0]
        took = (time.perf_counter() - started) * 1e3
        likely = {str(token): entry.logprob for token, entry in answer.outputs[0].logprobs[0].items()}
        return round(took, 1), likely, answer.num_cached_tokens

    def forget(self) -> None:
        """Empties vLLM's own prefix cache."""
        for _ in range(20):
            if self._llm.reset_prefix_cache():
                return
            time.sleep(0.25)
        print("TTFT vLLM's prefix cache could not be emptied", flush=True)


def prompt_of(length: int, number: int) -> list[int]:
    numbers = random.Random(f"{length}-{number}")
    return [numbers.randrange(100, 127_000) for _ in range(length)]


def in_common(one: dict[str, float], other: dict[str, float]) -> list[float]:
    """How many of the likeliest tokens, and the largest difference of their logarithms."""
    both = set(one) & set(other)
    return [len(both), round(max((abs(one[token] - other[token]) for token in both), default=99.0), 3)]


def clear_lmcache(port: int) -> None:
    """Empties the memory of LMCache's server."""
    request = urllib.request.Request(
        f"http://localhost:{port}/cache/clear",
        data=b'{"tier":"l1","force":true}',
        method="POST",
        headers={"Content-Type": "application/json"},
    )
    urllib.request.urlopen(request, timeout=30).read()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--label", required=True)
    parser.add_argument("--mode", choices=["none", "lmc", "mp"], required=True)
    parser.add_argument("--out", type=pathlib.Path, required=True)
    parser.add_argument("--reference", type=pathlib.Path)
    parser.add_argument("--model", default="/tmp/rig/model")
    parser.add_argument("--lengths", default="1024,8192,32768,100000")
    parser.add_argument("--prompts", type=int, default=1)
    parser.add_argument("--warm", type=int, default=2)
    parser.add_argument("--at-once", type=int, default=3)
    parser.add_argument("--util", type=float, default=0.6)
    parser.add_argument("--port", type=int, default=5555)
    parser.add_argument("--http", type=int, default=8090)
    options = parser.parse_args()
    reference = json.loads(options.reference.read_text())["answers"] if options.reference else {}
    engine = Engine(options)
    print(f"TTFT {options.label}: ready after {engine.ready_seconds} s, {engine.versions}", flush=True)
    for length in (2048, 16_384):
        engine.ask(prompt_of(length, 999 + os.getpid()))
    answers: dict[str, dict[str, float]] = {}
    rows: list[dict[str, Any]] = []
    wrong = 0

    def judged(name: str, likely: dict[str, float]) -> list[float]:
        nonlocal wrong
        common = in_common(reference.get(name, answers[name]), likely)
        wrong += common[0] < LEAST_IN_COMMON
        return common

    def save() -> None:
        facts = {"label": options.label, "mode": options.mode, "versions": engine.versions, "wrong": wrong}
        options.out.write_text(json.dumps({**facts, "rows": rows, "answers": answers}))

    for length in map(int, options.lengths.split(",")):
        row: dict[str, Any] = {"length": length, "cold": [], "gpu": [], "again": [], "warm": []}
        rows.append(row)
        for number in range(options.prompts):
            prompt, name = prompt_of(length, number), f"{length}-{number}"
            took, likely, cached = engine.ask(prompt)
            answers[name] = likely
            row["cold"].append([took, cached, *judged(name, likely)])
            took, likely, cached = engine.ask(prompt)
            row["gpu"].append([took, cached, *judged(name, likely)])
            if options.mode == "none":
                continue
            time.sleep(1 + length / 20_000)
            for _ in range(options.warm):
                if options.mode == "mp":
                    clear_lmcache(options.http)
                    time.sleep(0.3)
                engine.forget()
                took, likely, cached = engine.ask(prompt)
                row["warm"].append([took, cached, *judged(name, likely)])
        print("TTFT", options.label, json.dumps(row), flush=True)
        save()
    at_once: dict[str, Any] = {"length": 8192, "again": []}
    for number in range(100, 100 + options.at_once):
        prompt, name = prompt_of(8192, number), f"8192-{number}"
        _, answers[name], _ = engine.ask(prompt)
        judged(name, answers[name])
        for _ in range(3):
            engine.ask(prompt)
            engine.forget()
            took, likely, cached = engine.ask(prompt)
            at_once["again"].append([took, cached, *judged(name, likely)])
    rows.append({"at_once": at_once})
    save()
    print("TTFT", options.label, json.dumps(at_once), f"wrong={wrong}", flush=True)


if __name__ == "__main__":
    main()
