"""The demo shop's 60 street photos, through a running server.

    python -m benchmarks.bench_street

Prints the rank of each photo's product that is not the first, and hit@1 and hit@5.
Nothing is random.
"""

import csv
from statistics import mean, median

from benchmarks.shop import Shop, percentile, save_result
from demo import PICTURES


def main() -> None:
    with (PICTURES / "street" / "manifest.csv").open() as file:
        photos = list(csv.DictReader(file))
    with Shop() as shop:
        seconds = shop.manage("load_demo")
        shop.manage("build_snapshot")
        shop.serve()
        ranks: list[int | None] = []
        took = []
        for photo in photos:
            content = (PICTURES / "street" / photo["path"]).read_bytes()
            status, answer = shop.search(content, limit="50")
            if status != 200:
                raise RuntimeError(f"{photo['path']}: {status} {answer}")
            skus = [result["product"]["sku"] for result in answer["results"]]
            rank = skus.index(photo["sku"]) + 1 if photo["sku"] in skus else None
            ranks.append(rank)
            took.append(answer["took_ms"])
            if rank != 1:
                print(f"{photo['path']:16} {photo['sku']:16} rank {rank}: {skus[:3]}")
    hits = {f"hit@{k}": mean(r is not None and r <= k for r in ranks) for k in (1, 5)}
    print(hits, f"took_ms: median {median(took):.1f}, p95 {percentile(took, 0.95):.1f}")
    times = {"median": median(took), "p95": percentile(took, 0.95)}
    result = {"seed": None, "photos": len(photos), **hits, "took_ms": times}
    print(save_result("street", {**result, "load_demo_s": seconds}))


if __name__ == "__main__":
    main()
