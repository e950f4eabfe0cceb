#!/usr/bin/env bash
# Runs the benchmarks of a build folder one after the other, and keeps their numbers: tools/bench.sh BUILD [ARGUMENT ...]
# The arguments go to every benchmark, e.g. --benchmark_filter=REGEX.
set -euo pipefail
cd "$(dirname "$0")/.."
build=$1
shift

shopt -s nullglob
programs=("$build"/bin/bench_*)
if [ ${#programs[@]} = 0 ]; then
  printf 'bench: no benchmark in %s/bin (nothing was built) run make bench\n' "$build" >&2
  exit 1
fi
mkdir -p "$build/bench"
for program in "${programs[@]}"; do
  name=$(basename "$program")
  printf '\n%s\n' "$name"
  "$program" "--benchmark_out=$build/bench/$name.json" --benchmark_out_format=json "$@"
done
printf '\nnumbers: %s/bench/*.json\n' "$build"
