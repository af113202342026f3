"""Timings of Python packages on a file of `speed generate`. Usage: python peers.py FILE TASK REPEATS"""
import sys
import time as clock

import numpy as np

file, task, repeats = sys.argv[1], sys.argv[2], int(sys.argv[3])
m = np.fromfile(file).reshape(13, -1)
n = m.shape[1]
time, event, x, group = m[0], m[1], np.ascontiguousarray(m[2:12].T), m[11]
names = [f"x{j}" for j in range(10)]
columns = {"time": time, "event": event, **{name: m[2 + j] for j, name in enumerate(names)}}


def rust_survival():
    """The Rust crate `survival` through its Python package."""
    import survival as s

    formula = "Surv(time, event) ~ " + " + ".join(names)
    return {
        "cox": lambda: s.coxph(formula, columns).coefficients[0],
        "cox1": lambda: s.coxph("Surv(time, event) ~ x9", columns).coefficients[0],
        "km": lambda: s.survfit("Surv(time, event) ~ 1", columns),
        "logrank": lambda: s.survdiff("Surv(time, event) ~ x9", columns).chisq,
    }


def lifelines():
    import pandas as pd
    from lifelines import CoxPHFitter, KaplanMeierFitter
    from lifelines.statistics import logrank_test

    frame = pd.DataFrame(columns)
    a = group == 0
    return {
        "cox": lambda: CoxPHFitter().fit(frame, "time", "event").params_.iloc[0],
        "cox1": lambda: CoxPHFitter().fit(frame[["time", "event", "x9"]], "time", "event").params_.iloc[0],
        "km": lambda: KaplanMeierFitter().fit(time, event),
        "logrank": lambda: logrank_test(time[a], time[~a], event[a], event[~a]).test_statistic,
    }


def scikit_survival():
    from sksurv.compare import compare_survival
    from sksurv.linear_model import CoxPHSurvivalAnalysis
    from sksurv.nonparametric import kaplan_meier_estimator
    from sksurv.util import Surv

    y = Surv.from_arrays(event == 1, time)
    cox = lambda part: CoxPHSurvivalAnalysis(ties="efron", tol=1e-9).fit(part, y).coef_[0]
    return {
        "cox": lambda: cox(x),
        "cox1": lambda: cox(x[:, 9:]),
        "km": lambda: kaplan_meier_estimator(event == 1, time, conf_type="log-log"),
        "logrank": lambda: compare_survival(y, group)[0],
    }


# Where a peer needs minutes, its larger runs are left out and the table says so by their absence.
LIMIT = {("lifelines", "cox"): 1e5, ("lifelines", "cox1"): 1e5, ("scikit-survival", "cox"): 1e5, ("scikit-survival", "cox1"): 1e5}

for name, make in [("survival", rust_survival), ("lifelines", lifelines), ("scikit-survival", scikit_survival)]:
    if n > LIMIT.get((name, task), float("inf")):
        continue
    try:
        tasks = make()
    except ImportError:
        continue
    if task not in tasks:
        continue
    try:
        best, check = float("inf"), None
        for _ in range(repeats):
            start = clock.process_time()
            check = tasks[task]()
            best = min(best, clock.process_time() - start)
        shown = f"{float(check):.12f}" if np.isscalar(check) else "-"
        print(f"{task}\t{n}\t{name}\t{best:.9f}\t{shown}")
    except Exception as why:  # a peer that fails is reported, not hidden
        print(f"# {name} {task} {n}: {why}", file=sys.stderr)
