"""Times widenet, neural-tangents and scikit-learn on the same work, one process per measurement.

Every repeat of every contestant is a process of its own, and the contestants take turns, so that a slow minute of the
machine hits all of them and peak memory is each one's own. Reported are the minimum and the median of the repeats.
neural-tangents: jit, compiled on the full shapes before the clock starts, all cores. widenet: the seconds it reports,
computing alone, all cores. scikit-learn: KernelRidge.fit.
"""

import argparse
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time

GRAM_CASES = [(features, depth, dtype) for features, depth in [(100, 3), (784, 10)] for dtype in ["float64", "float32"]]
RIDGE_SAMPLES, RIDGE_FEATURES, RIDGE = 13500, 26, 1e-3

# Images of 32 x 32 x 3. A network's layers in widenet's language, and how many images are compared with as many others,
# by widenet and by neural-tangents: what each does in seconds. Rates are pairs of images per second.
CONV = "conv(3x3, padding=same, weight_std=sqrt(2)) relu"
IMAGE_CASES = {
    "10 convolutions, global pooling": (f"repeat(10)[{CONV}] global_avg_pool dense", 48, 3),
    "21 convolutions, flatten": (f"repeat(21)[{CONV}] flatten dense", 512, 48),
    "Myrtle-5": ("myrtle5", 64, 6),
    "3 convolutions, attention, global pooling": (f"repeat(3)[{CONV}] attention global_avg_pool dense", 48, 4),
}


def network(depth):
    """The network in widenet's language: `depth` hidden layers, with a bias so that no shortcut applies to either side."""
    return f"ntk[repeat({depth})[dense(weight_std=sqrt(2), bias_std=0.1) relu] dense(weight_std=sqrt(2), bias_std=0.1)]"


def samples(count, features, dtype="float64"):
    import numpy

    return numpy.random.default_rng(1).standard_normal((count, features)).astype(dtype)


def peak_gib():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


# One measurement, run in its own process; each prints one JSON object.


def import_stax(dtype):
    """jax and neural_tangents.stax, in this precision."""
    import importlib.util
    import types

    # The package's __init__ imports TensorFlow; its kernels do not need it. A bare module of the same name in its place
    # lets the submodules be imported from where they lie.
    package = types.ModuleType("neural_tangents")
    package.__path__ = list(importlib.util.find_spec("neural_tangents").submodule_search_locations)
    sys.modules["neural_tangents"] = package
    import jax

    jax.config.update("jax_enable_x64", dtype == "float64")
    from neural_tangents import stax

    return jax, stax


def neural_tangents_gram(count, features, depth, dtype):
    jax, stax = import_stax(dtype)
    layers = []
    for _ in range(depth):
        layers += [stax.Dense(1, W_std=2**0.5, b_std=0.1), stax.Relu()]
    _, _, kernel = stax.serial(*layers, stax.Dense(1, W_std=2**0.5, b_std=0.1))
    gram = jax.jit(lambda x: kernel(x, None, "ntk"))
    x = jax.numpy.asarray(samples(count, features, dtype))
    compiled = gram.lower(x).compile()
    start = time.perf_counter()
    result = compiled(x).block_until_ready()
    seconds = time.perf_counter() - start
    corner = [float(result[0, 0]), float(result[0, count - 1]), float(result[count - 1, 1])]
    return {"seconds": seconds, "peak_gib": peak_gib(), "check": corner}


def images(count, seed, dtype):
    import numpy

    return numpy.random.default_rng(seed).standard_normal((count, 32, 32, 3)).astype(dtype)


def image_layers(stax, case):
    """The same networks as IMAGE_CASES in neural-tangents' words."""
    root = 2**0.5

    def conv(count=1):
        return [stax.Conv(1, (3, 3), padding="SAME", W_std=root), stax.Relu()] * count

    def pools(count=1):
        return [stax.AvgPool((2, 2), (2, 2))] * count

    end = [stax.GlobalAvgPool(), stax.Dense(1)]
    attention = stax.GlobalSelfAttention(1, n_chan_key=1, n_chan_val=1, n_heads=1, linear_scaling=True)
    return {
        "10 convolutions, global pooling": [*conv(10), *end],
        "21 convolutions, flatten": [*conv(21), stax.Flatten(), stax.Dense(1)],
        "Myrtle-5": [
            *conv(2), *pools(), *conv(), *pools(), *conv(), *pools(3), stax.Flatten(), stax.Dense(1, W_std=root)],
        "3 convolutions, attention, global pooling": [*conv(3), attention, *end],
    }[case]


