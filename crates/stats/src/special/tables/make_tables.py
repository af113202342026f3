"""Tables of the special functions, from mpmath at 50 digits (pip install mpmath).

Run in this folder: python make_tables.py. It writes
  ln_gamma_2.in, stirling_halves.in   constants compiled into the crate
  reference.csv                       values that the tests compare with: function, arguments, result
Arguments are binary64 numbers, written in the shortest form that restores them and taken exactly.
"""
import random
from mpmath import mp, mpf

mp.dps = 50


def shortest(x):
    return repr(float(x))


def digits(x):
    return mp.nstr(x, 20, min_fixed=0, max_fixed=0)


with open("ln_gamma_2.in", "w") as out:
    out.write("[\n")
    for k in range(2, 32):
        out.write("    %s,\n" % mp.nstr((-1) ** k * (mp.zeta(k) - 1) / k, 20))
    out.write("]\n")

with open("stirling_halves.in", "w") as out:
    out.write("[\n")
    for k in range(1, 32):
        z = mpf(k) / 2
        d = mp.loggamma(z) - (z - mpf(1) / 2) * mp.log(z) + z - mp.log(2 * mp.pi) / 2
        out.write("    %s,\n" % mp.nstr(d, 20))
    out.write("]\n")


def norm_sf(x):
    return mp.erfc(mpf(x) / mp.sqrt(2)) / 2


def lentz(first, pairs):
    """b0 + a1/(b1 + a2/(b2 + ...)), modified Lentz, to 40 digits"""
    f = first
    c, d = f, mpf(0)
    for a, b in pairs:
        d = 1 / (b + a * d)
        c = b + a / c
        f *= c * d
        if abs(c * d - 1) < mpf(10) ** -40:
            return f


def upper_gamma(a, x):
    a, x = mpf(a), mpf(x)
    if x < a + 1:
        return 1 - lower_gamma(a, x)

    def pairs():
        n = 0
        while True:
            n += 1
            yield -n * (n - a), x + 2 * n + 1 - a

    return mp.exp(a * mp.log(x) - x - mp.loggamma(a)) / lentz(x + 1 - a, pairs())


def lower_gamma(a, x):
    a, x = mpf(a), mpf(x)
    term = total = mpf(1)
    n = 0
    while term > total * mpf(10) ** -42:
        n += 1
        term *= x / (a + n)
        total += term
    return total * mp.exp(a * mp.log(x) - x - mp.loggamma(a + 1))


def lower_beta(x, a, b):
    """DLMF 8.17.22"""
    x, a, b = mpf(x), mpf(a), mpf(b)

    def pairs():
        m = 0
        while True:
            yield -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)), 1
            m += 1
            yield m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)), 1

    ln = a * mp.log(x) + b * mp.log(1 - x) - mp.log(a)
    ln += mp.loggamma(a + b) - mp.loggamma(a) - mp.loggamma(b)
    return mp.exp(ln) / lentz(mpf(1), pairs())


def both_beta(x, a, b):
    """lower and upper, the smaller one directly"""
    if mpf(x) * (mpf(a) + b) <= a:
        low = lower_beta(x, a, b)
        return low, 1 - low
    up = lower_beta(1 - mpf(x), b, a)
    return 1 - up, up


def t_upper(t, df):
    t, df = mpf(t), mpf(df)
    y = t * t / (df + t * t)
    # by the smaller side of I_y(1/2, df/2)
    low, up = both_beta(y, mpf(1) / 2, df / 2)
    return up / 2


random.seed(1)
rows = []


def add(name, args, value, ln=None):
    if value != 0 and abs(value) < mpf(10) ** -305 and ln is None:
        return
    rows.append("%s,%s,%s" % (name, " ".join(shortest(a) for a in args), digits(value)))


normal_points = [0, 1e-10, 0.001, 0.1, 0.25, 0.5, 0.67, 0.68, 1, 1.5, 1.96, 2.5, 3, 4, 5, 5.6, 5.7, 6, 8, 10, 15, 20, 25, 30, 35, 37]
normal_points += [round(random.uniform(0, 37), 3) for _ in range(60)]
for x in normal_points:
    for s in (1, -1):
        add("norm_sf", [s * x], norm_sf(s * x))
        add("norm_log_sf", [s * x], mp.log(norm_sf(x)) if s > 0 else mp.log1p(-norm_sf(x)))
