"""Draws the time to the first token by prompt length from the files that ttft.sh left, and prints the table.

python3 plot_ttft.py RESULTS IMAGE.svg [TITLE]
"""

from __future__ import annotations

import json
import pathlib
import sys

LABELS = {
    "none": "vLLM alone, cold",
    "dram": "LMCache in-process, DRAM",
    "gds": "LMCache in-process, GdsBackend",
    "ours": "LMCache in-process, kvstore",
    "mp_fs": "LMCache server, fs_native, L1 cleared",
    "mp_ours": "LMCache server, kvstore, L1 cleared",
}


def rows_of(file: pathlib.Path) -> dict[int, dict[str, list[float]]]:
    """The times of each length, in ms."""
    rows = json.loads(file.read_text())["rows"]
    return {
        row["length"]: {what: [entry[0] for entry in row[what]] for what in ("cold", "gpu", "warm")}
        for row in rows
        if "length" in row
    }


def span(times: list[float]) -> str:
    if not times:
        return ""
    low, high = round(min(times)), round(max(times))
    return f"{low}" if low == high else f"{low}-{high}"


def main() -> None:
    results, image = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    found = {name: rows_of(results / f"{name}.json") for name in LABELS if (results / f"{name}.json").exists()}
    lengths = sorted({length for rows in found.values() for length in rows})
    print("| TTFT in ms | " + " | ".join(f"{length:,}" for length in lengths) + " |")
    print("|---" * (len(lengths) + 1) + "|")
    for name, rows in found.items():
        kinds = ["cold"] if name == "none" else ["cold", "warm"]
        for kind in kinds:
            label = LABELS[name] if name == "none" else f"{LABELS[name]}, {kind}"
            print(f"| {label} | " + " | ".join(span(rows.get(length, {}).get(kind, [])) for length in lengths) + " |")

    import matplotlib

    matplotlib.use("svg")
    import matplotlib.pyplot as plt

    plt.rcParams["svg.hashsalt"] = "kvstore"
    figure, axes = plt.subplots(figsize=(7, 4.2))
    for name, rows in found.items():
        kind = "cold" if name == "none" else "warm"
        points = [(length, min(rows[length][kind])) for length in lengths if rows.get(length, {}).get(kind)]
        if points:
            axes.plot(*zip(*points, strict=True), marker="o", label=LABELS[name])
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xticks(lengths, [f"{length:,}" for length in lengths])
    axes.minorticks_off()
    axes.set_xlabel("tokens of the prompt, all of them seen before")
    axes.set_ylabel("time to the first token, ms")
    axes.set_title(sys.argv[3] if len(sys.argv) > 3 else "Time to the first token")
    axes.grid(alpha=0.3)
    axes.legend(fontsize="small")
    figure.tight_layout()
    figure.savefig(image, metadata={"Date": None})


if __name__ == "__main__":
    main()