def neural_tangents_images(case, count, dtype):
    jax, stax = import_stax(dtype)
    _, _, kernel = stax.serial(*image_layers(stax, case))
    x, z = (jax.numpy.asarray(images(count, seed, dtype)) for seed in (1, 2))
    compiled = jax.jit(lambda x, z: kernel(x, z, "ntk")).lower(x, z).compile()
    start = time.perf_counter()
    result = compiled(x, z).block_until_ready()
    seconds = time.perf_counter() - start
    check = [float(result[0, 0]), float(result[0, 1]), float(result[1, 0])]
    return {"seconds": seconds, "pairs": count**2, "peak_gib": peak_gib(), "check": check}


def sklearn_ridge(count):
    from sklearn.kernel_ridge import KernelRidge

    x = samples(count, RIDGE_FEATURES)
    y = x[:, 0] + 0.1 * samples(count, 1)[:, 0]
    model = KernelRidge(kernel="rbf", gamma=0.5 / RIDGE_FEATURES, alpha=RIDGE)
    start = time.perf_counter()
    model.fit(x, y)
    seconds = time.perf_counter() - start
    return {"seconds": seconds, "peak_gib": peak_gib(), "check": model.predict(x[:2]).tolist()}


def widenet(program, arguments):
    """Runs the program and returns its JSON object with the peak memory of the process."""
    process = subprocess.Popen([program, *arguments, "--json", "--quiet"], stdout=subprocess.PIPE)
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    if status != 0:
        sys.exit(f"{program} {' '.join(arguments)} ended with status {os.waitstatus_to_exitcode(status)}")
    report = json.loads(output)
    return {"seconds": report["seconds"], "peak_gib": usage.ru_maxrss / 2**20, "report": report}


def widenet_gram(program, count, features, depth, dtype):
    import numpy

    with tempfile.TemporaryDirectory() as folder:
        x, out = os.path.join(folder, "x.npy"), os.path.join(folder, "k.npy")
        numpy.save(x, samples(count, features, dtype))
        precision = ["--float32"] if dtype == "float32" else []
        result = widenet(program, ["kernel", network(depth), x, "--out", out, *precision])
        gram = numpy.load(out, mmap_mode="r")
        result["check"] = [float(gram[0, 0]), float(gram[0, count - 1]), float(gram[count - 1, 1])]
    return result


def widenet_images(program, case, count, dtype):
    import numpy

    with tempfile.TemporaryDirectory() as folder:
        x, z, out = (os.path.join(folder, name) for name in ("x.npy", "z.npy", "k.npy"))
        for path, seed in ((x, 1), (z, 2)):
            numpy.save(path, images(count, seed, dtype))
        precision = ["--float32"] if dtype == "float32" else []
        expression = f"ntk[{IMAGE_CASES[case][0]}]"
        result = widenet(program, ["kernel", expression, x, z, "--out", out, *precision])
        gram = numpy.load(out)
        result["pairs"] = count**2
        result["check"] = [float(gram[0, 0]), float(gram[0, 1]), float(gram[1, 0])]
    return result


def widenet_ridge(program, count):
    import numpy

    with tempfile.TemporaryDirectory() as folder:
        x = samples(count, RIDGE_FEATURES)
        y = x[:, 0] + 0.1 * samples(count, 1)[:, 0]
        paths = [os.path.join(folder, name) for name in ("x.npy", "y.npy", "model")]
        numpy.save(paths[0], x)
        numpy.save(paths[1], y)
        kernel = f"gaussian(length={RIDGE_FEATURES**0.5!r})"
        fit = ["fit", paths[0], "--target", paths[1], "--task", "regression", "--kernel", kernel]
        return widenet(program, [*fit, "--ridge", repr(RIDGE), "--scale", "none", "--out", paths[2]])


MEASUREMENTS = {"nt": neural_tangents_gram, "nt-images": neural_tangents_images, "sklearn": sklearn_ridge}


