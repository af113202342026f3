"""Timings of Python packages on a file of `speed generate`. Usage: python peers.py FILE TASK REPEATS"""
import sys
import time as clock

import numpy as np

file, task, repeats = sys.argv[1], sys.argv[2], int(sys.argv[3])
m = np.fromfile(file).reshape(13, -1)
n = m.shape[1]
time, event, x, group = m[0], m[1], np.ascontiguousarray(m[2:12].T), m[11]


def peers():
    try:
        import survival as s

        yield "survival", {
            "cox": lambda: s.coxph(time=time, event=event.astype(np.int32), covariates=x, method="efron"),
            "km": lambda: s.survfit(time=time, event=event.astype(np.int32)),
            "logrank": lambda: s.survdiff(time=time, event=event.astype(np.int32), group=group.astype(np.int32)),
        }
    except ImportError:
        pass
    try:
        import pandas as pd
        from lifelines import CoxPHFitter, KaplanMeierFitter
        from lifelines.statistics import logrank_test

        frame = pd.DataFrame(x).assign(time=time, event=event)
        a = group == 0
        yield "lifelines", {
            "cox": lambda: CoxPHFitter().fit(frame, "time", "event"),
            "km": lambda: KaplanMeierFitter().fit(time, event),
            "logrank": lambda: logrank_test(time[a], time[~a], event[a], event[~a]),
        }
    except ImportError:
        pass


for name, tasks in peers():
    if task not in tasks:
        continue
    best = float("inf")
    try:
        for _ in range(repeats):
            start = clock.process_time()
            tasks[task]()
            best = min(best, clock.process_time() - start)
        print(f"{task}\t{n}\t{name}\t{best:.9f}\t-")
    except Exception as why:  # a peer that fails is reported, not hidden
        print(f"# {name} {task} {n}: {why}", file=sys.stderr)
