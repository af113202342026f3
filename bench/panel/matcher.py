"""A small closed-world matcher as one writes it in an afternoon: no unknown, no dates, no reasons. For its time only."""
import json
import sys
import time

CHEMO = {"capecitabine", "doxorubicin", "cyclophosphamide", "docetaxel", "paclitaxel"}
ET = {"letrozole", "fulvestrant"}


def facts(p):
    items = p.get("prior", {}).get("items", [])
    ihc = p.get("her2.ihc", {}).get("value")
    amplified = p.get("her2.ish.ratio", 0) >= 2 and p.get("her2.ish.copies", 0) >= 4
    return {
        "hr": p.get("er.percent", 0) >= 1 or p.get("pgr.percent", 0) >= 1,
        "her2": ihc == "3+" or amplified,
        "low": ihc == "1+" or ihc == "2+" and not amplified,
        "chemo": any(CHEMO & set(i["drugs"]) for i in items),
        "et": any(ET & set(i["drugs"]) and i["outcome"] == "progression" for i in items),
        "gene": lambda g: p.get("variant." + g, {}).get("value") == "pathogenic",
        "cps": p.get("pdl1.cps", {}).get("value", 0),
        "gbrca": p.get("gbrca.status", {}).get("value") == "pathogenic",
        "items": items,
    }


RULES = [
    lambda f: f["hr"] and not f["her2"] and not f["et"],
    lambda f: f["hr"] and not f["her2"] and f["et"],
    lambda f: f["hr"] and not f["her2"] and f["et"] and any(f["gene"](g) for g in ("PIK3CA", "AKT1", "PTEN")),
    lambda f: f["hr"] and not f["her2"] and f["et"] and f["gene"]("ESR1"),
    lambda f: f["her2"] and not f["chemo"],
    lambda f: f["her2"] and f["chemo"],
    lambda f: f["low"] and f["chemo"],
    lambda f: not f["her2"] and f["gbrca"] and f["chemo"],
    lambda f: not f["hr"] and not f["her2"] and f["cps"] >= 10,
    lambda f: not f["hr"] and not f["her2"] and len(f["items"]) >= 2,
]

profiles = [json.loads(line) for line in open(sys.argv[1])]
best = 1e9
for _ in range(3):
    start = time.perf_counter()
    hits = 0
    for p in profiles:
        f = facts(p)
        hits += sum(bool(rule(f)) for rule in RULES)
    best = min(best, time.perf_counter() - start)
print(f"{len(profiles)} profiles x {len(RULES)} rules, Python: {best * 1e3:.1f} ms, {best * 1e6 / len(profiles) / len(RULES):.2f} us per rule")