def in_process(name, *arguments):
    """The measurement in a fresh Python process."""
    command = [sys.executable, __file__, "--measure", json.dumps([name, *arguments])]
    return json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout.splitlines()[-1])


# The contest.


def disagreement(ours, theirs):
    return max(abs(a - b) / abs(b) for a, b in zip(ours, theirs))


def contest(title, contestants, repeats):
    """Contestants in turns, `repeats` times; prints one line each and returns the record."""
    runs = {name: [] for name, _ in contestants}
    for _ in range(repeats):
        for name, measure in contestants:
            runs[name].append(measure())
    print(f"\n{title}")
    record = {"title": title, "runs": runs}
    for name, results in runs.items():
        seconds = [result["seconds"] for result in results]
        peak = max(result["peak_gib"] for result in results)
        rate = results[0].get("pairs", 0) / min(seconds)
        print(f"  {name:16} min {min(seconds):9.4f} s   median {statistics.median(seconds):9.4f} s   peak {peak:6.2f} GiB" +
              (f"   {rate:9.1f} pairs/s" if rate else ""))
    names = list(runs)
    if len(names) == 2:
        # Of contestants that did different amounts of work, the time of a pair.
        first, second = (
            min(result["seconds"] / result.get("pairs", 1) for result in runs[name]) for name in names)
        print(f"  {names[0]} is {second / first:.1f} times as fast")
        checks = [runs[name][0].get("check") for name in names]
        if all(checks):
            print(f"  largest relative difference of three entries: {disagreement(*checks):.1e}")
    sys.stdout.flush()
    return record


def gram_contests(options):
    for features, depth, dtype in GRAM_CASES:
        contestants = []
        if options.program:
            contestants.append(
                ("widenet", lambda: widenet_gram(options.program, options.gram_samples, features, depth, dtype)))
        contestants.append(
            ("neural-tangents", lambda: in_process("nt", options.gram_samples, features, depth, dtype)))
        title = f"ReLU NTK Gram, n={options.gram_samples}, d={features}, {depth} hidden layers, {dtype}"
        yield contest(title, contestants, options.repeats)


def image_contests(options):
    for case, (_, ours, theirs) in IMAGE_CASES.items():
        for dtype in ("float64", "float32"):
            contestants = []
            if options.program:
                contestants.append(("widenet", lambda: widenet_images(options.program, case, ours, dtype)))
            contestants.append(("neural-tangents", lambda: in_process("nt-images", case, theirs, dtype)))
            yield contest(f"NTK of images 32x32x3: {case}, {dtype}", contestants, options.repeats)


def ridge_contests(options):
    contestants = []
    if options.program:
        contestants.append(("widenet", lambda: widenet_ridge(options.program, options.ridge_samples)))
    contestants.append(("scikit-learn", lambda: in_process("sklearn", options.ridge_samples)))
    title = f"Gaussian kernel ridge regression, n={options.ridge_samples}, d={RIDGE_FEATURES}, fit"
    yield contest(title, contestants, options.repeats)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    default = os.path.join(os.path.dirname(__file__), "../../build/release/bin/widenet")
    parser.add_argument("--program", default=os.path.normpath(default), help="the widenet program; empty: the peers alone")
    parser.add_argument("--gram-samples", type=int, default=10000)
    parser.add_argument("--ridge-samples", type=int, default=RIDGE_SAMPLES)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--only", choices=["gram", "images", "ridge"])
    parser.add_argument("--json", metavar="FILE", help="also write every run to FILE")
    parser.add_argument("--measure", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        name, *arguments = json.loads(options.measure)
        print(json.dumps(MEASUREMENTS[name](*arguments)))
        return
    if options.program and not os.access(options.program, os.X_OK):
        sys.exit(f"{options.program} is no program (it was not built) run make build, or give --program ''")

    load = os.getloadavg()[0]
    print(f"{platform.machine()}, {os.cpu_count()} cores, load {load:.1f} before the start, {options.repeats} repeats")
    records = []
    for name, contests in (("gram", gram_contests), ("images", image_contests), ("ridge", ridge_contests)):
        if options.only in (None, name):
            records += contests(options)
    if options.json:
        with open(options.json, "w") as file:
            json.dump(records, file, indent=1)


if __name__ == "__main__":
    main()