for x in [40, 60, 100, 1e3, 1e6]:
    add("norm_log_sf", [x], mp.log(norm_sf(x)))
for p in [0.4999, 0.3, 0.1, 0.08, 0.075, 0.07, 0.05, 0.025, 0.01, 1e-3, 1e-5, 1e-8, 1e-12, 1e-20, 1e-50, 1e-100, 1e-200, 1e-300]:
    x = mp.findroot(lambda z: mp.log(norm_sf(z)) - mp.log(mpf(p)), mp.sqrt(-2 * mp.log(mpf(p))) if p < 0.1 else mpf("0.1"))
    add("norm_isf", [p], x)
for x in [1e-300, 1e-10, 1e-3, 0.1, 0.49, 0.5, 0.9, 0.999, 1.001, 1.3, 1.49, 1.7, 1.999, 2.001, 2.4, 2.6, 3, 3.7, 5, 7.5, 9.99, 11.9, 12, 15.3, 20, 100, 1e4, 1e8, 1e300]:
    add("ln_gamma", [x], mp.loggamma(mpf(x)))

shapes = [0.01, 0.3, 0.5, 1, 1.5, 2.7, 5, 10, 14.2, 33.5, 100, 700, 5000.5, 100000]
for a in shapes:
    for f in [1e-8, 1e-3, 0.05, 0.3, 0.7, 0.9, 0.99, 1, 1.01, 1.1, 1.5, 2, 4, 10, 40]:
        x = float("%.6g" % (a * f))
        lo = lower_gamma(a, x) if x < 3000 or x < a * 1.2 else None
        up = upper_gamma(a, x)
        if lo is None:
            lo = 1 - up
        add("gamma_p", [a, x], lo)
        add("gamma_q", [a, x], up)

pairs = [(0.01, 0.5), (0.3, 0.2), (0.5, 0.5), (0.5, 3), (1, 1), (1, 7), (2, 3), (4.5, 1.5), (10, 0.5), (30, 40), (81, 183), (3, 1000),
         (1000, 1200.5), (0.5, 5000), (1e5, 2e5), (0.05, 300), (12.3, 99.9)]
for a, b in pairs:
    for f in [1e-6, 1e-2, 0.1, 0.4, 0.8, 0.95, 0.99, 1, 1.01, 1.05, 1.3, 2, 5]:
        m = a / (a + b)
        x = float("%.9g" % (m * f))
        if 0 < x < 1:
            lo, up = both_beta(x, a, b)
            add("beta_lower", [x, a, b], lo)
            add("beta_upper", [x, a, b], up)
            lo, up = both_beta(x, a, b)
            # the mirrored variable exercises the other side
            if 1 - mpf(1 - x) == mpf(x):
                add("beta_upper", [1 - x, b, a], lo)
for df in [1, 2, 2.5, 3, 7, 20, 110, 1e3, 1e6]:
    for t in [1e-6, 0.01, 0.3, 1, 1.96, 3, 6, 12, 30, 100, 1e4, 1e8]:
        add("t_sf", [t, df], t_upper(t, df))
for d1, d2 in [(1, 1), (1, 110), (2, 7), (3, 3), (5, 60), (12, 1000), (100, 4)]:
    for f in [1e-6, 0.01, 0.4, 1, 1.7, 4, 12, 60, 1000, 1e6]:
        y = mpf(d2) / (mpf(d2) + mpf(d1) * mpf(f))
        lo, up = both_beta(y, mpf(d2) / 2, mpf(d1) / 2)
        add("f_sf", [f, d1, d2], lo)
for n, p in [(1, 0.3), (10, 0.05), (21, 0.9), (30, 0.5), (263, 0.31), (5000, 0.01), (100000, 0.4)]:
    for x in sorted({0, 1, n // 20, n // 5, n // 3, n // 2, (9 * n) // 10, n - 1, n}):
        v = mp.binomial(n, x) * mpf(p) ** x * (1 - mpf(p)) ** (n - x)
        add("binomial_pmf", [x, n, p], v)
        if x > 0:
            lo, up = both_beta(p, x, n - x + 1)
            add("binomial_upper", [x, n, p], lo)
        if x < n:
            lo, up = both_beta(p, x + 1, n - x)
            add("binomial_cdf", [x, n, p], up)

with open("reference.csv", "w") as out:
    out.write("function,arguments,value\n" + "\n".join(rows) + "\n")
print(len(rows))
