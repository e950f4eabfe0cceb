"""Writes hard_rows.json: kernels of piecewise linear networks on rows that are nearly parallel, nearly opposite or of
extreme size, in 200-digit arithmetic by the plain recurrence (Cho & Saul 2009). Needs mpmath.

Weights and biases are such that their squares are exact in binary."""
import json
import struct
import mpmath as mp

mp.mp.dps = 200


def dual(p, r, a, b, c):
    """E[f(u) f(v)] and E[f'(u) f'(v)] of f = p min(x, 0) + r max(x, 0)."""
    size = mp.sqrt(a * b)
    t = mp.acos(max(mp.mpf(-1), min(mp.mpf(1), c / size)))
    alpha, beta = (p * p + r * r) / 2, (p - r) ** 2 / 2
    return size * (alpha * mp.cos(t) + beta * (mp.sin(t) - t * mp.cos(t)) / mp.pi), alpha - beta * t / mp.pi


def sign_dual(a, b, c):
    return 1 - 2 * mp.acos(max(mp.mpf(-1), min(mp.mpf(1), c / mp.sqrt(a * b)))) / mp.pi, mp.mpf(0)


def kernels(layers, x, z):
    dot = lambda u, v: mp.fsum(mp.mpf(s) * mp.mpf(t) for s, t in zip(u, v)) / len(u)
    a, b, c, theta = dot(x, x), dot(z, z), dot(x, z), mp.mpf(0)
    for weight, bias, activation in layers:
        affine = lambda k: mp.mpf(weight) ** 2 * k + mp.mpf(bias) ** 2
        a, b, c, theta = affine(a), affine(b), affine(c), mp.mpf(weight) ** 2 * theta
        theta += c
        if activation is None:
            break
        f = sign_dual if activation == "sign" else lambda *q: dual(*map(mp.mpf, activation), *q)
        k, slope = f(a, b, c)
        a, b, c, theta = f(a, a, a)[0], f(b, b, b)[0], k, theta * slope
    return c, theta


RELU, LEAKY, ABS, MIXED = (0, 1), (0.125, 1), (-1, 1), (0.25, -0.5)
WORDS = {RELU: "relu", LEAKY: "leaky_relu(0.125)", ABS: "abs", MIXED: "abrelu(0.25, -0.5)", "sign": "sign"}


def network(depth, weight, bias, activation):
    dense = f"dense(weight_std={weight}" + (f", bias_std={bias})" if bias else ")")
    text = f"repeat({depth})[{dense} {WORDS[activation]}] {dense}"
    return text, depth + 1, [(weight, bias, activation)] * depth + [(weight, bias, None)]


NETWORKS = [network(depth, 1.5, bias, RELU) for depth in (1, 3, 10) for bias in (0, 0.25)]
NETWORKS += [network(depth, 1.25, bias, f) for f in (LEAKY, ABS, MIXED) for depth in (1, 3) for bias in (0, 0.5)]
NETWORKS += [network(1, 1.5, bias, "sign") for bias in (0, 0.25)]


def to_float(x):
    return struct.unpack("f", struct.pack("f", x))[0]


def rows(kind, distances, sizes, scale):
    """Row 0 and its neighbours: z = +-(x + e d), multiples of x, a row in general position; all times scale."""
    x = [scale * s for s in [0.7, -1.3, 0.4, 1.1, -0.2]]
    d = [scale * s for s in [0.3, 0.5, -0.9, 0.1, 0.6]]
    out = [x]
    for sign in (1, -1):
        for e in distances:
            out.append([sign * (s + e * t) for s, t in zip(x, d)])
        for size in sizes:
            out.append([sign * size * s for s in x])
    out.append(d)
    return [[kind(s) for s in row] for row in out]


def entry(kind, distances, sizes, scale=1):
    table = rows(kind, distances, sizes, scale)
    digits = lambda v: mp.nstr(v, 20)
    networks = []
    for text, depth, layers in NETWORKS:
        own = [kernels(layers, row, row) for row in table]
        cross = [kernels(layers, table[0], row) for row in table]
        part = lambda values, k: [float(digits(v[k])) for v in values]
        networks.append({"text": text, "layers": depth, "nngp": part(cross, 0), "ntk": part(cross, 1),
                         "own_nngp": part(own, 0), "own_ntk": part(own, 1)})
    return {"rows": table, "networks": networks}


# Rows far below the bias come out nearly equal even where they are opposite.
with open("hard_rows.json", "w") as file:
    json.dump({"float64": [entry(float, [1e-16, 1e-15, 1e-12, 1e-9, 1e-6, 1e-3, 0.02, 0.04, 0.06], [3, 1e-90, 1e90]),
                           entry(float, [1e-12, 1e-3], [1, 3], 2.0**-10), entry(float, [1e-6], [1, 1e5], 2.0**-40)],
               "float32": [entry(to_float, [1e-7, 1e-6, 1e-5, 1e-4, 1e-2, 0.1, 0.2], [3, 1e-9, 1e9]),
                           entry(to_float, [1e-2], [1, 3], 2.0**-8)]}, file, indent=0)
